//! Scripts that mean harm, in the real interpreter: each ends alone or as an error that says why, and what it may call
//! is what the host says and nothing else.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::{Value, json};
use steward_agent::{Origin, Role, ToolSpec};
use steward_sandbox::{Answer, Call, CallTools, Catalogue, HttpPolicy, NestedAnswer, NestedCall, Outcome, ToolPort};

use crate::cage::{self, Cage};

/// Tools that answer everything with as much as a tool may, and keep what they were asked.
#[derive(Default)]
struct Recorder(Mutex<Vec<NestedCall>>);

#[async_trait]
impl CallTools for Recorder {
    fn available(&self) -> Vec<ToolSpec> {
        vec![ToolSpec { name: "big".to_owned(), description: "x".repeat(1_000), schema: json!({ "type": "object" }) }]
    }

    async fn call(&self, call: NestedCall) -> NestedAnswer {
        self.0.lock().unwrap().push(call);
        NestedAnswer { outcome: Outcome::Ok, text: "x".repeat(256 << 10), structured: None, files: Vec::new() }
    }
}

/// The real tools next to the interpreter.
struct Beside(Arc<Catalogue>);

#[async_trait]
impl CallTools for Beside {
    fn available(&self) -> Vec<ToolSpec> {
        self.0.tools_within(&Role::Owner, Origin::Chat)
    }

    async fn call(&self, call: NestedCall) -> NestedAnswer {
        let NestedCall { name, input, key } = call;
        let call = Call { key, tools: ToolPort::Nested, ..cage::call(Role::Owner, &name, input) };
        let Answer { outcome, text, structured, .. } = self.0.call(call).await;
        NestedAnswer { outcome, text, structured, files: Vec::new() }
    }
}

async fn open() -> Cage {
    let plugins = steward_builtin::PLUGINS.iter().filter(|plugin| ["code", "memory"].contains(&plugin.name));
    let sources = plugins.map(|plugin| cage::source(plugin.name, plugin.wasm(), plugin.manifest)).collect();
    let cage = Cage::open(sources, HttpPolicy::default()).await;
    assert!(cage.catalogue.refused().is_empty(), "{:?}", cage.catalogue.refused());
    cage
}

async fn run(cage: &Cage, tools: &Arc<Recorder>, script: &str, seconds: u64) -> Answer {
    let call = Call {
        tools: ToolPort::Open(Arc::clone(tools) as Arc<dyn CallTools>),
        time_limit: Duration::from_secs(seconds),
        ..cage::call(Role::Owner, "run_code", json!({ "script": script }))
    };
    cage.catalogue.call(call).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_scripts_end_alone_and_say_why() {
    let (cage, tools) = (open().await, Arc::new(Recorder::default()));
    let cases = [
        ("an endless loop", "for (;;) {}", Outcome::TimedOut, "took longer"),
        (
            "endless jobs",
            // In a block, so that no promise waits for the next one: that chain would be ended by its memory.
            "const again = () => { Promise.resolve().then(again) }; again()",
            Outcome::TimedOut,
            "longer",
        ),
        ("endless timers", "const again = () => setTimeout(again, 1); again()", Outcome::TimedOut, "longer"),
        ("a slow pattern", "/^(a+)+$/.test('a'.repeat(40) + 'b')", Outcome::TimedOut, "longer"),
        ("a memory bomb", "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)", Outcome::OutOfMemory, "64 MB"),
        ("a doubling string", "let s = 'x'; for (;;) s += s", Outcome::OutOfMemory, "64 MB"),
        ("a huge buffer", "new ArrayBuffer(1e9)", Outcome::Failed, "RangeError"),
        ("deep calls", "const f = n => 1 + f(n + 1); f(0)", Outcome::Failed, "too deep"),
        ("deep calls through the language", "const f = () => [1].map(f); f()", Outcome::Failed, "too deep"),
        ("deep calls through getters", "const o = {get a() { return this.a }}; o.a", Outcome::Failed, "too deep"),
        ("deep calls that wait", "const f = async () => { await f() }; await f()", Outcome::Failed, "too deep"),
        ("a way out by the constructor", "tools.big.constructor('return fetch')()", Outcome::Failed, "fetch is not"),
        ("code of a module", "await import('file:///etc/passwd')", Outcome::Failed, "rror"),
        ("a name that is not a tool", "tools['__proto__']({})", Outcome::Failed, "there is no tool"),
        ("a script that leaves its function", "}); tools.big(); (async () => {", Outcome::Failed, "SyntaxError"),
    ];
    for (what, script, outcome, told) in cases {
        let seconds = if outcome == Outcome::TimedOut { 2 } else { 30 };
        let answer = run(&cage, &tools, script, seconds).await;
        assert_eq!(answer.outcome, outcome, "{what}: {}", answer.text);
        assert!(answer.text.contains(told), "{what}: {}", answer.text);
        let next = run(&cage, &tools, "1 + 1", 10).await;
        assert_eq!((next.outcome, next.text.as_str()), (Outcome::Ok, "2"), "after {what}");
    }
    assert!(tools.0.lock().unwrap().is_empty(), "nothing was called");
}

/// The interpreter is compiled once for all of these.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_stay_within_their_bounds() {
    let cage = open().await;
    nesting_that_no_stack_can_hold_ends_the_call_and_nothing_else(&cage).await;
    calls_are_counted_and_their_answers_are_held_in_bounds(&cage).await;
    a_script_can_end_itself_sooner_and_not_later(&cage).await;
    others_than_owners_may_not_run_scripts(&cage).await;
    more_scripts_than_there_are_places_do_not_wait_for_each_other(&cage).await;
}

