//! A guest that breaks the limits ends alone, with a message one can act on, while other calls run on.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use steward_agent::{Language, Origin, PersonId, Principal, Role, SessionId};
use steward_sandbox::{
    Answer, Call, Catalogue, Compiler, HttpPolicy, Limits, Outcome, PluginSource, Roles, SandboxConfig,
};
use steward_store::Store;
use steward_tests::guests::{HOSTILE, HOSTILE_MANIFEST};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The sandbox with the hostile plugin in it.
struct Cage {
    catalogue: Arc<Catalogue>,
    folder: TempDir,
}

impl Cage {
    async fn open(manifest: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("steward.sqlite");
        let store = tokio::task::spawn_blocking(move || Store::open(&path)).await.unwrap().unwrap();
        let workspace = folder.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        std::fs::write(workspace.join("MEMORY.md"), "- the flat is 42\n").unwrap();
        let config = SandboxConfig {
            compiled: folder.path().join("compiled"),
            compiler: Compiler::InProcess,
            workspace,
            store,
            time_zone: TimeZone::UTC,
            roles: Roles::default(),
            http: HttpPolicy::default(),
            limits: Limits::default(),
        };
        let hostile = PluginSource { name: "hostile".to_owned(), wasm: HOSTILE.into(), manifest: manifest.to_owned() };
        Self { catalogue: Arc::new(Catalogue::load(config, vec![hostile]).await.unwrap()), folder }
    }

    async fn call(&self, role: Role, name: &str, input: Value) -> Answer {
        self.catalogue.call(call(role, name, input)).await
    }
}

