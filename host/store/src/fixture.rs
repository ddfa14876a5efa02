//! A store in a temporary folder for the tests of this crate, and samples of what is put into it.

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use steward_agent::{
    Address, Envelope, Incoming, Message, Origin, Outgoing, PersonId, Principal, Role, Sender, SessionId, Source, Wake,
};
use tempfile::TempDir;

use crate::column::Json;
use crate::error::Result;
use crate::{AuditRow, CallCost, NewRun, Person, Received, Right, RunId, Store, people};

/// What only tests ask of a store.
impl Store {
    /// Says that this sender, too, is that person. It keeps the name they have; whom the sender was before loses it.
    pub(crate) async fn link_identity(&self, person: PersonId, channel: &str, id: &str) -> Result<()> {
        let (channel, id) = (channel.to_owned(), id.to_owned());
        self.write(move |tx| {
            let known = people::known(tx, person)?;
            let granted = (known.role == Role::Owner).then_some(Right::Command.kept());
            tx.prepare_cached(
                "INSERT INTO identity (channel, id, person, linked, granted) VALUES (?1, ?2, ?3, 1, ?4)
                 ON CONFLICT (channel, id) DO UPDATE SET person = ?3, linked = 1, granted = ?4 WHERE person <> ?3",
            )?
            .execute((&channel, &id, person.0, granted))?;
            tx.touch_standing()
        })
        .await
    }

    /// The sources of foreign text that a run was marked with.
    pub(crate) async fn run_marks(&self, run: RunId) -> Result<Vec<Source>> {
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT foreign_text FROM run WHERE id = ?1")?;
            let marks = statement.query_row([run], |row| row.get::<_, Option<Json<Vec<Source>>>>(0)).optional()?;
            Ok(marks.flatten().map(|marks| marks.0).unwrap_or_default())
        })
        .await
    }
}

/// An open store and the folder it lies in.
pub(crate) struct Fixture {
    pub(crate) store: Store,
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn open(folder: TempDir) -> Self {
        Self { store: Store::open(&folder.path().join("steward.sqlite")).unwrap(), folder }
    }

    /// The same database as a second process would open it.
    pub(crate) fn second_process(&self) -> Store {
        Store::open(&self.folder.path().join("steward.sqlite")).unwrap()
    }

    /// The store as it is found when the process is killed now: its files, copied while it is still open.
    pub(crate) fn after_crash(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["steward.sqlite", "steward.sqlite-wal"] {
            std::fs::copy(self.folder.path().join(file), folder.path().join(file)).unwrap();
        }
        Self::open(folder)
    }

    /// How SQLite would read this.
    pub(crate) async fn plan(&self, sql: &str) -> String {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let read = self.store.read(move |db| {
            let mut statement = db.prepare(&explain)?;
            let lines =
                statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<rusqlite::Result<Vec<_>>>();
            Ok(lines?.join("\n"))
        });
        read.await.unwrap()
    }

    pub(crate) async fn meet(&self, name: &str, username: Option<&str>) -> Person {
        self.store.meet("telegram", &sender(name, username), None, &chat(name), at(0)).await.unwrap()
    }

    /// Puts a message into the inbox and begins a run that answers it.
    pub(crate) async fn begin(&self, session: &str, text: &str) -> crate::RunId {
        let Received::New(id) = self.store.receive(&message(text), at(0)).await.unwrap() else {
            panic!("{text} was received before")
        };
        self.store.begin_run(new_run(session, vec![id], text), at(1)).await.unwrap()
    }
}

/// So many seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub(crate) fn chat(name: &str) -> Address {
    Address { channel: "telegram".to_owned(), chat: name.to_owned() }
}

/// Somebody whose id on the channel is their name.
pub(crate) fn sender(name: &str, username: Option<&str>) -> Sender {
    Sender { id: name.to_owned(), name: name.to_owned(), username: username.map(str::to_owned), language: None }
}

/// A message whose id on the channel is its text.
pub(crate) fn message(text: &str) -> Incoming {
    Incoming::Message(Envelope {
        foreign: None,
        address: chat("anna"),
        external_id: text.to_owned(),
        sender: sender("anna", None),
        text: text.to_owned(),
        attachments: Vec::new(),
        part: steward_agent::Part::default(),
        received_at: at(0),
    })
}

pub(crate) fn wake(prompt: &str) -> Wake {
    Wake {
        foreign: None,
        person: PersonId(1),
        origin: Origin::Schedule,
        address: chat("anna"),
        prompt: prompt.to_owned(),
        model: None,
    }
}

/// A tool's call of the first person, as the audit has it.
pub(crate) fn called(tool: &str) -> AuditRow {
    AuditRow {
        at: at(0),
        run: None,
        person: PersonId(1),
        role: Role::Owner,
        origin: Origin::Chat,
        session: SessionId("owner/1".to_owned()),
        plugin: "files".to_owned(),
        tool: tool.to_owned(),
        outcome: "ok".to_owned(),
        cost: CallCost::default(),
        capabilities: String::new(),
    }
}

pub(crate) fn outgoing(to: &str, text: &str) -> Outgoing {
    Outgoing { to: chat(to), text: text.to_owned(), draft: None, unasked: false }
}

pub(crate) fn new_run(session: &str, inbox: Vec<crate::InboxId>, text: &str) -> NewRun {
    let principal = Principal {
        person: PersonId(1),
        name: "Anna".to_owned(),
        role: Role::Owner,
        session: SessionId(session.to_owned()),
        origin: Origin::Chat,
    };
    NewRun { principal, address: chat("anna"), inbox, message: Message::user(text), model: None }
}
