//! The owner's half: tasks given to other people.

use jiff::civil::{Date, DateTime};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use steward_sdk::delegate::{self, Filter, NewTask, Task};
use steward_sdk::{Failure, Output, run, send};

use crate::status;

/// A task and whom it is for.
#[derive(Deserialize, JsonSchema)]
pub struct Create {
    /// Name, @username or id.
    user: String,
    title: String,
    /// Such as `question`, `errand`.
    kind: Option<String>,
    /// `2026-11-25 18:00`, `tomorrow at 18`, `в пятницу`.
    deadline: Option<String>,
    /// For you when talking with them; they never see it.
    context: Option<String>,
    /// Sent now, in their language. Say who asks.
    message: Option<String>,
    skill: Option<String>,
}

/// Creates a task and tells the person when there is a message.
pub fn create(arguments: Create) -> Result<Output, Failure> {
    let message = given(arguments.message.as_deref());
    let task = delegate::create(&NewTask {
        user: required("user", &arguments.user)?,
        title: required("title", &arguments.title)?,
        kind: given(arguments.kind.as_deref()),
        deadline: arguments.deadline.as_deref().and_then(|text| given(Some(text))).map(deadline).transpose()?,
        context: given(arguments.context.as_deref()),
        skill: given(arguments.skill.as_deref()),
    })?;
    let created = format!("Created task {} for {}: {}", task.id, task.user, task.title);
    let text = match message {
        None => format!("{created}. Nothing was sent to {}.", task.user),
        Some(message) => match send::message(&arguments.user, &message) {
            Ok(receipt) => format!("{created}. The message is on its way by {}.", receipt.channel),
            // The task is there: calling again would make a second one.
            Err(failure) => format!("{created}. But the message was not sent: {}", failure.text()),
        },
    };
    Ok(Output::from(text).structured(row(&task)))
}

fn deadline(text: String) -> Result<String, Failure> {
    // A plain date is meant as the whole day, which the host keeps as it is.
    if text.parse::<Date>().is_ok() && text.len() == "2026-11-25".len() {
        return Ok(text);
    }
    let now = run::now();
    let now = now.parse().map_err(|_| Failure::failed(format!("the host's clock reads `{now}`")))?;
    until(&text, now)
}

/// The date and time that words mean, as the contract wants it.
fn until(text: &str, now: DateTime) -> Result<String, Failure> {
    let at = steward_when::parse_once(text, now).map_err(|error| Failure::invalid(format!("`deadline`: {error}")))?;
    Ok(at.to_string())
}

/// Which tasks.
#[derive(Deserialize, JsonSchema)]
pub struct List {
    user: Option<String>,
    /// open, in_progress, done, declined or cancelled.
    status: Option<String>,
    kind: Option<String>,
    overdue_only: Option<bool>,
}

/// Lists tasks given to others.
pub fn list(arguments: List) -> Result<Output, Failure> {
    let status = given(arguments.status.as_deref()).filter(|status| status != "all");
    let tasks = delegate::list(&Filter {
        user: given(arguments.user.as_deref()),
        status: status.as_deref().map(status::named).transpose()?.map(ToOwned::to_owned),
        kind: given(arguments.kind.as_deref()),
        overdue_only: arguments.overdue_only.unwrap_or(false),
    })?;
    Ok(view(&tasks))
}

/// An argument that was left out, or left blank as models do, is none.
fn given(argument: Option<&str>) -> Option<String> {
    argument.map(str::trim).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn required(name: &str, text: &str) -> Result<String, Failure> {
    given(Some(text)).ok_or_else(|| Failure::invalid(format!("`{name}` is empty")))
}

fn view(tasks: &[Task]) -> Output {
    if tasks.is_empty() {
        return Output::from("No task fits.").structured(json!([]));
    }
    let lines: Vec<_> = tasks.iter().map(line).collect();
    Output::from(lines.join("\n")).structured(Value::Array(tasks.iter().map(row).collect()))
}

fn line(task: &Task) -> String {
    let mut line = format!("- Task {} for {}: {} [{}]", task.id, task.user, task.title, task.status);
    if let Some(kind) = &task.kind {
        line.push_str(&format!(", {kind}"));
    }
    if let Some(deadline) = &task.deadline {
        let overdue = if task.overdue { " (overdue)" } else { "" };
        line.push_str(&format!(", due {}{overdue}", deadline.replace('T', " ")));
    }
    if let Some(outcome) = &task.outcome {
        line.push_str(&format!(", answered: {outcome}"));
    }
    line
}

fn row(task: &Task) -> Value {
    json!({
        "id": task.id,
        "user": task.user,
        "title": task.title,
        "kind": task.kind,
        "status": task.status,
        "deadline": task.deadline,
        "context": task.context,
        "result": task.outcome,
        "overdue": task.overdue,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_shown_with_what_matters() {
        let task = Task {
            id: "5".to_owned(),
            user: "Анна".to_owned(),
            title: "Choose a day".to_owned(),
            kind: Some("question".to_owned()),
            status: "open".to_owned(),
            deadline: Some("2026-11-19T18:00:00".to_owned()),
            context: None,
            outcome: Some("perhaps Tuesday".to_owned()),
            overdue: true,
        };
        assert_eq!(
            view(&[task]).text,
            "- Task 5 for Анна: Choose a day [open], question, due 2026-11-19 18:00:00 (overdue), \
             answered: perhaps Tuesday"
        );
        assert_eq!(view(&[]).text, "No task fits.");
    }

    #[test]
    fn a_deadline_may_be_in_words() {
        let now = jiff::civil::date(2026, 11, 20).at(14, 5, 0, 0);
        assert_eq!(until("завтра в 18", now).unwrap(), "2026-11-21T18:00:00");
        assert_eq!(until("2026-11-25 18:00", now).unwrap(), "2026-11-25T18:00:00");
        assert_eq!(deadline("2026-11-25".to_owned()).unwrap(), "2026-11-25");
        assert!(until("2026-11-19 18:00", now).unwrap_err().text().starts_with("`deadline`: Thursday"));
        assert!(until("daily", now).unwrap_err().text().contains("is a repetition"));
    }

    #[test]
    fn blank_arguments_are_none_and_needed_ones_are_named() {
        assert_eq!(given(Some("  ")), None);
        assert_eq!(given(Some(" a ")).as_deref(), Some("a"));
        assert_eq!(required("title", " "), Err(Failure::invalid("`title` is empty")));
    }
}
