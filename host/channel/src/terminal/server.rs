//! The daemon's side of the terminal: the channel `terminal` with the one chat `owner`. All clients see the same.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use jiff::Timestamp;
use steward_agent::{Address, Attachment, Draft, Envelope, Language, Outgoing, Part, Question, Sender};
use tokio::io::AsyncWrite;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::clients::{Clients, Seat};
use super::protocol::{FromClient, FromServer, Lines, VERSION, encode, lines};
use super::socket::{Socket, listen};
use crate::health::Pulse;
use crate::{Channel, ChannelError, FetchError, Health, Inbox, SendError};

const OWNER: &str = "owner";
/// How long a client may take to introduce itself.
const HELLO: Duration = Duration::from_secs(10);
/// How long a client may take to show a message.
const SEEN: Duration = Duration::from_secs(30);
/// The shortest time between two looks at a growing answer.
const DRAFTS: Duration = Duration::from_millis(80);
/// How often it is looked whether what waited for a client has been shown, and how many looks later its sender is told
/// once more that somebody is there: it may have missed that while it gave up on the client before.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 20;

/// The channel `terminal` on a Unix socket. Whoever may connect speaks as the owner.
pub struct TerminalServer {
    path: PathBuf,
    /// Made by [`Channel::open`], used by [`Channel::run`].
    socket: Mutex<Option<Socket>>,
    shared: Arc<Shared>,
}

struct Shared {
    clients: Clients,
    /// Questions that wait for a decision, for whoever connects next, by their code.
    questions: Mutex<BTreeMap<String, FromServer>>,
    /// Of messages and drafts. It begins anywhere, so that a client's word about a number of the daemon before this
    /// one is about none of ours.
    number: AtomicU64,
    drawn: Mutex<Option<Instant>>,
    ready: Notify,
    pulse: Pulse,
}

impl TerminalServer {
    /// As in [`Address::channel`].
    pub const NAME: &'static str = "terminal";

    /// The one chat there is; the owner's id there is its name.
    pub fn owner() -> Address {
        Address { channel: Self::NAME.to_owned(), chat: OWNER.to_owned() }
    }

    /// Prepares the channel; nobody can connect before [`Channel::open`] or [`Channel::run`].
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        let shared = Shared {
            clients: Clients::default(),
            questions: Mutex::default(),
            number: AtomicU64::new(u64::from(rand::random::<u32>()) << 20),
            drawn: Mutex::default(),
            ready: Notify::new(),
            pulse: Pulse::default(),
        };
        Self { path: socket.into(), socket: Mutex::default(), shared: Arc::new(shared) }
    }

    fn opened(&self) -> Option<Socket> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn next_number(&self) -> u64 {
        self.shared.number.fetch_add(1, Ordering::Relaxed)
    }

    /// A growing answer may be drawn again.
    fn may_draw(&self) -> bool {
        let mut drawn = self.shared.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let free = drawn.is_none_or(|last| now.duration_since(last) >= DRAFTS);
        if free {
            *drawn = Some(now);
        }
        free
    }
}

impl Shared {
    fn questions(&self) -> MutexGuard<'_, BTreeMap<String, FromServer>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Channel for TerminalServer {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    /// Makes the socket. It fails if another daemon listens there.
    async fn open(&self) -> Result<(), ChannelError> {
        let socket = listen(&self.path).await?;
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
        Ok(())
    }

    async fn run(&self, inbox: Arc<dyn Inbox>, stop: CancellationToken) -> Result<(), ChannelError> {
        let socket = match self.opened() {
            Some(socket) => socket,
            None => listen(&self.path).await?,
        };
        self.shared.pulse.received();
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => {}
                accepted = socket.listener.accept() => match accepted {
                    Ok((stream, _)) if may_connect(&stream, socket.owner) => {
                        connections.spawn(serve(stream, Arc::clone(&self.shared), Arc::clone(&inbox)));
                    }
                    Ok(_) => tracing::warn!("another user of this machine tried to chat and was refused"),
                    Err(error) => {
                        self.shared.pulse.failed(error.to_string());
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                },
            }
        }
        connections.shutdown().await;
        Ok(())
    }

    async fn send(&self, message: &Outgoing) -> Result<(), SendError> {
        let number = self.next_number();
        let draft = message.draft.as_ref().and_then(|draft| draft.0.parse().ok());
        let line = FromServer::Message { number, draft, text: message.text.clone(), unasked: message.unasked };
        let Some(seen) = self.shared.clients.show(number, &line) else { return Err(SendError::Offline) };
        match tokio::time::timeout(SEEN, seen).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(SendError::Offline),
            Err(_) => {
                self.shared.clients.give_up(number);
                Err(SendError::later("the terminal did not show it in time"))
            }
        }
    }

    async fn typing(&self, _to: &Address) {
        self.shared.clients.tell(&FromServer::Typing);
    }

    async fn draft(&self, _to: &Address, draft: Option<&Draft>, text: &str) -> Result<Option<Draft>, SendError> {
        if self.shared.clients.is_empty() || !self.may_draw() {
            return Ok(draft.cloned());
        }
        let id = draft.and_then(|draft| draft.0.parse().ok()).unwrap_or_else(|| self.next_number());
        self.shared.clients.tell(&FromServer::Draft { id, text: text.to_owned() });
        Ok(Some(Draft(id.to_string())))
    }

    async fn ask(&self, question: &Question, _shown: Option<&Draft>) -> Result<Draft, SendError> {
        let line = FromServer::Question { code: question.code.clone(), text: question.text.clone() };
        self.shared.questions().insert(question.code.clone(), line.clone());
        self.shared.clients.tell(&line);
        Ok(Draft(question.code.clone()))
    }

    async fn settle(&self, question: &Question, _shown: &Draft, verdict: &str) -> Result<(), SendError> {
        self.shared.questions().remove(&question.code);
        let line = FromServer::Settled { code: question.code.clone(), verdict: verdict.to_owned() };
        self.shared.clients.tell(&line);
        Ok(())
    }

    async fn tool_started(&self, _to: &Address, line: &str) {
        self.shared.clients.tell(&FromServer::Tool { line: line.to_owned() });
    }

    async fn fetch(
        &self,
        _attachment: &Attachment,
        _into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64, FetchError> {
        // No message of the terminal carries a file.
        Err(FetchError::Gone)
    }

    fn ready(&self) -> &Notify {
        &self.shared.ready
    }

    fn health(&self) -> Health {
        self.shared.pulse.read()
    }
}

