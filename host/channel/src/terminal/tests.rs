//! The daemon's side and the person's side together, over a real socket.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use steward_agent::{Address, Choice, Decision, Draft, Envelope, Language, Outgoing, Question};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::link::{Event, Link, Voice};
use super::piped::{Input, Script, converse};
use super::protocol::{FromClient, FromServer, VERSION, encode, lines};
use super::questions::Questions;
use crate::{Channel, ChannelError, Inbox, SendError, TerminalServer};

const PATIENCE: Duration = Duration::from_secs(20);

type Offer = (Envelope, oneshot::Sender<Result<(), ChannelError>>);

struct Offers {
    sender: mpsc::UnboundedSender<Offer>,
    behind: Arc<AtomicBool>,
}

#[async_trait]
impl Inbox for Offers {
    async fn accept(&self, envelope: Envelope) -> Result<(), ChannelError> {
        let (answer, kept) = oneshot::channel();
        self.sender.send((envelope, answer)).unwrap();
        kept.await.unwrap_or_else(|_| Err(ChannelError::Inbox("the disk is full".into())))
    }

    async fn is_behind(&self, _to: &Address) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}

/// A daemon that listens.
struct Daemon {
    server: Arc<TerminalServer>,
    offers: mpsc::UnboundedReceiver<Offer>,
    behind: Arc<AtomicBool>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), ChannelError>>,
}

