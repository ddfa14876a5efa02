//! A task that was given to somebody is answered or changed. What people wrote in it is not told: it can be read with
//! the tools that mark it as theirs.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::visible;
use steward_store::TaskFilter;

use super::{Change, Kind, Sight, THINGS};
use crate::backing::Backing;
use crate::bindings::Failure;

pub(super) const KIND: Kind = Kind {
    name: "task",
    description: "A task that was given to somebody is answered or changes its status.",
    schema: r#"{"type":"object","properties":{"user":{"type":"string","description":"Whose tasks, by name or id; everybody's if left out."}},"additionalProperties":false}"#,
    settle,
    look,
    tell,
};

const TITLE_CHARS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    user: Option<String>,
}

fn settle(backing: Arc<Backing>, mut settings: Value) -> BoxFuture<'static, Result<Value, Failure>> {
    Box::pin(async move {
        if let Some(user) = settings.get("user").and_then(Value::as_str).filter(|user| !user.trim().is_empty()) {
            let person = backing.acquaintances().named(user).await?;
            settings["user"] = Value::String(person.id.to_string());
        }
        Ok(settings)
    })
}

fn look(backing: Arc<Backing>, settings: Value) -> BoxFuture<'static, Result<Sight, Failure>> {
    Box::pin(async move {
        let Settings { user } = serde_json::from_value(settings)
            .map_err(|error| Failure::Invalid(format!("`settings` of a task: {error}")))?;
        let person = match user {
            Some(user) => Some(backing.acquaintances().named(&user).await?.id),
            None => None,
        };
        let mut tasks = backing.store.list_tasks(TaskFilter { person, ..TaskFilter::default() }).await?;
        // The latest ones; an old task that nobody touched is no loss.
        tasks.sort_by_key(|task| std::cmp::Reverse(task.updated_at));
        let seen = tasks.into_iter().take(THINGS).map(|task| {
            let title = visible(&task.title, TITLE_CHARS);
            (task.id.to_string(), format!("{}/{} (“{title}”)", task.updated_at.as_millisecond(), task.status))
        });
        Ok(seen.collect())
    })
}

fn tell(change: Change<'_>) -> String {
    let now = |state: &str| state.split_once('/').map_or_else(String::new, |(_, told)| told.to_owned());
    match change {
        Change::Added(id, state) => format!("task {id} is new: {}", now(state)),
        Change::Changed(id, state) => format!("task {id} is now {}", now(state)),
        Change::Removed(id) => format!("task {id} is gone"),
    }
}
