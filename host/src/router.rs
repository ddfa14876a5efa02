//! Reads the inbox and gives each message to its session, under the principal that the channel's word and the store
//! make of its sender. One router runs; what it has read is remembered only until the process ends.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{
    Address, Envelope, Incoming, Language, Origin, Outgoing, Part, PersonId, Principal, Role, Sender, SessionId, Wake,
};
use steward_store::{InboxId, InboxRow, Person, StoreError};

use crate::access::{Admission, Doorkeeper};
use crate::app::Host;
use crate::commands::{self, Outcome, Said};
use crate::rights;
use crate::session::{Mail, SessionHandle, Work};
use crate::texts;

/// So many messages of others are routed before it is looked for an owner's.
const OTHERS_AT_ONCE: usize = 8;
/// After the store failed, the inbox is read again.
const AFTER_ERROR: Duration = Duration::from_secs(2);

/// Whose mail it is, and where they are told that it does not fit.
struct Whose {
    person: PersonId,
    owner: bool,
    language: Language,
    address: Address,
}

pub(crate) struct Router {
    host: Arc<Host>,
    door: Doorkeeper,
    sessions: HashMap<SessionId, SessionHandle>,
    /// The newest row that was read from the inbox.
    read: Option<InboxId>,
    /// Read and not given to a session: what is the owners' own goes before all else.
    first: VecDeque<InboxRow>,
    others: VecDeque<InboxRow>,
}

impl Router {
    pub(crate) fn new(host: Arc<Host>) -> Self {
        let door = Doorkeeper::new(host.config.admission.clone(), host.made_open_to);
        let (first, others) = (VecDeque::new(), VecDeque::new());
        Self { host, door, sessions: HashMap::new(), read: None, first, others }
    }

