//! Calls that are recorded and made again to the same result, and calls that are only rehearsed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::any;
use jiff::Timestamp;
use serde_json::{Value, json};
use steward_agent::{Address, ModelError, Role, Sender};
use steward_sandbox::{
    Answer, AskModel, Held, HeldBack, HttpPolicy, KeySource, ModelQuestion, ModelText, Outcome, PluginSource,
    RecordPolicy, Recorded, Replayed, Requirement, Trial, Vault,
};
use steward_store::AuditFilter;
use steward_tests::Host;
use steward_tests::guests::{KEEPER, KEEPER_MANIFEST, LEDGER, WORDS};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::cage::{Cage, call, source};

const TOKEN: &str = "ghp_0123456789abcdef";

/// A sandbox that records everything, a server that repeats what it is sent, and a model that repeats what it is asked.
struct Studio {
    cage: Cage,
    place: String,
    heard: Arc<Mutex<Vec<String>>>,
    /// Somebody asked at the place where nobody answers.
    asked: Arc<Notify>,
    server: Option<AbortOnDropHandle<()>>,
}

impl Studio {
    async fn open(record: RecordPolicy) -> Self {
        let asked = Arc::new(Notify::new());
        let (place, heard, server) = repeating(Arc::clone(&asked)).await;
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("workspace")).unwrap();
        std::fs::write(folder.path().join("workspace/poem.txt"), "the rain\nin spain\n").unwrap();
        let http =
            HttpPolicy { allow_private: vec![place.clone()], held: record.held.clone(), ..HttpPolicy::default() };
        let cage = Cage::recording(folder, sources(), http, record).await;
        assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
        let vault = Arc::new(Vault::new(cage.store.clone(), KeySource::File(cage.folder.path().join("secret.key"))));
        vault.set("TOKEN", vec![place.clone()], TOKEN.to_owned(), Timestamp::now()).await.unwrap();
        cage.catalogue.connect_vault(vault);
        cage.catalogue.connect_model(Arc::new(Parrot));
        let sender = Sender { id: "1".to_owned(), name: "Olga".to_owned(), username: None, language: None };
        let address = Address { channel: "terminal".to_owned(), chat: "1".to_owned() };
        cage.store.meet("terminal", &sender, Some(Role::Owner), &address, Timestamp::now()).await.unwrap();
        Self { cage, place, heard, asked, server: Some(server) }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.place)
    }

    /// The recording of the last call.
    async fn last(&self) -> (steward_store::AuditEntry, Vec<u8>) {
        self.cage.store.flush().await.unwrap();
        let entry = self.cage.store.calls(AuditFilter::default(), 1).await.unwrap().remove(0);
        let recording = self.cage.store.recording(entry.id).await.unwrap().unwrap();
        (entry, recording)
    }

    async fn again(&self) -> Replayed {
        let (entry, recording) = self.last().await;
        self.cage.catalogue.replay(entry, &recording, false).await.unwrap()
    }

    /// Makes a call, then again from its recording, and gives its answer.
    async fn twice(&self, tool: &str, input: Value) -> Answer {
        let answer = self.cage.own(tool, input).await;
        let again = self.again().await;
        assert_eq!(again.difference, None, "{tool}");
        assert_eq!((again.answer.outcome, &again.answer.text), (answer.outcome, &answer.text), "{tool}");
        assert_eq!(again.answer.structured, answer.structured, "{tool}");
        answer
    }
}

/// A plugin, a program that reads a file, and typed functions.
fn sources() -> Vec<PluginSource> {
    let files = Trial { grants: vec![Requirement::parse("files").unwrap()], ..Trial::default() };
    vec![
        source("keeper", KEEPER, KEEPER_MANIFEST),
        files.source("words", WORDS.to_vec()),
        Trial::default().source("ledger", LEDGER.to_vec()),
    ]
}

struct Parrot;

#[async_trait]
impl AskModel for Parrot {
    async fn ask(&self, question: ModelQuestion) -> Result<ModelText, ModelError> {
        Ok(ModelText { text: format!("You asked: {}", question.prompt), cut: false })
    }
}

async fn repeating(asked: Arc<Notify>) -> (String, Arc<Mutex<Vec<String>>>, AbortOnDropHandle<()>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let repeat = move |headers: HeaderMap, body: String| async move {
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let text = format!("{} {body}", authorization.unwrap_or_default());
        hear.lock().unwrap().push(text.clone());
        text
    };
    let never = move || async move {
        asked.notify_one();
        std::future::pending::<()>().await;
    };
    let router = Router::new().route("/", any(repeat)).route("/never", any(never));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (place, heard, AbortOnDropHandle::new(serving))
}

fn everything() -> RecordPolicy {
    RecordPolicy { which: Recorded::Everything, ..RecordPolicy::default() }
}

