//! The client's connection to the daemon. It comes back by itself when the daemon restarts, and says again what was
//! not accepted before; the ids stay, so nothing is taken twice.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use steward_agent::Language;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::protocol::{FromClient, FromServer, Lines, VERSION, encode, lines};
use crate::ChannelError;

const HELLO: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long the end of the chat waits for what was said last to be accepted.
const FAREWELL: Duration = Duration::from_secs(5);
const BACKLOG: usize = 256;

/// What happens on the connection.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    Heard(FromServer),
    Lost,
    Back,
    /// The daemon was replaced by one of this version: nothing more will be heard.
    Version(u32),
}

/// The chat's end of a connection that is kept up by a separate task.
pub(super) struct Link {
    pub(super) voice: Voice,
    pub(super) events: mpsc::Receiver<Event>,
    keeper: JoinHandle<()>,
}

/// What the chat may say.
#[derive(Clone)]
pub(super) struct Voice(mpsc::Sender<FromClient>);

impl Voice {
    /// Says it under a new id.
    pub(super) async fn say(&self, text: String) -> Result<(), ChannelError> {
        let id = format!("{:032x}", rand::random::<u128>());
        self.tell(FromClient::Say { id, text }).await
    }

    /// Confirms that a message was shown.
    pub(super) async fn seen(&self, number: u64) -> Result<(), ChannelError> {
        self.tell(FromClient::Seen { number }).await
    }

    async fn tell(&self, line: FromClient) -> Result<(), ChannelError> {
        let gone = |_| ChannelError::Terminal("the connection to Steward ended".to_owned());
        self.0.send(line).await.map_err(gone)
    }

    /// The same from a thread that may block. Whether the connection is still kept is of no interest there.
    pub(super) fn seen_blocking(&self, number: u64) {
        let _ = self.0.blocking_send(FromClient::Seen { number });
    }
}

impl Link {
    /// Connects for the first time.
    ///
    /// # Errors
    /// Nobody listens there, or someone who speaks another version.
    pub(super) async fn connect(socket: &Path, language: Language) -> Result<Self, ChannelError> {
        let name = std::env::var("USER").unwrap_or_default();
        let hello = FromClient::Hello { version: VERSION, language, name };
        let wire = open(socket, &hello).await?;
        let (voice, said) = mpsc::channel(BACKLOG);
        let (told, events) = mpsc::channel(BACKLOG);
        let keeper = Keeper { socket: socket.to_owned(), hello, said, told, unaccepted: VecDeque::new() };
        Ok(Self { voice: Voice(voice), events, keeper: tokio::spawn(keeper.run(wire)) })
    }

    /// Ends the connection after what was said is accepted, or cannot be in time. All voices must be gone by then.
    pub(super) async fn close(self) {
        let Self { voice, mut events, mut keeper } = self;
        drop(voice);
        let drained = async { tokio::join!(async { while events.recv().await.is_some() {} }, &mut keeper).1 };
        if tokio::time::timeout(FAREWELL, drained).await.is_err() {
            keeper.abort();
        }
    }
}

async fn open(socket: &Path, hello: &FromClient) -> Result<Lines, ChannelError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => ChannelError::NotRunning(socket.to_owned()),
        ErrorKind::PermissionDenied => broken(socket, "it belongs to another user"),
        _ => broken(socket, error),
    };
    let mut wire = lines(UnixStream::connect(socket).await.map_err(failed)?);
    wire.send(encode(hello)).await.map_err(|error| broken(socket, error))?;
    let answer = tokio::time::timeout(HELLO, wire.next()).await;
    let Ok(Some(Ok(line))) = answer else { return Err(broken(socket, "Steward did not answer there")) };
    match serde_json::from_str(&line) {
        Ok(FromServer::Hello { version: VERSION }) => Ok(wire),
        Ok(FromServer::Hello { version }) => Err(ChannelError::Version { ours: VERSION, theirs: version }),
        _ => Err(broken(socket, "what answers there is not Steward")),
    }
}

fn broken(socket: &Path, reason: impl ToString) -> ChannelError {
    ChannelError::Socket { path: socket.to_owned(), reason: reason.to_string() }
}

/// How a connection ended.
enum End {
    /// The chat is over.
    Done,
    Broken,
}

struct Keeper {
    socket: PathBuf,
    hello: FromClient,
    said: mpsc::Receiver<FromClient>,
    told: mpsc::Sender<Event>,
    /// What was said and is not known to be on disk.
    unaccepted: VecDeque<(String, String)>,
}

impl Keeper {
    async fn run(mut self, mut wire: Lines) {
        while let End::Broken = self.talk(&mut wire).await {
            if self.told.send(Event::Lost).await.is_err() {
                return;
            }
            wire = match self.reopen().await {
                Ok(wire) => wire,
                Err(version) => {
                    // The chat may be closed already.
                    let _ = self.told.send(Event::Version(version)).await;
                    return;
                }
            };
            if self.told.send(Event::Back).await.is_err() {
                return;
            }
        }
    }

    /// Speaks and listens until the chat is over or the connection breaks.
    async fn talk(&mut self, wire: &mut Lines) -> End {
        for (id, text) in &self.unaccepted {
            if wire.send(encode(&FromClient::Say { id: id.clone(), text: text.clone() })).await.is_err() {
                return End::Broken;
            }
        }
        let mut over = false;
        loop {
            if over && self.unaccepted.is_empty() {
                return End::Done;
            }
            tokio::select! {
                said = self.said.recv(), if !over => match said {
                    None => over = true,
                    Some(line) => if !self.speak(wire, line).await { return End::Broken },
                },
                heard = wire.next() => match heard {
                    Some(Ok(line)) => if !self.hear(&line).await { return End::Done },
                    _ => return End::Broken,
                },
            }
        }
    }

    async fn speak(&mut self, wire: &mut Lines, line: FromClient) -> bool {
        let text = encode(&line);
        if let FromClient::Say { id, text } = line {
            self.unaccepted.push_back((id, text));
        }
        wire.send(text).await.is_ok()
    }

    /// False when nobody listens any more.
    async fn hear(&mut self, line: &str) -> bool {
        let Ok(heard) = serde_json::from_str(line) else { return true };
        if let FromServer::Accepted { id } | FromServer::Refused { id, .. } = &heard {
            self.unaccepted.retain(|(known, _)| known != id);
        }
        self.told.send(Event::Heard(heard)).await.is_ok()
    }

    /// Connects again, however long it takes. What is said meanwhile waits; what was seen is no longer of interest.
    async fn reopen(&mut self) -> Result<Lines, u32> {
        let mut pause = FIRST_PAUSE;
        loop {
            match open(&self.socket, &self.hello).await {
                Ok(wire) => return Ok(wire),
                Err(ChannelError::Version { theirs, .. }) => return Err(theirs),
                Err(error) => tracing::debug!(%error, "not connected yet"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