impl Daemon {
    async fn start(path: &PathBuf) -> Self {
        let (sender, offers) = mpsc::unbounded_channel();
        let server = Arc::new(TerminalServer::new(path));
        let stop = CancellationToken::new();
        let behind = Arc::new(AtomicBool::new(false));
        let (channel, token) = (Arc::clone(&server), stop.clone());
        let inbox = Arc::new(Offers { sender, behind: Arc::clone(&behind) });
        let running = tokio::spawn(async move { channel.run(inbox, token).await });
        within(async {
            while server.health().last_ok.is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self { server, offers, behind, stop, running }
    }

    async fn stop(self) {
        self.stop.cancel();
        within(self.running).await.unwrap().unwrap();
    }

    async fn keep(&mut self) -> Envelope {
        let (envelope, answer) = within(self.offers.recv()).await.unwrap();
        answer.send(Ok(())).unwrap();
        envelope
    }

    fn send(&self, text: &str, unasked: bool) -> JoinHandle<Result<(), SendError>> {
        let (server, message) = (Arc::clone(&self.server), outgoing(text, unasked));
        tokio::spawn(async move { server.send(&message).await })
    }
}

fn outgoing(text: &str, unasked: bool) -> Outgoing {
    Outgoing { to: owner(), text: text.into(), draft: None, unasked }
}

fn owner() -> Address {
    Address { channel: "terminal".into(), chat: "owner".into() }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it took too long")
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("steward.sock");
    (folder, path)
}

fn script<Out, Notes>(
    out: Out,
    notes: Notes,
    voice: Voice,
    lines: mpsc::Receiver<Result<String, std::io::Error>>,
) -> Script<Out, Notes> {
    let (input, questions) = (Input::new(lines), Questions::default());
    let (decided, current) = (false, false);
    Script { out, notes, voice, language: Language::En, patience: PATIENCE, input, questions, decided, current }
}

/// The next event but that nothing waits.
async fn event(link: &mut Link) -> Event {
    loop {
        match within(link.events.recv()).await.unwrap() {
            Event::Heard(FromServer::Current) => {}
            event => return event,
        }
    }
}

async fn heard(link: &mut Link) -> FromServer {
    match event(link).await {
        Event::Heard(line) => line,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_said_is_accepted_once_it_is_kept() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let mut link = Link::connect(&path, Language::Ru).await.unwrap();
    link.voice.say("привет\nмир".into()).await.unwrap();
    let (envelope, answer) = within(daemon.offers.recv()).await.unwrap();
    let early = link.events.try_recv();
    assert!(!matches!(early, Ok(Event::Heard(FromServer::Accepted { .. }))), "it is not on disk yet");
    answer.send(Ok(())).unwrap();
    assert_eq!(heard(&mut link).await, FromServer::Accepted { id: envelope.external_id.clone() });
    assert_eq!((envelope.address, envelope.text.as_str()), (owner(), "привет\nмир"));
    assert_eq!((envelope.sender.id.as_str(), envelope.sender.language), ("owner", Some(Language::Ru)));
    link.voice.say("more".into()).await.unwrap();
    drop(within(daemon.offers.recv()).await.unwrap());
    assert!(matches!(heard(&mut link).await, FromServer::Refused { reason, .. } if reason.contains("disk is full")));
    daemon.stop().await;
}

#[tokio::test]
async fn a_message_is_sent_when_it_was_seen() {
    let (_folder, path) = place();
    let daemon = Daemon::start(&path).await;
    assert_eq!(daemon.server.send(&outgoing("hi", false)).await, Err(SendError::Offline));
    let mut link = Link::connect(&path, Language::En).await.unwrap();
    within(daemon.server.ready().notified()).await;
    let sending = daemon.send("hi", true);
    let FromServer::Message { number, text, unasked: true, .. } = heard(&mut link).await else { panic!("no message") };
    assert!(text == "hi" && !sending.is_finished());
    link.voice.seen(number).await.unwrap();
    assert_eq!(within(sending).await.unwrap(), Ok(()));
    daemon.stop().await;
}

#[tokio::test]
async fn a_message_that_nobody_saw_is_not_lost() {
    let (_folder, path) = place();
    let daemon = Daemon::start(&path).await;
    let mut link = Link::connect(&path, Language::En).await.unwrap();
    within(daemon.server.ready().notified()).await;
    let sending = daemon.send("hi", true);
    heard(&mut link).await;
    link.close().await;
    assert_eq!(within(sending).await.unwrap(), Err(SendError::Offline));
    let sending = daemon.send("hi", true);
    assert_eq!(within(sending).await.unwrap(), Err(SendError::Offline));
    daemon.stop().await;
}

#[tokio::test]
async fn everybody_connected_sees_the_same() {
    let (_folder, path) = place();
    let daemon = Daemon::start(&path).await;
    let mut links = Vec::new();
    for _ in 0..2 {
        links.push(Link::connect(&path, Language::En).await.unwrap());
        within(daemon.server.ready().notified()).await;
    }
    // The permit kept for who was not waiting is used up; both are here.
    let draft = within(async {
        loop {
            if let Some(draft) = daemon.server.draft(&owner(), None, "Hel").await.unwrap() {
                break draft;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    daemon.server.tool_started(&owner(), "🔧 read").await;
    daemon.server.typing(&owner()).await;
    let again = daemon.server.draft(&owner(), Some(&draft), "Hello").await.unwrap();
    assert_eq!(again, Some(draft.clone()), "it throttles itself");
    let message = Outgoing { draft: Some(Draft(draft.0.clone())), ..outgoing("Hello", false) };
    let server = Arc::clone(&daemon.server);
    let sending = tokio::spawn(async move { server.send(&message).await });
    let id: u64 = draft.0.parse().unwrap();
    let last = links.last_mut().unwrap();
    assert_eq!(heard(last).await, FromServer::Draft { id, text: "Hel".into() });
    assert_eq!(heard(last).await, FromServer::Tool { line: "🔧 read".into() });
    assert_eq!(heard(last).await, FromServer::Typing);
    let FromServer::Message { number, draft, .. } = heard(last).await else { panic!("no message") };
    assert_eq!(draft, Some(id));
    last.voice.seen(number).await.unwrap();
    assert_eq!(within(sending).await.unwrap(), Ok(()));
    daemon.stop().await;
}

#[tokio::test]
async fn a_restart_is_survived_and_what_was_not_accepted_is_said_again() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let mut link = Link::connect(&path, Language::En).await.unwrap();
    link.voice.say("important".into()).await.unwrap();
    let (first, answer) = within(daemon.offers.recv()).await.unwrap();
    // The daemon dies before it could say that the message is on disk.
    daemon.stop().await;
    drop(answer);
    assert_eq!(event(&mut link).await, Event::Lost);
    let mut daemon = Daemon::start(&path).await;
    assert_eq!(event(&mut link).await, Event::Back);
    let second = daemon.keep().await;
    assert_eq!((second.external_id, second.text), (first.external_id, first.text));
    assert!(matches!(heard(&mut link).await, FromServer::Accepted { .. }));
    daemon.stop().await;
}

#[tokio::test]
async fn strangers_and_other_versions_are_sent_away() {
    let (_folder, path) = place();
    assert!(matches!(Link::connect(&path, Language::En).await, Err(ChannelError::NotRunning(_))));
    let daemon = Daemon::start(&path).await;
    let hello = FromClient::Hello { version: VERSION + 1, language: Language::En, name: String::new() };
    for first in [encode(&hello), "GET / HTTP/1.1".to_owned(), "{}".to_owned()] {
        let mut wire = lines(UnixStream::connect(&path).await.unwrap());
        wire.send(first).await.unwrap();
        let answer = within(wire.next()).await.unwrap().unwrap();
        assert_eq!(answer, encode(&FromServer::Hello { version: VERSION }));
        assert!(within(wire.next()).await.is_none());
    }
    assert!(matches!(daemon.server.send(&outgoing("x", false)).await, Err(SendError::Offline)));
    daemon.stop().await;
}

#[tokio::test]
async fn a_script_sends_a_line_after_the_one_before_was_answered() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let link = Link::connect(&path, Language::En).await.unwrap();
    let (input, input_lines) = mpsc::channel(8);
    for line in ["one\n", "\n", "two\r\n"] {
        input.send(Ok(line.to_owned())).await.unwrap();
    }
    drop(input);
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let voice = link.voice.clone();
    let script = script(&mut out, &mut notes, voice, input_lines);
    let people = async {
        assert_eq!(daemon.keep().await.text, "one");
        daemon.server.tool_started(&owner(), "🔧 tool").await;
        assert_eq!(within(daemon.send("Buy milk", true)).await.unwrap(), Ok(()));
        assert!(daemon.offers.try_recv().is_err(), "the first line is not answered yet");
        assert_eq!(within(daemon.send("**first**\n", false)).await.unwrap(), Ok(()));
        assert_eq!(daemon.keep().await.text, "two");
        assert_eq!(within(daemon.send("sec\x1bond", false)).await.unwrap(), Ok(()));
    };
    let (ended, ()) = within(async { tokio::join!(converse(link, script), people) }).await;
    ended.unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "Buy milk\n**first**\nsecond\n");
    assert_eq!(String::from_utf8(notes).unwrap(), "🔧 tool\n");
    daemon.stop().await;
}

#[tokio::test]
async fn a_script_does_not_wait_for_ever() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let link = Link::connect(&path, Language::En).await.unwrap();
    let (input, input_lines) = mpsc::channel(8);
    input.send(Ok("one".to_owned())).await.unwrap();
    let mut script = script(Vec::new(), Vec::new(), link.voice.clone(), input_lines);
    script.patience = Duration::from_millis(300);
    let (ended, _) = tokio::join!(converse(link, script), daemon.keep());
    assert!(matches!(ended, Err(ChannelError::NoAnswer(_))));
    daemon.stop().await;
}

#[tokio::test]
async fn what_waited_is_printed_and_answers_no_line_of_a_script() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    daemon.behind.store(true, Ordering::Relaxed);
    let link = Link::connect(&path, Language::En).await.unwrap();
    within(daemon.server.ready().notified()).await;
    let (input, input_lines) = mpsc::channel(8);
    input.send(Ok("one".to_owned())).await.unwrap();
    drop(input);
    let mut out = Vec::new();
    let script = script(&mut out, Vec::new(), link.voice.clone(), input_lines);
    let people = async {
        for text in ["old", "older"] {
            assert_eq!(within(daemon.send(text, false)).await.unwrap(), Ok(()));
        }
        assert!(daemon.offers.try_recv().is_err(), "more may be waiting");
        daemon.behind.store(false, Ordering::Relaxed);
        assert_eq!(daemon.keep().await.text, "one");
        assert_eq!(within(daemon.send("new", false)).await.unwrap(), Ok(()));
    };
    let (ended, ()) = within(async { tokio::join!(converse(link, script), people) }).await;
    ended.unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "old\nolder\nnew\n");
    daemon.stop().await;
}

#[tokio::test]
async fn what_nobody_reads_any_more_was_not_seen() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let link = Link::connect(&path, Language::En).await.unwrap();
    let (input, input_lines) = mpsc::channel(8);
    input.send(Ok("one".to_owned())).await.unwrap();
    let (closed, _) = tokio::io::duplex(64);
    let script = script(closed, Vec::new(), link.voice.clone(), input_lines);
    let people = async {
        daemon.keep().await;
        assert_eq!(within(daemon.send("answer", false)).await.unwrap(), Err(SendError::Offline));
    };
    let (ended, ()) = within(async { tokio::join!(converse(link, script), people) }).await;
    assert!(matches!(ended, Err(ChannelError::NobodyReads)));
}

