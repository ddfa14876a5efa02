//! The tasks plugin: the owner gives tasks to other people, and those people see and answer their own.
//!
//! Both halves are in one component; who gets which follows from the capabilities their role holds.

pub mod delegated;
pub mod line;
pub mod own;
pub mod status;

steward_sdk::plugin! {
    /// Gives a task to another person and remembers it until they answer. With `message` the person is written to at
    /// once; without one nothing is sent. `context` is what the assistant should know when it talks with them about
    /// it; they never see it as it stands. Example: `{"user": "Anna", "title": "Ask when she can meet next week",
    /// "deadline": "2026-11-25 18:00", "message": "Hi Anna! Pavel asks: when could you meet next week?"}`
    create_task: send, requires ["delegate", "send"] => delegated::create;

    /// Lists the tasks given to other people, newest first, with what they answered. Use it when the owner asks how
    /// something stands.
    list_tasks: read, requires ["delegate"] => delegated::list;

    /// Shows the tasks of the person you are talking with. Use it at the beginning of a conversation and when they ask
    /// what is wanted of them.
    get_my_tasks: read, requires ["own-tasks"] => own::list;

    /// Records what the person you are talking with says about one of their tasks: the answer itself in `result`, and
    /// `done` or `declined` as the status when it is settled. The owner is told.
    update_task: write, requires ["own-tasks"] => own::update;

    /// Leaves the owner a summary of this conversation: who wrote, what they want, what they were told. Use it when the
    /// person asks to pass something on, and when a conversation ends with something the owner should know.
    send_summary_to_owner: send, requires ["owner-mail"] => own::summarise;
}
