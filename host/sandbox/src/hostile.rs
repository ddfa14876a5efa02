//! Guests that hand the host nonsense, or grow where only the host can see it: each ends alone and with a reason.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::net::TcpListener;

use crate::guest::{self, Guest, manifest};
use crate::tests::{Sandbox, plain, plugin};
use crate::{HttpPolicy, Outcome, PluginSource};

/// Bodies of calls that end in a trap, with a word of the reason.
const NONSENSE: &[(&str, &str, &str)] = &[
    ("utf", "(i32.store (i32.const 1200) (i32.const 0xfffefdfc)) (call $ok (i32.const 1200) (i32.const 4))", "utf-8"),
    ("overlong", "(i32.store (i32.const 1200) (i32.const 0x80c0)) (call $ok (i32.const 1200) (i32.const 2))", "utf-8"),
    (
        "surrogate",
        "(i32.store (i32.const 1200) (i32.const 0x80a0ed)) (call $ok (i32.const 1200) (i32.const 3))",
        "utf-8",
    ),
    ("beyond", "(call $ok (i32.const -16) (i32.const 64))", "out of bounds"),
    ("endless", "(call $ok (i32.const 0) (i32.const 0x7fffffff))", "out of bounds"),
    ("wrapping", "(call $ok (i32.const 8) (i32.const -8))", ""),
    ("nowhere", "(i32.const -16)", ""),
    ("crooked", "(drop (call $ok (i32.const 0) (i32.const 0))) (i32.const 1026)", "aligned"),
    (
        "neither",
        "(drop (call $ok (i32.const 0) (i32.const 0))) (i32.store8 (i32.const 1024) (i32.const 9)) (i32.const 1024)",
        "",
    ),
    (
        "perhaps",
        "(drop (call $ok (i32.const 0) (i32.const 0))) (i32.store8 (i32.const 1036) (i32.const 7)) (i32.const 1024)",
        "",
    ),
    (
        "files",
        "(drop (call $ok (i32.const 0) (i32.const 0))) (i32.store (i32.const 1052) (i32.const 0x7fffffff)) (i32.const 1024)",
        "",
    ),
    ("divide", "(i32.div_u (i32.const 1) (i32.const 0))", "divide by zero"),
    ("overflow", "(i32.div_s (i32.const 0x80000000) (i32.const -1))", "overflow"),
    ("convert", "(i32.trunc_f32_s (f32.const nan))", "conversion"),
    ("load", "(i32.load (i32.const -4))", "out of bounds"),
    ("copy", "(memory.copy (i32.const 0) (i32.const -1) (i32.const 65536)) (i32.const 1024)", "out of bounds"),
    ("fill", "(memory.fill (i32.const 65536) (i32.const 0) (i32.const -1)) (i32.const 1024)", "out of bounds"),
];