#[tokio::test]
async fn a_recorded_call_comes_to_the_same_without_reaching_anything() {
    let mut studio = Studio::open(everything()).await;
    for count in ["1", "2"] {
        assert_eq!(studio.twice("count", json!({})).await.text, count);
    }
    assert_eq!(studio.twice("keep", json!({ "key": "tea", "word": "green" })).await.text, "kept");
    assert_eq!(studio.twice("ponder", json!({ "prompt": "why?" })).await.text, "You asked: why?");
    let posted = studio.twice("post", json!({ "url": studio.url(), "text": "hello ".repeat(10_000) })).await;
    assert!(posted.text.len() > 60_000, "{} bytes", posted.text.len());
    let denied = studio.twice("post", json!({ "url": "http://127.0.0.1:9/", "text": "x" })).await;
    assert_eq!(denied.outcome, Outcome::Denied, "{}", denied.text);
    assert_eq!(studio.twice("words", json!({ "file": "poem.txt" })).await.structured, Some(json!({ "words": 4 })));
    let missing = studio.twice("words", json!({ "file": "nothing.txt" })).await;
    assert!(missing.failed() && missing.text.contains("nothing.txt"), "{}", missing.text);
    assert_eq!(studio.twice("reverse", json!({ "data": "AQID" })).await.structured, None);

    // Nothing of what was there is needed, and nothing of it changes.
    studio.cage.own("post", json!({ "url": studio.url(), "text": "once" })).await;
    let heard = studio.heard.lock().unwrap().len();
    studio.server = None;
    std::fs::remove_dir_all(studio.cage.folder.path().join("workspace")).unwrap();
    let again = studio.again().await;
    assert!(again.difference.is_none() && again.answer.text.contains("once"), "{again:?}");
    assert_eq!(studio.heard.lock().unwrap().len(), heard);
    assert!(!studio.cage.folder.path().join("workspace").exists());
}

#[tokio::test]
async fn a_call_that_was_stopped_comes_to_the_same_point() {
    let studio = Studio::open(everything()).await;
    let call = call(Role::Owner, "post", json!({ "url": format!("{}never", studio.url()), "text": "hello?" }));
    let cancel = call.cancel.clone();
    let stopped = async {
        studio.asked.notified().await;
        cancel.cancel();
    };
    let (answer, ()) = tokio::join!(studio.cage.catalogue.call(call), stopped);
    assert_eq!(answer.outcome, Outcome::Cancelled, "{}", answer.text);
    let again = studio.again().await;
    assert!(again.given_up && again.difference.is_none(), "{again:?}");
    assert_eq!(again.recorded.outcome, "cancelled");
}

#[tokio::test]
async fn no_recording_holds_the_value_of_a_secret() {
    let studio = Studio::open(everything()).await;
    let sent = studio.twice("send_token", json!({ "url": studio.url() })).await;
    assert_eq!(sent.text.trim(), "Bearer [secret TOKEN]");
    assert!(studio.heard.lock().unwrap().last().unwrap().contains(TOKEN), "the secret did arrive");
    let (_, recording) = studio.last().await;
    let text = String::from_utf8(recording).unwrap();
    // Bytes are written as base64: of `Bearer {{secret:TOKEN}}`, and of what was sent in its place.
    assert!(text.contains("QmVhcmVyIHt7c2VjcmV0OlRPS0VOfX0="), "{text}");
    assert!(!text.contains(TOKEN) && !text.contains("QmVhcmVyIGdocF8wMTIzNDU2Nzg5YWJjZGVm"), "{text}");

    // A guest that reads a value where the owner left it lying about.
    std::fs::write(studio.cage.folder.path().join("workspace/note.txt"), format!("it is {TOKEN}")).unwrap();
    let kept = json!({ "key": "a", "word": TOKEN });
    for (tool, input) in [("words", json!({ "file": "note.txt" })), ("keep", kept)] {
        studio.cage.own(tool, input).await;
        let (entry, recording) = studio.last().await;
        let told = studio.cage.catalogue.replay(entry, &recording, false).await.unwrap_err().to_string();
        assert!(told.contains("the value of the secret TOKEN"), "{told}");
        assert!(!String::from_utf8(recording).unwrap().contains("ghp_"));
    }
}

#[tokio::test]
async fn a_rehearsed_call_holds_back_what_would_go_out() {
    let held = Arc::new(Held::default());
    let studio = Studio::open(RecordPolicy { held: Some(Arc::clone(&held)), ..RecordPolicy::default() }).await;
    let post = studio.cage.own("post", json!({ "url": studio.url(), "text": "secret plans" })).await;
    assert_eq!(post.outcome, Outcome::Denied, "{}", post.text);
    assert!(post.text.contains("this is a dry run: the POST request to 127.0.0.1 was held back"), "{}", post.text);
    let ponder = studio.cage.own("ponder", json!({ "prompt": "why?" })).await;
    assert_eq!(ponder.outcome, Outcome::Unavailable, "{}", ponder.text);
    let held = held.all();
    let [HeldBack::Request { method, url, headers, body, size }, HeldBack::Call { function, arguments }] = &held[..]
    else {
        panic!("{held:?}")
    };
    assert_eq!((method.as_str(), url, body.as_str(), *size), ("POST", &studio.url(), "secret plans", 12));
    assert!(headers.contains(&"content-type".to_owned()), "{headers:?}");
    assert_eq!(function, "steward:plugin/model#ask");
    assert!(arguments[0].contains("why?"), "{arguments:?}");
    assert!(studio.heard.lock().unwrap().is_empty());

    let asked = studio.cage.own("send_token", json!({ "url": studio.url() })).await;
    assert_eq!(asked.outcome, Outcome::Ok, "what only asks is sent: {}", asked.text);
}

