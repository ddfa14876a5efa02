//! A file of the workspace, or a folder with all that is in it. No link is followed, nothing is read but names, times
//! and sizes. The system tells of changes, and that only says that it is to be looked; where it does not tell, it is looked
//! every few seconds.

mod eye;
mod walk;

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::visible;
use steward_store::SubscriptionId;

use crate::fault::Fault;
use crate::subject::{Change, Seen, Sight, Stirred, Subject};

use eye::Eye;
pub(crate) use eye::Open;
#[cfg(test)]
pub(crate) use eye::{Tell, Teller, Told, Unwatched};

const NAME_CHARS: usize = 200;
/// Where nothing tells of changes, it is looked this often.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Where something does, it is looked all the same: not every way to write a file is told.
pub(crate) const SWEEP: Duration = Duration::from_secs(600);

pub struct File {
    workspace: PathBuf,
    eye: Arc<Eye>,
    /// Why it is looked every few seconds, each reason said once.
    said: Mutex<HashSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    path: String,
}

impl File {
    /// Nothing is watched before the first subscription is.
    pub fn new(workspace: impl Into<PathBuf>) -> Self {
        Self::told_by(workspace, eye::of_the_system)
    }

    /// The same with something else that tells of changes.
    pub(crate) fn told_by(workspace: impl Into<PathBuf>, open: impl Open) -> Self {
        let workspace = workspace.into();
        // The system tells of absolute paths.
        let workspace = std::path::absolute(&workspace).unwrap_or(workspace);
        Self { eye: Arc::new(Eye::new(workspace.clone(), open)), workspace, said: Mutex::default() }
    }

    /// Whether the system tells of all changes to these, which are settings of subscriptions; with none, to what is
    /// directly in the workspace.
    ///
    /// # Errors
    /// Why it is looked every few seconds instead.
    pub async fn check(workspace: impl Into<PathBuf>, settings: &[Value]) -> Result<(), String> {
        let file = Self::new(workspace);
        let any = [serde_json::json!({ "path": "HEARTBEAT.md" })];
        for (number, one) in (1..).zip(if settings.is_empty() { &any[..] } else { settings }) {
            let Ok(inside) = inside(one) else { continue };
            // What cannot be looked at has another problem.
            if let Ok((_, Some(reason))) = file.followed(SubscriptionId(number), inside).await {
                return Err(reason);
            }
        }
        Ok(())
    }

    /// What is there, followed from now on, and why not all changes of it are told.
    async fn followed(&self, id: SubscriptionId, inside: PathBuf) -> Result<(Sight, Option<String>), Fault> {
        let eye = Arc::clone(&self.eye);
        blocking(move || {
            let mut following = eye.follow(id, &inside);
            let sight = walk::seen(eye.workspace(), &inside, &mut |folder, path| following.visit(folder, path));
            let missed = following.end();
            Ok((sight?, missed))
        })
        .await
    }

    fn say(&self, reason: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !said.contains(&reason) {
            tracing::warn!(reason, "watched files are looked at every {} seconds", LOOK_EVERY.as_secs());
            said.insert(reason);
        }
    }
}

#[async_trait]
impl Subject for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn description(&self) -> &'static str {
        "A file of the workspace, or anything in a folder of it, is added, changed or removed."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"path":{"type":"string","description":"The file or folder, such as `notes` or `notes/todo.md`; it need not exist yet."}},"required":["path"],"additionalProperties":false}"#
    }

    async fn look(&self, settings: &Value) -> Result<Sight, Fault> {
        let (workspace, inside) = (self.workspace.clone(), inside(settings)?);
        blocking(move || walk::seen(&workspace, &inside, &mut |_, _| {})).await
    }

    async fn follow(&self, id: SubscriptionId, settings: &Value) -> Result<Seen, Fault> {
        let (sight, missed) = self.followed(id, inside(settings)?).await?;
        let again = if missed.is_some() { LOOK_EVERY } else { SWEEP };
        if let Some(reason) = missed {
            self.say(reason);
        }
        Ok(Seen { sight, again })
    }

    async fn keep(&self, ids: &BTreeSet<SubscriptionId>) {
        if self.eye.has_others(ids) {
            let (eye, ids) = (Arc::clone(&self.eye), ids.clone());
            if let Err(error) = tokio::task::spawn_blocking(move || eye.keep(&ids)).await {
                tracing::error!(%error, "files are followed that nobody watches");
            }
        }
    }

    async fn stirred(&self) -> Stirred {
        self.eye.stirred().await
    }

    fn tell(&self, change: Change<'_>) -> String {
        let (what, name) = match change {
            Change::Added(name, _) => ("added", name),
            Change::Changed(name, _) => ("changed", name),
            Change::Removed(name) => ("removed", name),
        };
        format!("{what}: `{}`", visible(name, NAME_CHARS))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Fault::Failed(error.to_string()))?
}

/// The path within the workspace.
fn inside(settings: &Value) -> Result<PathBuf, Fault> {
    let Settings { path } =
        Settings::deserialize(settings).map_err(|error| Fault::Invalid(format!("`settings` of a file: {error}")))?;
    let mut inside = PathBuf::new();
    for part in Path::new(path.trim()).components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            _ => {
                let shown = visible(&path, NAME_CHARS);
                return Err(Fault::Invalid(format!("`{shown}` leads out of the workspace: name a path in it")));
            }
        }
    }
    Ok(inside)
}