    /// Runs until the host stops, then waits for the sessions.
    pub(crate) async fn run(mut self) {
        self.retrying(Self::resume).await;
        while !self.host.stop.is_cancelled() {
            self.retrying(Self::read_inbox).await;
            self.retrying(Self::route_next).await;
            if !self.first.is_empty() || !self.others.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.host.store.inbox_changed().notified() => {}
                () = self.host.stop.cancelled() => {}
            }
        }
        for (_, session) in self.sessions.drain() {
            session.ended().await;
        }
    }

    async fn retrying(&mut self, step: impl AsyncFn(&mut Self) -> Result<(), StoreError>) {
        while let Err(error) = step(self).await {
            tracing::error!(%error, "the inbox cannot be read; trying again");
            tokio::select! {
                () = tokio::time::sleep(AFTER_ERROR) => {}
                () = self.host.stop.cancelled() => return,
            }
        }
    }

    /// Runs that the last process left open go on before anything new is read.
    async fn resume(&mut self) -> Result<(), StoreError> {
        for open in self.host.store.open_runs().await? {
            let person = self.host.store.person(open.principal.person).await?;
            let language = person.and_then(|person| person.language).unwrap_or(self.host.config.language);
            let session = open.principal.session.clone();
            self.session(&session).send(Mail::Resume(Box::new(open), language)).await;
        }
        Ok(())
    }

    async fn read_inbox(&mut self) -> Result<(), StoreError> {
        for row in self.host.store.pending_inbox(self.read).await? {
            self.read = Some(row.id);
            let line = if row.first { &mut self.first } else { &mut self.others };
            line.push_back(row);
        }
        Ok(())
    }

    /// Routes what is the owners' own, and of the others so few that an owner who writes meanwhile waits for few.
    async fn route_next(&mut self) -> Result<(), StoreError> {
        while let Some(row) = self.first.front().cloned() {
            self.route(row).await?;
            self.first.pop_front();
        }
        for _ in 0..OTHERS_AT_ONCE {
            let Some(row) = self.others.front().cloned() else { break };
            self.route(row).await?;
            self.others.pop_front();
        }
        Ok(())
    }

    async fn route(&mut self, row: InboxRow) -> Result<(), StoreError> {
        match row.incoming {
            Incoming::Message(envelope) => self.route_message(row.id, envelope).await,
            Incoming::Wake(wake) => self.route_wake(row.id, wake, row.received_at).await,
        }
    }

    async fn route_message(&mut self, row: InboxId, envelope: Envelope) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let channel = &envelope.address.channel;
        let role = self.host.owners.contains(channel, &envelope.sender.id).then_some(Role::Owner);
        let person = self.host.store.meet(channel, &envelope.sender, role, &envelope.address, now).await?;
        let language = language_of(&envelope.sender, &envelope.text, self.host.config.language);
        let person = self.as_now(person);
        // What others wrote is never a command, whoever passes it on.
        let said = if envelope.foreign.is_none() { commands::read(&envelope.text) } else { None };
        let code = said.and_then(Said::invitation);
        match self.door.admit(&self.host.store, &person, &envelope, code, language, now).await? {
            Admission::Welcome => {}
            Admission::Answer(text) => return self.answer(row, &envelope.address, text).await,
            Admission::TurnedAway(text) => {
                let to = &envelope.address;
                let reply = text.map(|text| Outgoing { to: to.clone(), text, draft: None, unasked: false });
                return self.host.store.turn_away(row, reply.into_iter().collect(), now).await;
            }
        }
        if let Some(said) = said {
            return self.command(row, said, &person, language, &envelope.address).await;
        }
        let work = Work {
            row,
            principal: principal(&person, &envelope.address, Origin::Chat),
            language,
            address: envelope.address,
            text: envelope.text,
            attachments: envelope.attachments,
            part: envelope.part,
            prepared: Arc::default(),
            sent: envelope.received_at,
            model: None,
            foreign: envelope.foreign,
        };
        self.give(work).await
    }

    async fn route_wake(&mut self, row: InboxId, wake: Wake, sent: Timestamp) -> Result<(), StoreError> {
        let Some(person) = self.host.store.person(wake.person).await?.filter(|person| !person.banned) else {
            tracing::warn!(person = %wake.person, "scheduled work of a person who is gone or banned is dropped");
            return self.host.store.settle(row, Vec::new(), Timestamp::now()).await;
        };
        let person = self.as_now(person);
        let work = Work {
            row,
            principal: principal(&person, &wake.address, wake.origin),
            language: person.language.unwrap_or(self.host.config.language),
            address: wake.address,
            text: wake.prompt,
            attachments: Vec::new(),
            part: Part::default(),
            prepared: Arc::default(),
            sent,
            model: wake.model,
            foreign: wake.foreign,
        };
        self.give(work).await
    }

    async fn command(
        &mut self,
        row: InboxId,
        said: Said<'_>,
        person: &Person,
        language: Language,
        address: &Address,
    ) -> Result<(), StoreError> {
        let reply = |text: String| Outgoing { to: address.clone(), text, draft: None, unasked: false };
        let mail = match said.obey(&self.host, person, language, address, Timestamp::now()).await? {
            Outcome::Reply(text) => return self.answer(row, address, text).await,
            Outcome::Silence => return self.host.store.settle(row, Vec::new(), Timestamp::now()).await,
            Outcome::Letters(text, shown) => {
                self.answer(row, address, text).await?;
                return self.host.store.letters_shown(shown, Timestamp::now()).await;
            }
            Outcome::Stop(text) => Mail::Stop { row, reply_to: reply(text) },
            Outcome::Clear(text) => Mail::Clear { row, reply: reply(text) },
        };
        let owner = person.role == Role::Owner;
        let whose = Whose { person: person.id, owner, language, address: address.clone() };
        self.hand_over(row, &session_of(person, address), mail, whose).await
    }

    /// The person in the role that counts.
    fn as_now(&self, person: Person) -> Person {
        Person { role: rights::role(&self.host.config.roles, person.role), ..person }
    }

    async fn answer(&self, row: InboxId, to: &Address, text: String) -> Result<(), StoreError> {
        let reply = Outgoing { to: to.clone(), text, draft: None, unasked: false };
        self.host.store.settle(row, vec![reply], Timestamp::now()).await
    }

    async fn give(&mut self, work: Work) -> Result<(), StoreError> {
        let (row, session) = (work.row, work.principal.session.clone());
        let whose = Whose {
            person: work.principal.person,
            owner: work.principal.role == Role::Owner,
            language: work.language,
            address: work.address.clone(),
        };
        self.hand_over(row, &session, Mail::Work(Box::new(work)), whose).await
    }

    /// An owner's mail waits for a place in the mailbox of its session. Nobody waits because somebody else has written
    /// more than fits theirs.
    async fn hand_over(
        &mut self,
        row: InboxId,
        session: &SessionId,
        mail: Mail,
        whose: Whose,
    ) -> Result<(), StoreError> {
        if whose.owner {
            self.session(session).send(mail).await;
            return Ok(());
        }
        if self.session(session).try_send(mail) {
            return Ok(());
        }
        let now = Timestamp::now();
        let told = self.host.store.first_today(whose.person, "rate", now).await?;
        let (to, text) = (whose.address, texts::slow_down(whose.language));
        let reply = told.then_some(Outgoing { to, text, draft: None, unasked: false });
        self.host.store.turn_away(row, reply.into_iter().collect(), now).await
    }

    fn session(&mut self, id: &SessionId) -> &SessionHandle {
        self.sessions
            .entry(id.clone())
            .or_insert_with_key(|id| SessionHandle::start(Arc::clone(&self.host), id.clone()))
    }
}

fn principal(person: &Person, address: &Address, origin: Origin) -> Principal {
    Principal {
        person: person.id,
        name: person.name.clone(),
        role: person.role.clone(),
        session: session_of(person, address),
        origin,
    }
}

/// Owners have a conversation on each channel, everybody else one in all.
fn session_of(person: &Person, address: &Address) -> SessionId {
    SessionId(match person.role {
        Role::Owner => format!("owner/{}/{}", person.id, address.channel),
        _ => format!("person/{}", person.id),
    })
}

/// The language a message is written in, else the one its sender's program is set to.
fn language_of(sender: &Sender, text: &str, otherwise: Language) -> Language {
    let command = text.starts_with('/');
    let written = if command { None } else { Language::of_text(text) };
    written.or(sender.language).unwrap_or(otherwise)
}
