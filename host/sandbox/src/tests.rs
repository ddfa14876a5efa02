//! Calls through the whole sandbox, with guests that behave and guests that do not.

mod loading;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use steward_agent::{Address, Language, Origin, PersonId, Principal, Role, Sender, SessionId};
use steward_store::Store;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::guest::{self, Guest, manifest};
use crate::{
    Answer, Call, Catalogue, Compiler, HttpPolicy, Limits, Outcome, PluginSource, RecordPolicy, Roles, SandboxConfig,
    ShippedPlugin, inspect,
};

/// A catalogue over a store and folders of its own.
pub(crate) struct Sandbox {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) owner: PersonId,
}

pub(crate) fn plugin(name: &str, guest: &Guest, rest: &str) -> PluginSource {
    PluginSource { name: name.to_owned(), wasm: guest.wasm().into(), manifest: manifest(name, rest) }
}

pub(crate) fn plain(name: &'static str, body: &'static str) -> PluginSource {
    plugin(name, &Guest::new(name.replace('-', "_").leak(), body), "")
}

const MEMORY: &str = "[capabilities]\nmemory = {}\n";

impl Sandbox {
    pub(crate) async fn new(sources: Vec<PluginSource>) -> Self {
        Self::within(tempfile::tempdir().unwrap(), HttpPolicy::default(), sources).await
    }

    pub(crate) async fn within(folder: TempDir, http: HttpPolicy, sources: Vec<PluginSource>) -> Self {
        Self::made(folder, http, RecordPolicy::default(), sources).await
    }

    pub(crate) async fn made(
        folder: TempDir,
        http: HttpPolicy,
        record: RecordPolicy,
        sources: Vec<PluginSource>,
    ) -> Self {
        let (config, owner) = Self::config(&folder).await;
        let (store, config) = (config.store.clone(), SandboxConfig { http, record, ..config });
        let catalogue = Arc::new(Catalogue::load(config, sources).await.unwrap());
        Self { folder, store, catalogue, owner }
    }

    /// The same with plugins that belong to the program.
    async fn shipped(compiler: Compiler, plugins: Vec<ShippedPlugin>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (config, owner) = Self::config(&folder).await;
        let (store, config) = (config.store.clone(), SandboxConfig { compiler, ..config });
        let catalogue = Arc::new(Catalogue::load_shipped(config, plugins).await.unwrap());
        Self { folder, store, catalogue, owner }
    }

    async fn config(folder: &TempDir) -> (SandboxConfig, PersonId) {
        let workspace = folder.path().join("workspace");
        std::fs::create_dir_all(&workspace).unwrap();
        let store = Store::open(&folder.path().join("steward.sqlite")).unwrap();
        let address = Address { channel: "terminal".to_owned(), chat: "1".to_owned() };
        let sender = Sender { id: "1".to_owned(), name: "Olga".to_owned(), username: None, language: None };
        let owner = store.meet("terminal", &sender, Some(Role::Owner), &address, jiff::Timestamp::now()).await.unwrap();
        let config = SandboxConfig {
            compiled: folder.path().join("compiled"),
            compiler: Compiler::InProcess,
            workspace,
            people: folder.path().join("people"),
            store,
            time_zone: TimeZone::UTC,
            roles: Roles::default(),
            events: None,
            http: HttpPolicy::default(),
            record: RecordPolicy::default(),
            limits: Limits::default(),
        };
        (config, owner.id)
    }

    /// Ends the program; its folder stays.
    pub(crate) async fn stop(self) -> TempDir {
        self.catalogue.close().await;
        self.store.close().await;
        self.folder
    }

    pub(crate) fn ask(&self, tool: &str, input: Value) -> Call {
        Call {
            principal: Principal {
                person: self.owner,
                name: "Olga".to_owned(),
                role: Role::Owner,
                session: SessionId("owner/1/terminal".to_owned()),
                origin: Origin::Chat,
            },
            language: Language::En,
            run: None,
            name: tool.to_owned(),
            input,
            key: format!("key of {tool}"),
            replayed: false,
            time_limit: Duration::from_secs(30),
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: Default::default(),
            sight: Default::default(),
        }
    }

    fn ask_as(&self, role: Role, tool: &str) -> Call {
        let mut call = self.ask(tool, json!({}));
        call.principal.role = role;
        call
    }

    pub(crate) async fn call(&self, tool: &str, input: Value) -> Answer {
        self.catalogue.call(self.ask(tool, input)).await
    }

    pub(crate) fn offered(&self, role: Role) -> Vec<String> {
        self.catalogue.tools_for(&role, Origin::Chat).iter().map(|tool| tool.name.clone()).collect()
    }
}

