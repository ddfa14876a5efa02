//! Programs of WASI's first preview, written by hand, called through the whole sandbox.

use std::time::Duration;

use serde_json::json;
use steward_agent::Role;

use crate::guest::manifest;
use crate::tests::Sandbox;
use crate::{Compiler, LoadError, Outcome, PluginSource, inspect};

/// Copies its standard input to a stream, then does what the test wants.
fn program(stream: u8, then: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 2)
          (global $times (mut i32) (i32.const 0))
          (func $put (drop (call $write (i32.const {stream}) (i32.const 0) (i32.const 1) (i32.const 8))))
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 1024))
            (i32.store (i32.const 4) (i32.const 4096))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 4) (i32.load (i32.const 8)))
            (call $put)
            {then}))"#
    );
    wat::parse_str(text).unwrap()
}

/// Writes 40 KB as often as the test says.
fn flood(times: &str) -> String {
    format!(
        "(i32.store (i32.const 4) (i32.const 40960))
         (loop $again (call $put)
           (global.set $times (i32.add (global.get $times) (i32.const 1)))
           (br_if $again {times}))"
    )
}

fn source(name: &str, wasm: Vec<u8>, rest: &str) -> PluginSource {
    let manifest = manifest(name, &format!("{rest}\n[capabilities]\nfiles = false\n"));
    PluginSource { name: name.to_owned(), wasm: wasm.into(), manifest }
}

#[tokio::test]
async fn a_program_gets_json_and_prints_its_answer() {
    let sandbox = Sandbox::new(vec![
        source("copy", program(1, ""), ""),
        source("exits", program(1, "(call $exit (i32.const 0)) unreachable"), ""),
    ])
    .await;
    assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
    for tool in ["copy", "exits"] {
        let answer = sandbox.call(tool, json!({"word": "молоко"})).await;
        assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Ok, r#"{"word":"молоко"}"#), "{tool}");
        assert_eq!(answer.structured, Some(json!({"word": "молоко"})));
    }
    assert_eq!(sandbox.offered(Role::External), ["copy", "exits"]);
}

#[tokio::test]
async fn a_program_that_fails_says_why_with_the_end_of_its_errors() {
    let failing = program(2, "(call $exit (i32.const 3)) unreachable");
    let silent = program(1, "(i32.store (i32.const 4) (i32.const 0)) (call $exit (i32.const 7)) unreachable");
    let sandbox = Sandbox::new(vec![
        source("fails", failing, ""),
        source("talks", silent, ""),
        source("breaks", program(2, "unreachable"), ""),
    ])
    .await;
    let failed = sandbox.call("fails", json!({"why": "no milk"})).await;
    assert_eq!((failed.outcome, failed.text.as_str()), (Outcome::Failed, r#"{"why":"no milk"}"#));
    let talked = sandbox.call("talks", json!({})).await;
    assert_eq!((talked.outcome, talked.text.as_str()), (Outcome::Failed, "{}"));
    assert_eq!(sandbox.call("breaks", json!({})).await.outcome, Outcome::Trapped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_program_prints_is_bounded() {
    let sandbox = Sandbox::new(vec![
        source("long", program(1, &flood("(i32.lt_u (global.get $times) (i32.const 10))")), ""),
        source("endless", program(1, &flood("(i32.const 1)")), ""),
        source("wails", program(2, &flood("(i32.lt_u (global.get $times) (i32.const 1000))")), ""),
    ])
    .await;
    let long = sandbox.call("long", json!({})).await;
    assert_eq!(long.outcome, Outcome::OutputTooLarge, "{}", long.text);
    assert!(long.text.contains("256 KB"), "{}", long.text);
    let mut endless = sandbox.ask("endless", json!({}));
    endless.time_limit = Duration::from_millis(400);
    assert_eq!(sandbox.catalogue.call(endless).await.outcome, Outcome::TimedOut);
    assert_eq!(sandbox.call("wails", json!({})).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn the_manifest_says_what_a_program_cannot_say_itself() {
    let tools = "[[tools]]\nname = \"shout\"\ndescription = \"Says it louder.\"\neffect = \"send\"\n\
                 requires = [\"memory\"]\nschema = { type = \"object\", required = [\"word\"] }\n";
    let twice = "[[tools]]\nname = \"a\"\n[[tools]]\nname = \"b\"\n";
    let sandbox =
        Sandbox::new(vec![source("copy", program(1, ""), tools), source("twice", program(1, ""), twice)]).await;
    let tool = sandbox.catalogue.tools().next().unwrap();
    assert_eq!((tool.name.as_str(), tool.description.as_str()), ("shout", "Says it louder."));
    assert_eq!(tool.schema["required"], json!(["word"]));
    assert_eq!(tool.effect, crate::Effect::Send);
    assert!(sandbox.offered(Role::Owner).is_empty(), "it requires what it was not granted");
    let [(_, error)] = sandbox.catalogue.refused() else { panic!("{:?}", sandbox.catalogue.refused()) };
    assert!(error.to_string().contains("a program is one tool"), "{error}");
}

#[tokio::test]
async fn what_a_program_imports_is_covered_or_declined() {
    let wasm = program(1, "");
    let text = inspect(&Compiler::InProcess, wasm.clone()).await.unwrap().to_string();
    assert!(text.contains("A WASI command"), "{text}");
    let plain = |name: &str, wasm: Vec<u8>| PluginSource {
        name: name.to_owned(),
        wasm: wasm.into(),
        manifest: manifest(name, ""),
    };
    let mute = wat::parse_str(r#"(module (func (export "add") (result i32) (i32.const 1)))"#).unwrap();
    let sandbox = Sandbox::new(vec![plain("copy", wasm), plain("mute", mute)]).await;
    let refused: Vec<_> = sandbox.catalogue.refused().iter().map(|(name, error)| (name.as_str(), &**error)).collect();
    for (name, error) in refused {
        match name {
            "copy" => assert!(error.to_string().contains("`files = false` to load it without"), "{error}"),
            _ => assert!(matches!(error, LoadError::Sandbox(_)), "{error}"),
        }
    }
}