/// The socket's folder may be open to others: what counts is who is at the other end.
fn may_connect(stream: &UnixStream, owner: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0)
}

/// Serves one client until it leaves or is cut off.
async fn serve(stream: UnixStream, shared: Arc<Shared>, inbox: Arc<dyn Inbox>) {
    let mut wire = lines(stream);
    let Some(person) = introduce(&mut wire).await else { return };
    let Some(mut seat) = shared.clients.join() else {
        tracing::warn!("too many chats are open in terminals: one more was refused");
        return;
    };
    let client = Connection { id: seat.id, person, shared: &shared, inbox: inbox.as_ref() };
    for question in shared.questions().values() {
        shared.clients.tell_one(seat.id, question.clone());
    }
    shared.ready.notify_waiters();
    shared.ready.notify_one();
    let end = seat.end.clone();
    let talk = async {
        // The talk alone ends it.
        tokio::select! {
            ended = client.talk(&mut wire, &mut seat) => ended,
            () = async { client.catch_up().await; std::future::pending().await } => Ok(()),
        }
    };
    if let Some(Err(error)) = end.run_until_cancelled(talk).await {
        tracing::debug!(%error, "a terminal's connection broke");
    }
}

/// Exchanges greetings. `None` if the client is of another version or does not say hello.
async fn introduce(wire: &mut Lines) -> Option<Sender> {
    let line = tokio::time::timeout(HELLO, wire.next()).await.ok()??.ok()?;
    wire.send(encode(&FromServer::Hello { version: VERSION })).await.ok()?;
    match serde_json::from_str(&line) {
        Ok(FromClient::Hello { version: VERSION, language, name }) => Some(sender(name, language)),
        Ok(FromClient::Hello { version, .. }) => {
            tracing::warn!(version, "a terminal of another version was refused");
            None
        }
        _ => None,
    }
}

fn sender(name: String, language: Language) -> Sender {
    let name = if name.trim().is_empty() { OWNER.to_owned() } else { name };
    Sender { id: OWNER.to_owned(), name, username: None, language: Some(language) }
}

/// A client that is connected; it leaves when this is dropped, also by a panic or the end of the daemon.
struct Connection<'a> {
    id: u64,
    person: Sender,
    shared: &'a Shared,
    inbox: &'a dyn Inbox,
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.shared.clients.leave(self.id);
    }
}

impl Connection<'_> {
    async fn talk(&self, wire: &mut Lines, seat: &mut Seat) -> Result<(), tokio_util::codec::LinesCodecError> {
        loop {
            tokio::select! {
                line = seat.lines.recv() => match line {
                    Some(line) => wire.send(encode(&line)).await?,
                    None => return Ok(()),
                },
                line = wire.next() => match line {
                    Some(line) => self.heard(&line?).await,
                    None => return Ok(()),
                },
            }
        }
    }

    /// Says when everything that waited has been shown. It goes the way of the messages, so it does not overtake one.
    async fn catch_up(&self) {
        let mut looks = 0_u32;
        while self.inbox.is_behind(&TerminalServer::owner()).await {
            tokio::time::sleep(LOOK).await;
            looks += 1;
            if looks.is_multiple_of(LOOKS) {
                self.shared.ready.notify_one();
            }
        }
        self.shared.clients.tell_one(self.id, FromServer::Current);
    }

    async fn heard(&self, line: &str) {
        match serde_json::from_str(line) {
            Ok(FromClient::Say { id, text }) => {
                let answer = self.take(id, text).await;
                self.shared.clients.tell_one(self.id, answer);
            }
            Ok(FromClient::Seen { number }) => self.shared.clients.seen(number),
            Ok(FromClient::Hello { .. }) => {}
            Err(error) => tracing::debug!(kind = ?error.classify(), "a line of the terminal is passed over"),
        }
    }

    async fn take(&self, id: String, text: String) -> FromServer {
        let envelope = Envelope {
            foreign: None,
            address: TerminalServer::owner(),
            external_id: id.clone(),
            sender: self.person.clone(),
            text,
            attachments: Vec::new(),
            part: Part::default(),
            received_at: Timestamp::now(),
        };
        match self.inbox.accept(envelope).await {
            Ok(()) => {
                self.shared.pulse.received();
                FromServer::Accepted { id }
            }
            Err(error) => {
                let reason = error.to_string();
                self.shared.pulse.failed(reason.clone());
                FromServer::Refused { id, reason }
            }
        }
    }
}
