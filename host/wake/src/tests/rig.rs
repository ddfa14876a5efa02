//! A store, a workspace and an owner in a folder that is thrown away, and what was set going.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use steward_agent::{Address, Incoming, Language, PersonId, Role, Sender, Wake};
use steward_store::{Job, NewJob, NewSubscription, NewTask, Repeat, Store, StoreError, Subscription};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::StandClock;
use crate::clock::Clock;
use crate::executor::Executor;
use crate::file::File;
use crate::pace::QUIET;
use crate::provenance::Provenance;
use crate::schedule::{Reminders, Schedule};
use crate::source::Wakes;
use crate::subject::{self, Subject};
use crate::task::Task;
use crate::watched::{REST, Watched};

/// What takes longer than this does not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    pub(crate) store: Store,
    pub(crate) workspace: PathBuf,
    pub(crate) owner: PersonId,
    pub(crate) clock: Arc<StandClock>,
    pub(crate) folder: TempDir,
    pub(crate) running: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
}

/// What says so is foreign.
pub(crate) struct SaysForeign;

#[async_trait]
impl Provenance for SaysForeign {
    async fn is_prompt_foreign(&self, prompt: &str) -> Result<bool, StoreError> {
        Ok(prompt.contains("FOREIGN"))
    }

    async fn is_file_foreign(&self, _: &str, text: &str) -> Result<bool, StoreError> {
        Ok(text.contains("FOREIGN"))
    }
}

pub(crate) fn chat(name: &str) -> Address {
    Address { channel: "telegram".to_owned(), chat: name.to_owned() }
}

/// A task for somebody, without a deadline.
pub(crate) fn errand(creator: PersonId, person: PersonId) -> NewTask {
    NewTask {
        creator,
        person,
        title: "bring the key".to_owned(),
        kind: None,
        deadline: None,
        deadline_at: None,
        context: None,
        skill: None,
    }
}

impl Rig {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let clock = Arc::new(StandClock::new());
        let rig = Self { store, workspace, owner: PersonId(0), clock, folder, running: Mutex::default() };
        let owner = rig.meet("olga", Some(Role::Owner)).await;
        Self { owner, ..rig }
    }

    pub(crate) async fn meet(&self, name: &str, role: Option<Role>) -> PersonId {
        let sender = Sender { id: name.to_owned(), name: name.to_owned(), username: None, language: None };
        let met = self.store.meet("telegram", &sender, role, &chat(name), self.clock.now()).await;
        let id = met.unwrap().id;
        self.store.mark_dealt(id, self.clock.now()).await.unwrap();
        id
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<_>
    }

    /// A store of the same database as another process has it.
    pub(crate) fn other_process(&self) -> Store {
        Store::open(&self.folder.path().join("steward.sqlite")).unwrap()
    }

    pub(crate) fn file(&self) -> File {
        File::new(&self.workspace)
    }

    pub(crate) fn task(&self) -> Task {
        Task::new(self.store.clone())
    }

    pub(crate) fn watched(&self, subject: impl Subject + 'static) -> Arc<dyn Wakes> {
        Arc::new(Watched::new(Arc::new(subject), self.store.clone(), self.clock(), Arc::new(SaysForeign)))
    }

    pub(crate) fn schedule(&self) -> Arc<dyn Wakes> {
        let words = |_: Language, title: &str, due: Timestamp, now: Timestamp, _: &TimeZone| {
            format!("{title}, {} s late", (now - due).get_seconds())
        };
        let reminders = Reminders { time_zone: TimeZone::UTC, language: Language::En, words };
        Arc::new(Schedule::new(self.store.clone(), Arc::new(SaysForeign), reminders))
    }

    pub(crate) fn run(&self, sources: Vec<Arc<dyn Wakes>>) {
        let executor = Executor::new(self.store.clone(), self.clock(), sources);
        let stop = CancellationToken::new();
        let task = tokio::spawn(executor.run(stop.clone()));
        *self.running.lock().unwrap() = Some((stop, task));
    }

    pub(crate) async fn stop(&self) {
        let running = self.running.lock().unwrap().take();
        let (stop, task) = running.unwrap();
        stop.cancel();
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap();
    }

    /// Somebody subscribes, as tools do it.
    pub(crate) async fn subscribe(&self, subject: impl Subject + 'static, settings: Value) -> Subscription {
        let subjects: Vec<Arc<dyn Subject>> = vec![Arc::new(subject)];
        let kind = subjects[0].name().to_owned();
        let settings = subject::fit(&subjects, &kind, settings).await.unwrap();
        let seen = subject::look(&subjects, &kind, &settings).await.unwrap();
        let (owner, prompt) = (self.owner, "Tell me.".to_owned());
        let new =
            NewSubscription { owner, address: chat("olga"), kind, settings, prompt, recipients: Vec::new(), seen };
        self.store.subscribe(new, 50, None, self.clock.now()).await.unwrap()
    }

    pub(crate) async fn job(&self, title: &str, after: Duration, repeat: Option<Repeat>) -> Job {
        let new = NewJob {
            owner: self.owner,
            address: chat("olga"),
            title: title.to_owned(),
            prompt: Some(format!("do {title}")),
            model: None,
            next: self.clock.now() + after,
            repeat,
            recipients: Vec::new(),
        };
        self.store.jobs().create(new, None, self.clock.now()).await.unwrap()
    }

    pub(crate) async fn wakes(&self) -> Vec<Wake> {
        let rows = self.store.pending_inbox(None).await.unwrap();
        let wakes = rows.into_iter().map(|row| match row.incoming {
            Incoming::Wake(wake) => wake,
            Incoming::Message(message) => panic!("{message:?}"),
        });
        wakes.collect()
    }

    /// Returns when so many runs were set going, and gives their prompts.
    pub(crate) async fn woken(&self, count: usize) -> Vec<String> {
        let waiting = async {
            loop {
                let wakes = self.wakes().await;
                if wakes.len() >= count {
                    return wakes.into_iter().map(|wake| wake.prompt).collect();
                }
                self.store.inbox_changed().notified().await;
            }
        };
        let woken = tokio::time::timeout(PATIENCE, waiting).await;
        woken.unwrap_or_else(|_| panic!("fewer than {count} runs were set going"))
    }

    /// The same where the sources have to be told first, and the clock goes on as long as they wait for more.
    pub(crate) async fn pushed(&self, count: usize) -> Vec<String> {
        let waiting = async {
            loop {
                self.clock.until_asleep(QUIET).await;
                self.clock.advance(QUIET);
            }
        };
        tokio::select! {
            woken = self.woken(count) => woken,
            () = waiting => unreachable!("it waits for ever"),
        }
    }

    /// The time goes on until what has just woken somebody is looked at again.
    pub(crate) async fn rest(&self) {
        let rest = REST.unsigned_abs();
        self.clock.until_asleep(rest).await;
        self.clock.advance(rest);
    }
}