#[tokio::test]
async fn nonsense_ends_the_call_that_made_it_and_no_other() {
    let mut sources: Vec<_> = NONSENSE.iter().map(|&(name, body, _)| plain(name, body)).collect();
    sources.push(plain("echo", guest::ECHO));
    let sandbox = Sandbox::new(sources).await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    for &(name, _, word) in NONSENSE {
        let answer = sandbox.call(name, json!({})).await;
        assert_eq!(answer.outcome, Outcome::Trapped, "{name}: {answer:?}");
        assert!(answer.text.contains("broke down") && answer.text.contains(word), "{name}: {}", answer.text);
        assert_eq!(sandbox.call("echo", json!({ "a": 1 })).await.text, r#"{"a":1}"#, "after {name}");
    }
}

#[tokio::test]
async fn a_table_grows_up_to_its_limit_and_an_empty_one_calls_nothing() {
    let grow = "(loop $again (drop (table.grow $t (ref.null func) (i32.const 5000))) (br $again)) unreachable";
    let call = "(call_indirect $t (result i32) (i32.const 0))";
    let far = "(call_indirect $t (result i32) (i32.const 1000))";
    let with_table = |name, body| {
        let guest = Guest { core: "(table $t 1 funcref)", ..Guest::new(name, body) };
        plugin(name, &guest, "")
    };
    let sandbox = Sandbox::new(vec![with_table("grow", grow), with_table("call", call), with_table("far", far)]).await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    let answer = sandbox.call("grow", json!({})).await;
    assert_eq!(answer.outcome, Outcome::OutOfMemory, "{answer:?}");
    assert!(answer.text.contains("a table of more than 20000 elements"), "{}", answer.text);
    for name in ["call", "far"] {
        assert_eq!(sandbox.call(name, json!({})).await.outcome, Outcome::Trapped, "{name}");
    }
}

/// A guest whose text was changed.
fn changed(name: &'static str, from: &str, to: &str) -> PluginSource {
    let text = Guest::new(name, guest::ECHO).text();
    assert!(text.contains(from), "{text}");
    let wasm = wat::parse_str(text.replacen(from, to, 1)).unwrap();
    PluginSource { name: name.to_owned(), wasm: wasm.into(), manifest: manifest(name, "") }
}

#[tokio::test]
async fn what_is_too_large_to_begin_with_is_refused_when_it_is_loaded() {
    let memory = r#"(memory (export "memory") 3)"#;
    let main = "(core instance $main";
    let many =
        |what: &str| format!("(core module $e {what}) {} {main}", "(core instance (instantiate $e))".repeat(100));
    let sandbox = Sandbox::new(vec![
        changed("memory", memory, r#"(memory (export "memory") 5000)"#),
        changed("all-memory", memory, r#"(memory (export "memory") 65536)"#),
        changed("table", memory, &format!("(table 30000 funcref) {memory}")),
        changed("instances", main, &many("")),
        changed("memories", main, &many("(memory 1)")),
        changed("tables", main, &many("(table 1 funcref)")),
        plain("echo", guest::ECHO),
    ])
    .await;
    let refused: Vec<_> =
        sandbox.catalogue.refused().iter().map(|(name, error)| (&**name, error.to_string())).collect();
    let names: Vec<_> = refused.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["memory", "all-memory", "table", "instances", "memories", "tables"], "{refused:?}");
    assert!(refused.iter().all(|(_, reason)| !reason.is_empty()), "{refused:?}");
    assert_eq!(sandbox.call("echo", json!({ "a": 1 })).await.text, r#"{"a":1}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_works_or_dies_while_it_starts_is_refused() {
    let with_start = |name, start: &'static str| {
        let guest = Guest { core: start, ..Guest::new(name, guest::ECHO) };
        plugin(name, &guest, "[limits]\ntime_seconds = 1\n")
    };
    let sandbox = Sandbox::new(vec![
        with_start("dies", "(func $begin unreachable) (start $begin)"),
        with_start("grows", "(func $begin (drop (memory.grow (i32.const 2000)))) (start $begin)"),
        with_start("spins", "(func $begin (loop $again (br $again))) (start $begin)"),
        with_start("falls", "(func $begin (call $begin)) (start $begin)"),
        plain("echo", guest::ECHO),
    ])
    .await;
    let names: Vec<_> = sandbox.catalogue.refused().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["dies", "grows", "spins", "falls"]);
    let told: Vec<_> = sandbox.catalogue.refused().iter().map(|(_, error)| error.to_string()).collect();
    assert!(told.iter().all(|text| text.contains("when asked for its tools: ")), "{told:?}");
    assert!(told[2].contains("it took longer than 1 s"), "{told:?}");
    assert_eq!(sandbox.call("echo", json!({ "a": 1 })).await.text, r#"{"a":1}"#);
}

#[tokio::test]
async fn arguments_that_are_too_deep_or_no_json_never_reach_a_guest() {
    let sandbox = Sandbox::new(vec![plain("echo", guest::ECHO)]).await;
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    for text in [deep("[", "]"), deep("{\"a\":", "}"), "{\"a\":1e999}".to_owned(), "{\"a\":\"\\ud800\"}".to_owned()] {
        let answer = sandbox.call("echo", json!(text)).await;
        assert_eq!((answer.outcome, answer.peak_memory), (Outcome::Invalid, 0), "{answer:?}");
        assert!(answer.text.contains("not valid JSON") && answer.text.len() < 300, "{}", answer.text);
    }
}

/// A component of somebody else's, which is called without having been asked for its tools before.
fn typed(name: &str, module: &str) -> PluginSource {
    let text = format!(
        r#"(component
          (core module $m {module})
          (core instance $i (instantiate $m))
          (func (export "{name}") (canon lift (core func $i "f"))))"#
    );
    PluginSource { name: name.to_owned(), wasm: wat::parse_str(text).unwrap().into(), manifest: manifest(name, "") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_never_gets_beyond_its_start_is_ended_like_any_other() {
    let start = |body: &str| format!(r#"(func (export "f")) (func $begin {body}) (start $begin)"#);
    let sandbox = Sandbox::new(vec![
        typed("spin", &start("(loop $again (br $again))")),
        typed("fall", &start("(call $begin)")),
        typed("die", &start("unreachable")),
        plain("echo", guest::ECHO),
    ])
    .await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    for (name, outcome, words) in [
        ("spin", Outcome::TimedOut, "took longer than it may"),
        ("fall", Outcome::Trapped, "called itself too deeply"),
        ("die", Outcome::Trapped, "unreachable"),
    ] {
        let mut call = sandbox.ask(name, json!({}));
        call.time_limit = Duration::from_millis(300);
        let catalogue = Arc::clone(&sandbox.catalogue);
        let starting = tokio::spawn(async move { catalogue.call(call).await });
        assert_eq!(sandbox.call("echo", json!({ "a": 1 })).await.text, r#"{"a":1}"#, "beside {name}");
        let answer = starting.await.unwrap();
        assert_eq!(answer.outcome, outcome, "{name}: {answer:?}");
        assert!(answer.text.contains(words), "{name}: {}", answer.text);
    }
}

/// How often a name was looked up.
static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

/// Says that a name leads to the machine itself, each time in another way.
fn rebound(_: String) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
    const NEAR: [&str; 6] =
        ["127.0.0.1:0", "[::1]:0", "169.254.169.254:0", "[::ffff:10.0.0.1]:0", "192.168.0.1:0", "0.0.0.0:0"];
    let number = LOOKUPS.fetch_add(1, Ordering::SeqCst);
    async move { Ok(vec![NEAR[number % NEAR.len()].parse().unwrap()]) }.boxed()
}

#[tokio::test]
async fn a_public_name_that_turns_to_an_address_nearby_is_not_connected_to() {
    let near = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = near.local_addr().unwrap().port();
    let web = steward_builtin::PLUGINS.iter().find(|plugin| plugin.name == "web").unwrap();
    let manifest = web.manifest.replace("hosts = [\"*\"]", &format!("hosts = [\"*\"], ports = [80, {port}]"));
    let source = PluginSource { name: "web".to_owned(), wasm: web.wasm().into(), manifest };
    let policy = HttpPolicy { lookup: Some(rebound), ..HttpPolicy::default() };
    let sandbox = Sandbox::within(tempfile::tempdir().unwrap(), policy, vec![source]).await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    for asked in 1..=6 {
        let url = format!("http://rebound.example.org:{port}/");
        let answer = sandbox.call("web_fetch", json!({ "url": url })).await;
        assert_eq!(answer.outcome, Outcome::Denied, "{answer:?}");
        assert!(answer.text.contains("rebound.example.org") && answer.text.contains("allow_private"), "{answer:?}");
        // Looked up once for each request: what was judged is what would have been connected to.
        assert_eq!(LOOKUPS.load(Ordering::SeqCst), asked);
    }
    assert!(near.accept().now_or_never().is_none(), "somebody connected");
}