fn question(code: &str) -> Question {
    let choice = |decision: Decision| Choice { label: "x".into(), command: decision.command(code) };
    let (approve, deny) = (choice(Decision::Approve), choice(Decision::Deny));
    Question { to: owner(), code: code.into(), text: format!("May I {code}?"), approve, deny, more: None }
}

#[tokio::test]
async fn a_question_waits_for_whoever_connects_until_it_is_decided() {
    let (_folder, path) = place();
    let daemon = Daemon::start(&path).await;
    let shown = daemon.server.ask(&question("K7QX"), None).await.unwrap();
    let mut link = Link::connect(&path, Language::En).await.unwrap();
    let asked = FromServer::Question { code: "K7QX".into(), text: "May I K7QX?".into() };
    assert_eq!(heard(&mut link).await, asked);
    daemon.server.settle(&question("K7QX"), &shown, "Allowed.").await.unwrap();
    assert_eq!(heard(&mut link).await, FromServer::Settled { code: "K7QX".into(), verdict: "Allowed.".into() });
    let mut later = Link::connect(&path, Language::En).await.unwrap();
    daemon.server.tool_started(&owner(), "line").await;
    assert_eq!(heard(&mut later).await, FromServer::Tool { line: "line".into() });
    daemon.stop().await;
}