fn call(role: Role, name: &str, input: Value) -> Call {
    let session = SessionId("test".to_owned());
    Call {
        principal: Principal { person: PersonId(1), name: "Olga".to_owned(), role, session, origin: Origin::Chat },
        language: Language::En,
        run: None,
        name: name.to_owned(),
        input,
        key: format!("test/{name}"),
        replayed: false,
        time_limit: Duration::from_secs(30),
        cancel: CancellationToken::new(),
        progress: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_misbehave_ends_in_a_message_and_nothing_else() {
    let cage = Cage::open(HOSTILE_MANIFEST).await;
    let cases = [
        ("eat_memory", json!({}), Outcome::OutOfMemory, "needs more memory than the 64 MB it may use"),
        ("recurse", json!({}), Outcome::Trapped, "called itself too deeply"),
        ("return_huge", json!({ "bytes": 100 << 20 }), Outcome::OutOfMemory, "needs more memory"),
        ("return_huge", json!({ "bytes": 8 << 20 }), Outcome::OutputTooLarge, "ask it for less"),
        ("attach_huge", json!({ "bytes": 21 << 20 }), Outcome::OutputTooLarge, "ask it for less"),
        ("trap", json!({}), Outcome::Trapped, "trap"),
        ("panic", json!({}), Outcome::Trapped, "panic"),
        ("chatter", json!({}), Outcome::Ok, "told"),
        ("echo", json!("{\"text\": \"half"), Outcome::Invalid, "not valid JSON"),
        ("echo", json!({ "words": "x" }), Outcome::Invalid, "words"),
    ];
    for (tool, input, outcome, words) in cases {
        let answer = cage.call(Role::Owner, tool, input).await;
        assert_eq!(answer.outcome, outcome, "{tool}: {answer:?}");
        assert!(answer.text.contains(words), "{tool}: {}", answer.text);
        let echo = cage.call(Role::Owner, "echo", json!({ "text": "still here" })).await;
        assert_eq!((echo.outcome, echo.text.as_str()), (Outcome::Ok, "still here"), "after {tool}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_never_ends_disturbs_nobody_until_it_is_stopped() {
    let cage = Cage::open(HOSTILE_MANIFEST).await;
    let stop = CancellationToken::new();
    // More of them than there are threads to run on.
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let endless = Call { cancel: stop.clone(), ..call(Role::Owner, "loop_forever", json!({})) };
            let catalogue = Arc::clone(&cage.catalogue);
            tokio::spawn(async move { catalogue.call(endless).await })
        })
        .collect();
    for number in 0..20 {
        let text = number.to_string();
        let echo = cage.call(Role::Owner, "echo", json!({ "text": text })).await;
        assert_eq!((echo.outcome, echo.text), (Outcome::Ok, text));
    }
    assert!(loops.iter().all(|running| !running.is_finished()));
    stop.cancel();
    for running in loops {
        assert_eq!(running.await.unwrap().outcome, Outcome::Cancelled);
    }
    let short = Call { time_limit: Duration::from_millis(100), ..call(Role::Owner, "loop_forever", json!({})) };
    let answer = cage.catalogue.call(short).await;
    assert_eq!(answer.outcome, Outcome::TimedOut);
    assert!(answer.text.contains("took longer than it may"), "{}", answer.text);
}

#[tokio::test]
async fn what_a_guest_imports_and_its_caller_does_not_hold_is_refused() {
    let cage = Cage::open(HOSTILE_MANIFEST).await;
    let owner = cage.call(Role::Owner, "peek", json!({})).await;
    assert_eq!((owner.outcome, owner.text.as_str()), (Outcome::Ok, "- the flat is 42\n"));
    for role in [Role::External, Role::Group] {
        let other = cage.call(role.clone(), "peek", json!({})).await;
        assert_eq!(other.outcome, Outcome::Denied, "{role}: {other:?}");
        assert!(other.text.contains("memory") && !other.text.contains("42"), "{}", other.text);
    }
}

#[tokio::test]
async fn a_manifest_that_grants_less_than_the_binary_imports_is_refused() {
    let manifest = HOSTILE_MANIFEST.replace("memory = {}", "");
    let cage = Cage::open(&manifest).await;
    let refused: Vec<_> = cage.catalogue.refused().iter().map(|(name, error)| format!("{name}: {error}")).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("steward:plugin/memory") && refused[0].contains("`memory = {}`"), "{refused:?}");
    let answer = cage.call(Role::Owner, "echo", json!({ "text": "x" })).await;
    assert_eq!(answer.outcome, Outcome::UnknownTool);
}

#[tokio::test]
async fn every_call_starts_clean() {
    let cage = Cage::open(HOSTILE_MANIFEST).await;
    for _ in 0..3 {
        assert_eq!(cage.call(Role::Owner, "count_calls", json!({})).await.text, "1");
    }
}

#[tokio::test]
async fn changed_native_code_is_not_run_but_compiled_again() {
    let cage = Cage::open(HOSTILE_MANIFEST).await;
    let compiled = cage.folder.path().join("compiled");
    let mut touched = 0;
    for entry in std::fs::read_dir(&compiled).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cwasm") {
            let mut code = std::fs::read(&path).unwrap();
            let middle = code.len() / 2;
            code[middle] ^= 0xff;
            std::fs::write(&path, code).unwrap();
            touched += 1;
        }
    }
    assert_eq!(touched, 1);
    let path = cage.folder.path().join("second.sqlite");
    let config = SandboxConfig {
        compiled,
        compiler: Compiler::InProcess,
        workspace: cage.folder.path().join("workspace"),
        store: tokio::task::spawn_blocking(move || Store::open(&path)).await.unwrap().unwrap(),
        time_zone: TimeZone::UTC,
        roles: Roles::default(),
        http: HttpPolicy::default(),
        limits: Limits::default(),
    };
    let hostile =
        PluginSource { name: "hostile".to_owned(), wasm: HOSTILE.into(), manifest: HOSTILE_MANIFEST.to_owned() };
    let catalogue = Catalogue::load(config, vec![hostile]).await.unwrap();
    let answer = catalogue.call(call(Role::Owner, "echo", json!({ "text": "well" }))).await;
    assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Ok, "well"));
}