#[tokio::test]
async fn a_call_goes_through_a_fresh_instance_and_comes_back() {
    let sandbox = Sandbox::new(vec![plain("echo", guest::ECHO)]).await;
    for word in ["milk", "молоко"] {
        let answer = sandbox.call("echo", json!({ "word": word })).await;
        assert_eq!((answer.outcome, answer.text), (Outcome::Ok, format!("{{\"word\":\"{word}\"}}")));
        assert!(answer.peak_memory >= 3 << 16);
    }
    assert_eq!(sandbox.offered(Role::Owner), ["echo"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guests_that_break_a_limit_end_alone() {
    let sandbox = Sandbox::new(vec![
        plain("echo", guest::ECHO),
        plain("spin", guest::SPIN),
        plain("eat", guest::EAT),
        plain("recurse", guest::RECURSE),
        plain("trap", guest::TRAP),
        plain("huge", guest::HUGE),
        plain("huger", guest::HUGER),
    ])
    .await;
    let mut spin = sandbox.ask("spin", json!({}));
    spin.time_limit = Duration::from_millis(400);
    let catalogue = Arc::clone(&sandbox.catalogue);
    let spinning = tokio::spawn(async move { catalogue.call(spin).await });
    for (tool, outcome, told) in [
        ("eat", Outcome::OutOfMemory, "64 MB"),
        ("recurse", Outcome::Trapped, "too deeply"),
        ("trap", Outcome::Trapped, "unreachable"),
        ("huge", Outcome::OutputTooLarge, "256 KB"),
        ("huger", Outcome::OutputTooLarge, "32 MB"),
    ] {
        let answer = sandbox.call(tool, json!({})).await;
        assert_eq!(answer.outcome, outcome, "{tool}: {}", answer.text);
        assert!(answer.text.contains(told) && answer.text.contains(tool), "{}", answer.text);
        assert_eq!(sandbox.call("echo", json!({"a": tool})).await.outcome, Outcome::Ok);
    }
    let spun = spinning.await.unwrap();
    assert_eq!(spun.outcome, Outcome::TimedOut, "{}", spun.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_at_once_than_there_are_instances_are_all_answered() {
    let sandbox = Sandbox::new(vec![plain("echo", guest::ECHO)]).await;
    let calls = (0..600).map(|number| {
        let call = sandbox.ask("echo", json!({ "number": number }));
        let catalogue = Arc::clone(&sandbox.catalogue);
        tokio::spawn(async move { catalogue.call(call).await })
    });
    for (number, answer) in futures::future::join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap().text, format!("{{\"number\":{number}}}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_call_ends_at_once() {
    let sandbox = Sandbox::new(vec![plain("spin", guest::SPIN)]).await;
    let call = sandbox.ask("spin", json!({}));
    let cancel = call.cancel.clone();
    let catalogue = Arc::clone(&sandbox.catalogue);
    let spinning = tokio::spawn(async move { catalogue.call(call).await });
    tokio::task::yield_now().await;
    cancel.cancel();
    assert_eq!(spinning.await.unwrap().outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn a_limit_of_the_manifest_is_kept() {
    let narrow = plugin("five", &Guest::new("five", guest::FIVE), "[limits]\nmemory_mb = 4\n");
    let wide = plugin("five-more", &Guest::new("five_more", guest::FIVE), "[limits]\nmemory_mb = 8\n");
    let sandbox = Sandbox::new(vec![narrow, wide]).await;
    let answer = sandbox.call("five", json!({})).await;
    assert_eq!(answer.outcome, Outcome::OutOfMemory);
    assert!(answer.text.contains("4 MB"), "{}", answer.text);
    assert!(sandbox.call("five_more", json!({})).await.peak_memory >= 5 << 20);
}

#[tokio::test]
async fn what_was_not_granted_to_a_role_is_not_offered_and_not_instantiated() {
    let append = plugin("append", &Guest::new("append", guest::APPEND), MEMORY);
    let sandbox = Sandbox::new(vec![append, plain("echo", guest::ECHO)]).await;
    assert_eq!(sandbox.offered(Role::Owner), ["append", "echo"]);
    assert_eq!(sandbox.offered(Role::External), ["echo"]);
    let denied = sandbox.catalogue.call(sandbox.ask_as(Role::External, "append")).await;
    assert_eq!((denied.outcome, denied.peak_memory), (Outcome::Denied, 0));
    assert!(denied.text.contains("append is not available to external"), "{}", denied.text);
    assert!(!sandbox.folder.path().join("workspace/MEMORY.md").exists());

    let done = sandbox.call("append", json!({"a": 1})).await;
    assert_eq!(done.outcome, Outcome::Ok, "{}", done.text);
    let memory = std::fs::read_to_string(sandbox.folder.path().join("workspace/MEMORY.md")).unwrap();
    assert!(memory.contains("{\"a\":1}"), "{memory}");
}

#[tokio::test]
async fn a_stub_refuses_with_the_type_the_guest_knows() {
    // The tools do not say that they require memory, so they are offered to everyone.
    let sly = |name: &'static str, body| {
        let guest = Guest { requires: &[], ..Guest::new(name, body) };
        plugin(name, &guest, MEMORY)
    };
    let sandbox = Sandbox::new(vec![sly("asks", guest::APPEND), sly("dies", guest::APPEND_OR_DIE)]).await;
    for tool in ["asks", "dies"] {
        let answer = sandbox.catalogue.call(sandbox.ask_as(Role::External, tool)).await;
        assert_eq!(answer.outcome, Outcome::Denied, "{}", answer.text);
        assert!(answer.text.contains("`memory` is not granted"), "{}", answer.text);
        assert!(answer.text.contains("external"), "{}", answer.text);
    }
    assert!(!sandbox.folder.path().join("workspace/MEMORY.md").exists());
}

#[tokio::test]
async fn a_request_that_was_not_granted_is_refused_as_a_request() {
    let request = plugin("asker", &Guest::new("asks", guest::REQUEST), "[capabilities]\nhttp = { hosts = [\"*\"] }");
    let sandbox = Sandbox::new(vec![request]).await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    let answer = sandbox.catalogue.call(sandbox.ask_as(Role::External, "asks")).await;
    assert_eq!(answer.outcome, Outcome::Denied, "{}", answer.text);
    assert!(answer.text.starts_with("MEMORY.md\n`http` is not granted"), "{}", answer.text);
}

#[tokio::test]
async fn what_no_host_offers_ends_the_guest_when_it_is_called() {
    let sandbox = Sandbox::new(vec![plain("teleport", guest::TELEPORT)]).await;
    let answer = sandbox.call("teleport", json!({})).await;
    assert_eq!(answer.outcome, Outcome::Denied);
    assert!(answer.text.contains("acme:rocket/launch"), "{}", answer.text);
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_answered_with_those_that_do() {
    let append = plugin("append", &Guest::new("append_all", guest::APPEND), MEMORY);
    let sandbox = Sandbox::new(vec![append, plain("echo", guest::ECHO)]).await;
    let owner = sandbox.call("apend_all", json!({})).await;
    assert_eq!(owner.outcome, Outcome::UnknownTool);
    assert!(owner.text.contains("Did you mean append_all?"), "{}", owner.text);
    let external = sandbox.catalogue.call(sandbox.ask_as(Role::External, "apend_all")).await;
    assert!(!external.text.contains("append_all"), "{}", external.text);
}

#[tokio::test]
async fn every_call_is_in_the_audit() {
    let append = plugin("append", &Guest::new("append", guest::APPEND), MEMORY);
    let sandbox = Sandbox::new(vec![append, plain("trap", guest::TRAP)]).await;
    sandbox.call("append", json!({})).await;
    sandbox.call("trap", json!({})).await;
    sandbox.call("nothing", json!("{")).await;
    sandbox.catalogue.call(sandbox.ask_as(Role::External, "append")).await;
    sandbox.catalogue.close().await;
    let mut rows = sandbox.store.recent_calls(10).await.unwrap();
    rows.sort_by(|one, other| one.outcome.cmp(&other.outcome));
    let told: Vec<_> =
        rows.iter().map(|row| (row.tool.as_str(), row.outcome.as_str(), row.capabilities.as_str())).collect();
    assert_eq!(
        told,
        [
            ("append", "denied", ""),
            ("append", "ok", "memory"),
            ("trap", "trapped", ""),
            ("nothing", "unknown_tool", ""),
        ]
    );
    assert_eq!(rows[1].plugin, "append");
}

#[tokio::test]
async fn a_call_nobody_waits_for_is_in_the_audit_too() {
    let sandbox = Sandbox::new(vec![plain("spin", guest::SPIN)]).await;
    let mut call = Box::pin(sandbox.call("spin", json!({})));
    assert!(futures::poll!(&mut call).is_pending());
    drop(call);
    sandbox.catalogue.close().await;
    let rows = sandbox.store.recent_calls(10).await.unwrap();
    assert_eq!((rows.len(), rows[0].tool.as_str(), rows[0].outcome.as_str()), (1, "spin", "cancelled"));
}

#[tokio::test]
async fn an_inspection_says_what_a_binary_could_reach() {
    let inspect = async |wasm: Vec<u8>| inspect(&Compiler::InProcess, wasm).await;
    let inspection = inspect(Guest::new("append", guest::APPEND).wasm()).await.unwrap();
    assert_eq!(inspection.capabilities.keys().copied().collect::<Vec<_>>(), ["memory"]);
    assert_eq!(inspection.tools.as_ref().unwrap()[0].name, "append");
    let text = inspection.to_string();
    assert!(text.contains("It could:\n  memory: "), "{text}");
    let teleport = inspect(Guest::new("teleport", guest::TELEPORT).wasm()).await.unwrap();
    assert_eq!(teleport.unknown, ["acme:rocket/launch@1.0.0"]);
    assert!(inspect(b"hello".to_vec()).await.is_err());
    let module = inspect(wat::parse_str("(module)").unwrap()).await.unwrap();
    assert!(module.to_string().contains("core module"));
}
