//! The tasks plugin: the owner gives tasks to other people, and those people see and answer their own.
//!
//! Both halves are in one component; who gets which follows from the capabilities their role holds.

pub mod delegated;
pub mod own;
pub mod status;

steward_sdk::plugin! {
    /// Gives a person a task, remembered until they answer. Without `message` nothing is sent.
    create_task: send, requires ["delegate", "send"] => delegated::create;

    /// Lists tasks given to others, with their answers.
    list_tasks: read, requires ["delegate"] => delegated::list;

    /// Shows the tasks of the person you talk with. Use it when a conversation begins and when they ask what is wanted
    /// of them.
    get_my_tasks: read, requires ["own-tasks"] => own::list;

    /// Records what the person you talk with says about a task of theirs. The owner is told.
    update_task: write, requires ["own-tasks"] => own::update;

    /// Leaves the owner a summary of this conversation. Use it when asked to pass something on, and at the end of a
    /// conversation the owner should know about.
    send_summary_to_owner: send, requires ["owner-mail"] => own::summarise;
}
