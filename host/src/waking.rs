//! What sets runs going besides messages, as this program has it: the list of sources, and the ports they need.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use steward_agent::MemorySpace;
use steward_beneath::Place;
use steward_sandbox::{EventFault, EventKind, EventKinds, ForeignMarks};
use steward_store::{Store, StoreError};
use steward_wake::{
    Clock, Executor, Fault, File, Heartbeat, Provenance, Reminders, Schedule, Subject, SystemClock, Task, Wakes,
    Watched,
};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::texts;

/// Works until the stop.
pub(crate) async fn run(config: Config, store: Store, marks: ForeignMarks, stop: CancellationToken) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let sources = sources(&config, &store, &clock, marks);
    Executor::new(store, clock, sources).run(stop).await;
}

/// What sets runs going, a row each.
fn sources(config: &Config, store: &Store, clock: &Arc<dyn Clock>, marks: ForeignMarks) -> Vec<Arc<dyn Wakes>> {
    let workspace = Place::of(&config.workspace);
    let provenance: Arc<dyn Provenance> = Arc::new(Marks { marks, workspace: workspace.clone() });
    let (clock, store) = (|| Arc::clone(clock), || store.clone());
    let provenance = || Arc::clone(&provenance);
    let reminders =
        Reminders { time_zone: config.time_zone.clone(), language: config.language, words: texts::reminder };
    let mut sources: Vec<Arc<dyn Wakes>> = vec![Arc::new(Schedule::new(store(), provenance(), reminders))];
    if let Some(every) = config.heartbeat {
        sources.push(Arc::new(Heartbeat::new(store(), clock(), provenance(), workspace, every)));
    }
    for subject in subjects(&store(), &config.workspace) {
        sources.push(Arc::new(Watched::new(subject, store(), clock(), provenance())));
    }
    sources
}

/// What people can subscribe to, a row each.
fn subjects(store: &Store, workspace: &Path) -> Vec<Arc<dyn Subject>> {
    vec![Arc::new(File::new(workspace)), Arc::new(Task::new(store.clone()))]
}

/// Which of what is kept came from foreign text, as the sandbox marked it.
struct Marks {
    marks: ForeignMarks,
    workspace: Place,
}

#[async_trait]
impl Provenance for Marks {
    async fn is_prompt_foreign(&self, prompt: &str) -> Result<bool, StoreError> {
        self.marks.is_prompt_foreign(prompt).await
    }

    async fn is_file_foreign(&self, path: &str, text: &str) -> Result<bool, StoreError> {
        let place = ForeignMarks::place(&MemorySpace::Owners.to_string(), path);
        Ok(self.marks.is_file_foreign(&self.workspace, path).await? || self.marks.is_text_foreign(&place, text).await?)
    }
}

/// What can be watched for, as plugins are told of it.
pub(crate) struct Kinds(pub(crate) Store);

#[async_trait]
impl EventKinds for Kinds {
    fn all(&self) -> Vec<EventKind> {
        let kind = |one: &Arc<dyn Subject>| EventKind {
            name: one.name().to_owned(),
            description: one.description().to_owned(),
            schema: one.schema().to_owned(),
        };
        subjects(&self.0, Path::new("")).iter().map(kind).collect()
    }

    async fn fit(&self, workspace: &Path, kind: &str, settings: Value) -> Result<Value, EventFault> {
        steward_wake::fit(&subjects(&self.0, workspace), kind, settings).await.map_err(fault)
    }

    async fn look(&self, workspace: &Path, kind: &str, settings: &Value) -> Result<String, EventFault> {
        steward_wake::look(&subjects(&self.0, workspace), kind, settings).await.map_err(fault)
    }
}

fn fault(fault: Fault) -> EventFault {
    match fault {
        Fault::Invalid(text) => EventFault::Invalid(text),
        Fault::Store(error) => EventFault::Store(error),
        Fault::Failed(text) => EventFault::Failed(text),
    }
}

/// Whether the system tells of changes to the files that are watched.
///
/// # Errors
/// Why they are looked at every few seconds instead.
pub(crate) async fn check(config: &Config, store: &Store) -> Result<(), String> {
    let watched = store.subscriptions("file").await.map_err(|error| error.to_string())?;
    let settings: Vec<Value> = watched.into_iter().map(|one| one.settings).collect();
    File::check(&config.workspace, &settings).await
}