async fn nesting_that_no_stack_can_hold_ends_the_call_and_nothing_else(cage: &Cage) {
    let tools = Arc::new(Recorder::default());
    for (what, script) in [
        ("nested brackets", "eval('['.repeat(50000))"),
        ("nested parentheses", "eval('('.repeat(50000) + 1)"),
        ("deep data", "let o = {}; for (let i = 0; i < 50000; i++) o = {o}; JSON.stringify(o)"),
        ("deep text", "JSON.parse('['.repeat(50000))"),
        ("a chain of bound functions", "let f = () => 1; for (let i = 0; i < 50000; i++) f = f.bind(); f()"),
        ("a chain of proxies", "let p = {}; for (let i = 0; i < 50000; i++) p = new Proxy(p, {}); p.x"),
    ] {
        let answer = run(cage, &tools, script, 10).await;
        let ended = [Outcome::Trapped, Outcome::Failed, Outcome::OutOfMemory].contains(&answer.outcome);
        assert!(ended || answer.outcome == Outcome::Ok, "{what}: {:?}", answer);
        if answer.outcome == Outcome::Trapped {
            assert!(answer.text.contains("too deeply"), "{what}: {}", answer.text);
        }
        assert_eq!(run(cage, &tools, "1 + 1", 10).await.text, "2", "after {what}");
    }
}

async fn calls_are_counted_and_their_answers_are_held_in_bounds(cage: &Cage) {
    let tools = Arc::new(Recorder::default());
    let many = "let n = 0; try { for (;;) { await tools.big({n}); n++ } } catch (e) { [n, e.kind, e.message] }";
    let script = many.replace("[n,", "return [n,");
    let answer = run(cage, &tools, &script, 30).await;
    assert!(answer.text.starts_with(r#"[50,"denied""#) && answer.text.contains("tools.calls"), "{}", answer.text);
    assert_eq!(tools.0.lock().unwrap().len(), 50);
    let at_once = "await Promise.all(Array.from({length: 51}, (_, n) => tools.big({n})))";
    let answer = run(cage, &tools, at_once, 30).await;
    assert!(answer.text.contains("tools.calls") && !answer.text.contains("were made"), "{}", answer.text);
    assert_eq!(tools.0.lock().unwrap().len(), 50, "none of them was made");
    let kept = run(cage, &tools, "(await tools.big()).text", 30).await;
    assert!(kept.text.len() < 32_000 && kept.text.contains("left out"), "{}", kept.text.len());
}

async fn a_script_can_end_itself_sooner_and_not_later(cage: &Cage) {
    let tools = Arc::new(Recorder::default());
    let endless = |timeout: Value| json!({ "script": "for (;;) {}", "timeout": timeout });
    let call = Call { tools: ToolPort::Absent, ..cage::call(Role::Owner, "run_code", endless(json!(1))) };
    assert_eq!(cage.catalogue.call(call).await.outcome, Outcome::TimedOut);
    let call = cage::call(Role::Owner, "run_code", endless(json!(600)));
    let short = Call { time_limit: Duration::from_secs(1), ..call };
    assert_eq!(cage.catalogue.call(short).await.outcome, Outcome::TimedOut);
    let wrong = cage.catalogue.call(cage::call(Role::Owner, "run_code", endless(json!(0)))).await;
    assert_eq!(wrong.outcome, Outcome::Invalid, "{}", wrong.text);
    assert_eq!(run(cage, &tools, "1", 10).await.text, "1");
}

async fn others_than_owners_may_not_run_scripts(cage: &Cage) {
    for role in [Role::External, Role::Group, Role::Named("stranger".to_owned())] {
        let answer = cage.call(role, "run_code", json!({ "script": "1" })).await;
        assert_eq!(answer.outcome, Outcome::Denied, "{}", answer.text);
    }
    let nested = Call { tools: ToolPort::Nested, ..cage::call(Role::Owner, "run_code", json!({ "script": "1" })) };
    let answer = cage.catalogue.call(nested).await;
    assert!(answer.outcome == Outcome::Denied && answer.text.contains("no tool may call it"), "{}", answer.text);
}

/// Each holds a place while the call it makes needs another.
async fn more_scripts_than_there_are_places_do_not_wait_for_each_other(cage: &Cage) {
    let beside: Arc<dyn CallTools> = Arc::new(Beside(Arc::clone(&cage.catalogue)));
    let names: Vec<_> = beside.available().into_iter().map(|tool| tool.name).collect();
    assert!(names.contains(&"memory_read".to_owned()) && !names.contains(&"run_code".to_owned()), "{names:?}");
    let script = "(await tools.memory_read({path: 'MEMORY.md'})).text.includes('the flat is 42')";
    let one = || {
        let tools = ToolPort::Open(Arc::clone(&beside));
        let call = cage::call(Role::Owner, "run_code", json!({ "script": script }));
        cage.catalogue.call(Call { tools, time_limit: Duration::from_secs(60), ..call })
    };
    for answer in join_all((0..300).map(|_| one())).await {
        assert_eq!(answer.text, "true");
    }
}
