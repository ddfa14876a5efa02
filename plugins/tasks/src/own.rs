//! The half of those who are given tasks: they see and answer their own and leave the owner a word.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use steward_sdk::own_tasks::{self, Task};
use steward_sdk::{Failure, NoArguments, Output, owner_mail};

use crate::status;

/// The longest text that is passed on, in bytes.
const TEXT_LIMIT: usize = 8 * 1024;

/// The tasks of the caller.
pub fn list(_: NoArguments) -> Result<Output, Failure> {
    Ok(view(&own_tasks::list()?))
}

/// What is new about a task.
#[derive(Deserialize, JsonSchema)]
pub struct Update {
    task_id: String,
    /// `in_progress`, or `done` or `declined` when settled.
    status: Option<String>,
    /// Their answer, in sentences understood without this conversation.
    result: Option<String>,
}

/// Changes a task of the caller.
pub fn update(arguments: Update) -> Result<Output, Failure> {
    let change = Change::new(arguments)?;
    let task = own_tasks::update(&change.id, change.status, change.outcome.as_deref())?;
    Ok(Output::from(format!("Recorded, and the owner is told. {}", line(&task))).structured(row(&task)))
}

struct Change {
    id: String,
    /// `in_progress`, or `done` or `declined` when settled.
    status: Option<&'static str>,
    outcome: Option<String>,
}

impl Change {
    fn new(arguments: Update) -> Result<Self, Failure> {
        let status = arguments.status.as_deref().map(status::named).transpose()?;
        if status == Some("cancelled") {
            return Err(Failure::invalid(
                "only the owner cancels a task: use `declined` when the person will not do it",
            ));
        }
        let outcome = arguments.result.map(|text| checked("result", &text)).transpose()?;
        if status.is_none() && outcome.is_none() {
            return Err(Failure::invalid("nothing would change: give `status`, `result` or both"));
        }
        let id = arguments.task_id.trim().trim_start_matches('#').to_owned();
        if id.is_empty() {
            return Err(Failure::invalid("`task_id` is empty: get_my_tasks shows the ids"));
        }
        Ok(Self { id, status, outcome })
    }
}

/// What to pass on.
#[derive(Deserialize, JsonSchema)]
pub struct Summary {
    /// Who wrote, what they want, what they were told, what the owner should do.
    summary: String,
}

/// Leaves the owner a word.
pub fn summarise(arguments: Summary) -> Result<Output, Failure> {
    owner_mail::leave(&checked("summary", &arguments.summary)?)?;
    Ok("The owner gets the summary.".into())
}

fn checked(argument: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::invalid(format!("`{argument}` is empty: write at least a sentence")));
    }
    if text.len() > TEXT_LIMIT {
        return Err(Failure::invalid(format!("`{argument}` is longer than {} KB: shorten it", TEXT_LIMIT / 1024)));
    }
    Ok(text.to_owned())
}

fn view(tasks: &[Task]) -> Output {
    if tasks.is_empty() {
        return Output::from("There are no tasks for this person.").structured(json!([]));
    }
    let lines: Vec<_> = tasks.iter().map(line).collect();
    Output::from(lines.join("\n")).structured(Value::Array(tasks.iter().map(row).collect()))
}

fn line(task: &Task) -> String {
    let mut line = format!("- Task {}: {} [{}]", task.id, task.title, task.status);
    if let Some(deadline) = &task.deadline {
        line.push_str(&format!(", due {}", deadline.replace('T', " ")));
    }
    if let Some(outcome) = &task.outcome {
        line.push_str(&format!(", answered: {outcome}"));
    }
    line
}

fn row(task: &Task) -> Value {
    json!({
        "id": task.id,
        "title": task.title,
        "status": task.status,
        "deadline": task.deadline,
        "result": task.outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(status: Option<&str>, result: Option<&str>) -> Result<Change, Failure> {
        Change::new(Update {
            task_id: "#5".to_owned(),
            status: status.map(ToOwned::to_owned),
            result: result.map(ToOwned::to_owned),
        })
    }

    #[test]
    fn a_change_needs_something_to_change() {
        let done = change(Some("Done"), Some(" Tuesday at 10 ")).unwrap();
        assert_eq!(
            (done.id.as_str(), done.status, done.outcome.as_deref()),
            ("5", Some("done"), Some("Tuesday at 10"))
        );
        assert!(matches!(change(None, None), Err(Failure::Invalid(text)) if text.contains("nothing would change")));
        assert!(matches!(change(None, Some(" ")), Err(Failure::Invalid(text)) if text.contains("`result`")));
        assert!(matches!(change(Some("later"), None), Err(Failure::Invalid(text)) if text.contains("`status`")));
    }

    #[test]
    fn cancelling_is_the_owners() {
        assert!(matches!(change(Some("cancelled"), None), Err(Failure::Invalid(text)) if text.contains("declined")));
    }

    #[test]
    fn tasks_are_shown_with_deadline_and_answer() {
        let task = Task {
            id: "5".to_owned(),
            title: "Choose a day".to_owned(),
            status: "done".to_owned(),
            deadline: Some("2026-11-25T18:00:00".to_owned()),
            outcome: Some("Tuesday".to_owned()),
        };
        let output = view(&[task]);
        assert_eq!(output.text, "- Task 5: Choose a day [done], due 2026-11-25 18:00:00, answered: Tuesday");
        assert_eq!(output.structured.unwrap()[0]["result"], "Tuesday");
        assert_eq!(view(&[]).text, "There are no tasks for this person.");
    }
}
