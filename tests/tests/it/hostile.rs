//! A guest that breaks the limits ends alone, with a message one can act on, while other calls run on.
//!
//! Where each kind of attack is tried, here and in the other tests that end in `hostile…` (in-crate ones are those of
//! `host/sandbox`):
//!
//! | attack | tests |
//! | --- | --- |
//! | endless loops in wasm | `a_guest_that_never_ends_…`, `calls_end_with_the_run_…`; in-crate `hostile`: start functions |
//! | endless loops in host calls, sleep | `work_in_the_host_and_sleep_…` |
//! | memory, tables, stack | `each_way_to_misbehave_…` (eat_memory, recurse); in-crate `hostile`: tables, starts |
//! | floods of output, attachments, log, progress | `each_way_to_misbehave_…`; in-crate `command::tests` |
//! | instances, more calls than there are places | in-crate `hostile`: too large to begin with; `tests` |
//! | handles: timers, files, folders, requests | `each_way_to_misbehave_…`, `hostile_files`, `hostile_reach` |
//! | names that lead out, links before, during and between calls | `hostile_reach`, `hostile_files` |
//! | floods of files: sizes, gaps, masses of small things | `hostile_files` |
//! | names that turn to addresses nearby (DNS rebinding) | in-crate `hostile`, `capability::http::tests` |
//! | addresses nearby in every spelling, redirects to them, other ports, schemes and methods | `hostile_reach` |
//! | headers that carry another request or host | `hostile_reach`; in-crate `capability::http::tests` |
//! | secrets in address, header, body, redirect, base64 | `hostile_secrets`; in-crate `secret::edge::tests` |
//! | claims about who is calling | `hostile_reach`, `compromised` |
//! | interfaces that were not linked | `what_a_guest_imports_and_…`, `hostile_reach`; in-crate `tests` |
//! | manifests that say less than the binary | `a_manifest_that_grants_less_…`; in-crate `manifest`, `consent` |
//! | huge and deep JSON, invalid UTF-8, nonsense across the border | `each_way_to_misbehave_…`; in-crate `hostile` |
//! | components too costly to compile | `hostile_compile`; in-crate `compile` |
//! | compiled code that was changed, cut, or is another's | `changed_native_code_…`, `hostile_compile`; in-crate `compile` |
//! | calls that outlive their run | `calls_end_with_the_run_…`, `a_guest_that_never_ends_…` |
//! | scripts and programs | `code_hostile`, `process` |

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steward_agent::Role;
use steward_sandbox::{Call, HttpPolicy, Outcome};
use steward_tests::guests::HOSTILE_MANIFEST;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cage::{Cage, call, sources_hostile};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_misbehave_ends_in_a_message_and_nothing_else() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    let cases = [
        ("eat_memory", json!({}), Outcome::OutOfMemory, "needs more memory than the 64 MB it may use"),
        ("recurse", json!({}), Outcome::Trapped, "called itself too deeply"),
        ("return_huge", json!({ "bytes": 100 << 20 }), Outcome::OutOfMemory, "needs more memory"),
        ("return_huge", json!({ "bytes": 8 << 20 }), Outcome::OutputTooLarge, "ask it for less"),
        ("attach_huge", json!({ "bytes": 21 << 20 }), Outcome::OutputTooLarge, "ask it for less"),
        ("trap", json!({}), Outcome::Trapped, "trap"),
        ("panic", json!({}), Outcome::Trapped, "panic"),
        ("leave", json!({}), Outcome::Trapped, "exited"),
        ("hoard_timers", json!({}), Outcome::Trapped, "broke down"),
        ("attach_many", json!({ "bytes": 10_000 }), Outcome::OutputTooLarge, "files"),
        ("attach_many", json!({ "bytes": 500_000 }), Outcome::OutputTooLarge, "handed over more than 32 MB"),
        ("deep_json", json!({ "bytes": 300 }), Outcome::Ok, "deep"),
        ("chatter", json!({}), Outcome::Ok, "told"),
        ("flood_log", json!({}), Outcome::Ok, "logged"),
        ("flood_progress", json!({}), Outcome::Ok, "shown"),
        ("echo", json!("[".repeat(100_000)), Outcome::Invalid, "recursion limit"),
        ("echo", json!({ "text": "x".repeat(80 << 20) }), Outcome::OutOfMemory, "needs more memory"),
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
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
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
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
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
    let cage = Cage::hostile(&manifest).await;
    let refused: Vec<_> = cage.catalogue.refused().iter().map(|(name, error)| format!("{name}: {error}")).collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("steward:plugin/memory") && refused[0].contains("`memory = {}`"), "{refused:?}");
    let answer = cage.call(Role::Owner, "echo", json!({ "text": "x" })).await;
    assert_eq!(answer.outcome, Outcome::UnknownTool);
}

