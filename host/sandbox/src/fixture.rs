//! Calls for tests of capabilities: a real store and a workspace in a folder of their own, an owner and two people
//! from outside, and a clock that stands still at five past two in Berlin.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use steward_agent::{Address, Language, Origin, Outgoing, Principal, Role, Sender, SessionId};
use steward_store::{NewTask, Person, Store};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtxBuilder;

use crate::backing::Backing;
use crate::capability::http::{Client, HttpPolicy};
use crate::deadline::Deadline;
use crate::foreign::ForeignMarks;
use crate::grant::Grant;
use crate::limits::{Limits, Meter};
use crate::secret::{KeySource, Vault};
use crate::state::CallState;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    store: Store,
    backing: Arc<Backing>,
    owner: Person,
    anna: Person,
    boris: Person,
}

/// 2026-11-20, a Friday, 14:05 in Berlin.
fn now() -> Timestamp {
    Timestamp::from_second(1_795_179_900).unwrap()
}

fn two_days_later() -> Timestamp {
    now() + Duration::from_secs(2 * 24 * 3600)
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        let store = Store::open(&folder.path().join("data/steward.sqlite")).unwrap();
        let owner = meet(&store, "owner", "Olga", None, Some(Role::Owner), Language::Ru).await;
        let anna = meet(&store, "anna", "Anna", Some("anna_k"), None, Language::En).await;
        let boris = meet(&store, "boris", "Boris", None, None, Language::En).await;
        for person in [&anna, &boris] {
            store.mark_dealt(person.id, now()).await.unwrap();
        }
        let backing = Arc::new(Backing {
            store: store.clone(),
            workspace,
            people: folder.path().join("data/people"),
            time_zone: TimeZone::get("Europe/Berlin").unwrap(),
            http: Arc::new(Client::new(HttpPolicy::default()).unwrap()),
            connected: Arc::default(),
            marks: ForeignMarks::new(store.clone()),
            events: Some(Arc::new(crate::capability::events::tests::Weather)),
            clock: now,
        });
        Self { folder, store, backing, owner, anna, boris }
    }

    /// A call of the owner; every call of one person has the same key, as if made again after a crash.
    pub(crate) fn owner(&self) -> CallState {
        self.call(&self.owner, Arc::clone(&self.backing))
    }

    /// A call of the owner two days later.
    pub(crate) fn owner_later(&self) -> CallState {
        let backing = Backing { clock: two_days_later, ..self.backing.elsewhere(self.backing.workspace.clone()) };
        self.call(&self.owner, Arc::new(backing))
    }

    pub(crate) fn anna(&self) -> CallState {
        self.call(&self.anna, Arc::clone(&self.backing))
    }

    pub(crate) fn boris(&self) -> CallState {
        self.call(&self.boris, Arc::clone(&self.backing))
    }

    fn call(&self, person: &Person, backing: Arc<Backing>) -> CallState {
        CallState {
            backing,
            principal: Principal {
                person: person.id,
                name: person.name.clone(),
                role: person.role.clone(),
                session: SessionId(format!("person/{}", person.id)),
                origin: Origin::Chat,
            },
            language: person.language.unwrap_or_default(),
            plugin: "test".into(),
            grant: Grant::default(),
            run: None,
            cancel: CancellationToken::new(),
            key: format!("call of {}", person.name),
            replayed: false,
            deadline: Deadline::new(Instant::now() + Duration::from_secs(60)),
            progress: None,
            owner: None,
            lines: Default::default(),
            meter: Meter::new(&Limits::default()),
            parts: Default::default(),
            refused: None,
            wasi: WasiCtxBuilder::new().build(),
            table: ResourceTable::new(),
            host_calls: 0,
            lowering: Default::default(),
            tape: None,
        }
    }

    /// Sets a secret of the installation.
    pub(crate) async fn secret(&self, name: &str, host: &str, value: &str) {
        let vault = self.backing.connected.vault.get_or_init(|| {
            let key = KeySource::File(self.folder.path().join("secret.key"));
            Arc::new(Vault::new(self.store.clone(), key))
        });
        vault.set(name, vec![host.to_owned()], value.to_owned(), now()).await.unwrap();
    }

    /// Somebody writes who calls themselves that, and whom the owner never dealt with.
    pub(crate) async fn stranger(&self, name: &str) {
        meet(&self.store, name, name, None, None, Language::En).await;
    }

    pub(crate) async fn ban_anna(&self) {
        self.store.set_banned(self.anna.id, true).await.unwrap();
    }

    /// The id of a task that the owner gave to Anna.
    pub(crate) async fn task_for_anna(&self, title: &str) -> String {
        let new = NewTask {
            creator: self.owner.id,
            person: self.anna.id,
            title: title.to_owned(),
            kind: None,
            deadline: None,
            deadline_at: None,
            context: None,
            skill: None,
        };
        self.store.tasks().create(new, None, now()).await.unwrap().id.to_string()
    }

    /// What waits to be sent; one message a chat at a time, so each is taken as sent to see the next.
    pub(crate) async fn outbox(&self) -> Vec<Outgoing> {
        let mut waiting = Vec::new();
        loop {
            let due = self.store.due_outgoing(now(), 100).await.unwrap();
            if due.is_empty() {
                return waiting;
            }
            for row in due {
                self.store.mark_sent(row.id, now()).await.unwrap();
                waiting.push(row.outgoing);
            }
        }
    }
}

async fn meet(
    store: &Store,
    id: &str,
    name: &str,
    username: Option<&str>,
    role: Option<Role>,
    language: Language,
) -> Person {
    let sender = Sender {
        id: id.to_owned(),
        name: name.to_owned(),
        username: username.map(str::to_owned),
        language: Some(language),
    };
    let address = Address { channel: "telegram".to_owned(), chat: format!("{id}-chat") };
    store.meet("telegram", &sender, role, &address, now()).await.unwrap()
}