/// A program with a configuration that records all, a message to itself, and files.
struct Desk(Host);

impl Desk {
    fn new() -> Self {
        let desk = Self(Host::builder().configuration("[audit]\nrecord = [\"words\"]\n").prepare());
        std::fs::create_dir_all(desk.path("workspace/notes")).unwrap();
        std::fs::write(desk.path("workspace/notes/a.md"), "one\ntwo\n").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.data().with_file_name(name)
    }

    async fn dry(&self, tool: &str, input: Value) -> String {
        // The first one compiles every plugin.
        let printed = self.0.compile(&["plugin", "dry-run", tool, &input.to_string()]).await;
        assert!(printed.status.success(), "{tool}: {}", printed.text);
        printed.text
    }
}

#[tokio::test]
async fn a_call_is_made_again_from_the_command_line() {
    let desk = Desk::new();
    std::fs::write(desk.path("words.wasm"), WORDS).unwrap();
    let file = desk.path("words.wasm");
    let file = file.to_str().unwrap();
    let ran = desk.0.run(&["plugin", "run", file, "words", r#"{"text": "so it is"}"#]).await;
    assert!(ran.status.success(), "{}", ran.text);
    let listed = desk.0.run(&["audit", "--json"]).await;
    let call: Value = serde_json::from_str(listed.text.lines().next().unwrap()).unwrap();
    assert_eq!(call["recorded"], true, "{call}");
    let id = call["id"].to_string();
    let table = desk.0.run(&["audit"]).await;
    assert!(table.text.contains(&format!("{id} ⏺")), "{}", table.text);

    // This compiles every plugin.
    let alone = desk.0.compile(&["audit", "replay", &id]).await;
    assert!(!alone.status.success() && alone.text.contains("is not installed"), "{}", alone.text);
    let again = desk.0.run(&["audit", "replay", &id, "--file", file]).await;
    assert!(again.status.success(), "{}", again.text);
    assert!(again.text.contains(r#"{"words":3}"#) && again.text.contains("The same as when it was recorded"));
    std::fs::write(desk.path("other.wasm"), LEDGER).unwrap();
    let other = desk.path("other.wasm");
    let other = desk.0.run(&["audit", "replay", &id, "--file", other.to_str().unwrap()]).await;
    assert!(!other.status.success() && other.text.contains("has changed since"), "{}", other.text);
    let nothing = desk.0.run(&["audit", "replay", "99"]).await;
    assert!(!nothing.status.success() && nothing.text.contains("there is no call 99"), "{}", nothing.text);
}

#[tokio::test]
async fn a_dry_run_tells_what_a_call_would_do_and_does_nothing() {
    let desk = Desk::new();
    // Everything is compiled and the owner is known.
    let listed = desk.dry("list", json!({})).await;
    assert!(listed.contains("would send nothing and change nothing") && listed.contains("notes/"), "{listed}");
    let database = std::fs::read(desk.path("data/steward.sqlite")).unwrap();

    let written = desk.dry("write", json!({ "path": "notes/a.md", "content": "one\n2\n" })).await;
    assert!(written.contains("- would change notes/a.md: 6 B\n  - two\n  + 2\n"), "{written}");
    let noted = desk.dry("memory_append", json!({ "content": "Anna likes tea." })).await;
    assert!(noted.contains("would write MEMORY.md") && noted.contains("Anna likes tea."), "{noted}");
    let planned = desk.dry("schedule_task", json!({ "title": "water the plants", "time": "in 2 hours" })).await;
    assert!(planned.contains("would schedule “water the plants” for"), "{planned}");
    let sent = desk.dry("send_to_user", json!({ "user": "owner", "message": "Hello!" })).await;
    assert!(sent.contains("would send a message to the chat owner (terminal):\n  Hello!"), "{sent}");
    let refused = desk.0.run(&["plugin", "dry-run", "nonsense"]).await;
    assert!(!refused.status.success() && refused.text.contains("There is no tool `nonsense`"), "{}", refused.text);

    assert_eq!(std::fs::read_to_string(desk.path("workspace/notes/a.md")).unwrap(), "one\ntwo\n");
    assert!(!desk.path("workspace/MEMORY.md").exists());
    let after = std::fs::read(desk.path("data/steward.sqlite")).unwrap();
    assert!(after == database, "the database was written to");
    let audit = desk.0.run(&["audit"]).await;
    assert!(audit.text.contains("No tool calls match"), "{}", audit.text);
}