#[tokio::test]
async fn every_call_starts_clean() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    for _ in 0..3 {
        assert_eq!(cage.call(Role::Owner, "count_calls", json!({})).await.text, "1");
    }
}

#[tokio::test]
async fn changed_native_code_is_not_run_but_compiled_again() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    let folder = cage.stop().await;
    let compiled = folder.path().join("compiled");
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
    let cage = Cage::within(folder, sources_hostile(), HttpPolicy::default()).await;
    let answer = cage.own("echo", json!({ "text": "well" })).await;
    assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Ok, "well"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_in_the_host_and_sleep_end_like_a_loop_in_the_guest() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    for tool in ["busy_host", "sleep_forever"] {
        let stop = CancellationToken::new();
        let endless = Call { cancel: stop.clone(), ..call(Role::Owner, tool, json!({})) };
        let catalogue = Arc::clone(&cage.catalogue);
        let running = tokio::spawn(async move { catalogue.call(endless).await });
        let echo = cage.own("echo", json!({ "text": "meanwhile" })).await;
        assert_eq!(echo.text, "meanwhile", "next to {tool}");
        stop.cancel();
        assert_eq!(running.await.unwrap().outcome, Outcome::Cancelled, "{tool}");
        let short = Call { time_limit: Duration::from_millis(100), ..call(Role::Owner, tool, json!({})) };
        let answer = cage.catalogue.call(short).await;
        assert_eq!(answer.outcome, Outcome::TimedOut, "{tool}");
        assert!(answer.text.contains("took longer than it may"), "{tool}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_end_with_the_run_that_made_them() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    for tool in ["loop_forever", "busy_host", "sleep_forever"] {
        let catalogue = Arc::clone(&cage.catalogue);
        let run = tokio::spawn(async move { catalogue.call(call(Role::Owner, tool, json!({}))).await });
        // An answer of the same sandbox comes after the run has had its turn.
        cage.own("echo", json!({ "text": "x" })).await;
        run.abort();
        assert!(run.await.unwrap_err().is_cancelled(), "{tool}");
    }
    cage.catalogue.close().await;
    let rows = cage.store.recent_calls(10).await.unwrap();
    let given_up = rows.iter().filter(|row| row.outcome == "cancelled").count();
    assert_eq!((rows.len() >= 3, rows.len() - 3), (true, given_up), "{rows:?}");
}

#[tokio::test]
async fn somebody_who_does_not_read_the_progress_holds_nobody_up() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    let (progress, _unread) = mpsc::channel(1);
    let flood = Call { progress: Some(progress), ..call(Role::Owner, "flood_progress", json!({})) };
    assert_eq!(cage.catalogue.call(flood).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn each_call_says_in_the_audit_what_it_cost() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    cage.own("echo", json!({ "text": "12345" })).await;
    let short = Call { time_limit: Duration::from_millis(100), ..call(Role::Owner, "loop_forever", json!({})) };
    cage.catalogue.call(short).await;
    cage.own("eat_memory", json!({})).await;
    cage.own("nothing", json!({})).await;
    cage.catalogue.close().await;
    let rows = cage.store.recent_calls(10).await.unwrap();
    let cost = |tool: &str| rows.iter().find(|row| row.tool == tool).unwrap().cost;
    let echo = cost("echo");
    assert_eq!((echo.bytes_in, echo.bytes_out), (r#"{"text":"12345"}"#.len() as u64, 5));
    assert!(echo.cpu > Duration::ZERO && echo.wall > Duration::ZERO && echo.peak_memory > 0, "{echo:?}");
    let spun = cost("loop_forever");
    assert!(spun.cpu > echo.cpu && spun.wall >= Duration::from_millis(100), "{spun:?}");
    assert!(cost("eat_memory").peak_memory > 32 << 20);
    assert_eq!((cost("nothing").cpu, cost("nothing").peak_memory), (Duration::ZERO, 0));
    assert!(rows.iter().filter(|row| row.tool != "nothing").all(|row| row.capabilities == "memory"), "{rows:?}");
}