#[tokio::test]
async fn the_next_line_of_a_script_answers_a_question_and_without_one_it_is_denied() {
    let (_folder, path) = place();
    let mut daemon = Daemon::start(&path).await;
    let link = Link::connect(&path, Language::En).await.unwrap();
    let (input, input_lines) = mpsc::channel(8);
    for line in ["do it", "yes", "do more"] {
        input.send(Ok(line.to_owned())).await.unwrap();
    }
    drop(input);
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let script = script(&mut out, &mut notes, link.voice.clone(), input_lines);
    let people = async {
        assert_eq!(daemon.keep().await.text, "do it");
        let shown = daemon.server.ask(&question("AAAA"), None).await.unwrap();
        assert_eq!(daemon.keep().await.text, "/approve AAAA");
        daemon.server.settle(&question("AAAA"), &shown, "Allowed.").await.unwrap();
        let shown = daemon.server.ask(&question("BBBB"), None).await.unwrap();
        assert_eq!(daemon.keep().await.text, "/deny BBBB", "the next line is not an answer");
        daemon.server.settle(&question("BBBB"), &shown, "Denied.").await.unwrap();
        assert_eq!(within(daemon.send("done", false)).await.unwrap(), Ok(()));
        assert_eq!(daemon.keep().await.text, "do more", "and it is not lost");
        let shown = daemon.server.ask(&question("CCCC"), None).await.unwrap();
        assert_eq!(daemon.keep().await.text, "/deny CCCC", "the input has ended");
        daemon.server.settle(&question("CCCC"), &shown, "Denied.").await.unwrap();
        assert_eq!(within(daemon.send("not done", false)).await.unwrap(), Ok(()));
    };
    let (ended, ()) = within(async { tokio::join!(converse(link, script), people) }).await;
    ended.unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "done\nnot done\n");
    let notes = String::from_utf8(notes).unwrap();
    assert!(notes.starts_with("May I AAAA?\ny: allow it"), "{notes}");
    assert_eq!(notes.matches("neither yes nor no").count(), 2, "{notes}");
    daemon.stop().await;
}
