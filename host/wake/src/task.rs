//! A task that was given to somebody is answered or changed. What people wrote in it is not told: it can be read with
//! the tools that mark it as theirs.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::{PersonId, visible};
use steward_store::Store;

use crate::fault::Fault;
use crate::subject::{Change, Sight, Stirred, Subject, THINGS};

const TITLE_CHARS: usize = 100;
const QUERY_CHARS: usize = 200;

pub struct Task {
    store: Store,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    user: Option<String>,
}

impl Task {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The one person a query fits.
    async fn named(&self, query: &str) -> Result<PersonId, Fault> {
        let query = query.trim();
        match query.chars().count() {
            0 => Err(Fault::Invalid("`user` is empty: say what it should be".to_owned())),
            long if long > QUERY_CHARS => {
                Err(Fault::Invalid(format!("`user` has {long} characters and may have {QUERY_CHARS}: shorten it")))
            }
            _ => Ok(self.store.resolve_person(query).await?.id),
        }
    }
}

#[async_trait]
impl Subject for Task {
    fn name(&self) -> &'static str {
        "task"
    }

    fn description(&self) -> &'static str {
        "A task that was given to somebody is answered or changes its status."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"user":{"type":"string","description":"Whose tasks, by name or id; everybody's if left out."}},"additionalProperties":false}"#
    }

    async fn settle(&self, mut settings: Value) -> Result<Value, Fault> {
        if let Some(user) = settings.get("user").and_then(Value::as_str).filter(|user| !user.trim().is_empty()) {
            let person = self.named(user).await?;
            settings["user"] = Value::String(person.to_string());
        }
        Ok(settings)
    }

    async fn look(&self, settings: &Value) -> Result<Sight, Fault> {
        let Settings { user } = Settings::deserialize(settings)
            .map_err(|error| Fault::Invalid(format!("`settings` of a task: {error}")))?;
        let person = match user {
            Some(user) => Some(self.named(&user).await?),
            None => None,
        };
        // The latest ones; an old task that nobody touched is no loss.
        let tasks = self.store.latest_tasks(person, THINGS as u32).await?;
        let seen = tasks.into_iter().map(|task| {
            let title = visible(&task.title, TITLE_CHARS);
            (task.id.to_string(), format!("{}/{} (“{title}”)", task.updated_at.as_millisecond(), task.status))
        });
        Ok(seen.collect())
    }

    async fn stirred(&self) -> Stirred {
        self.store.tasks_changed().notified().await;
        Stirred::All
    }

    fn tell(&self, change: Change<'_>) -> String {
        let now = |state: &str| state.split_once('/').map_or_else(String::new, |(_, told)| told.to_owned());
        match change {
            Change::Added(id, state) => format!("task {id} is new: {}", now(state)),
            Change::Changed(id, state) => format!("task {id} is now {}", now(state)),
            Change::Removed(id) => format!("task {id} is gone"),
        }
    }
}
