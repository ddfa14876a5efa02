//! Calls that are recorded and made again, with the built-in plugins and guests that break down.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use steward_agent::Role;
use steward_store::{AuditEntry, AuditFilter};

use super::*;
use crate::capability::memory::stand_in::StandIn;
use crate::guest::{self, Guest};
use crate::tests::{Sandbox, plain, plugin};
use crate::{HttpPolicy, PluginSource, ReplayError, Replayed};

fn everything() -> RecordPolicy {
    RecordPolicy { which: Recorded::Everything, ..RecordPolicy::default() }
}

/// The built-in plugins of these names.
fn built_in(names: &[&str]) -> Vec<PluginSource> {
    let source = |plugin: &steward_builtin::BuiltinPlugin| PluginSource {
        name: plugin.name.to_owned(),
        wasm: plugin.wasm().into(),
        manifest: plugin.manifest.to_owned(),
    };
    steward_builtin::PLUGINS.iter().filter(|plugin| names.contains(&plugin.name)).map(source).collect()
}

async fn recording(sources: Vec<PluginSource>) -> Sandbox {
    Sandbox::made(tempfile::tempdir().unwrap(), HttpPolicy::default(), everything(), sources).await
}

/// The last call and what was recorded of it.
async fn last(sandbox: &Sandbox) -> (AuditEntry, Vec<u8>) {
    sandbox.store.flush().await.unwrap();
    let entry = sandbox.store.calls(AuditFilter::default(), 1).await.unwrap().remove(0);
    let recording = sandbox.store.recording(entry.id).await.unwrap().expect("it was recorded");
    (entry, recording)
}

async fn replayed(sandbox: &Sandbox) -> Result<Replayed, ReplayError> {
    let (entry, recording) = last(sandbox).await;
    sandbox.catalogue.replay(entry, &recording, false).await
}

/// Makes a call and makes it again from its recording.
async fn twice(sandbox: &Sandbox, tool: &str, input: Json) -> Replayed {
    let answer = sandbox.call(tool, input).await;
    assert_ne!(answer.outcome, Outcome::UnknownTool, "{}", answer.text);
    let replayed = replayed(sandbox).await.unwrap();
    assert_eq!(replayed.difference, None, "{tool}");
    assert_eq!((&replayed.answer.text, replayed.answer.outcome), (&answer.text, answer.outcome), "{tool}");
    replayed
}

#[tokio::test]
async fn a_recorded_call_comes_to_the_same_and_touches_nothing() {
    let sandbox = recording(built_in(&["files", "memory", "scheduler", "people"])).await;
    let workspace = sandbox.folder.path().join("workspace");
    twice(&sandbox, "write", json!({"path": "notes/a.md", "content": "Молоко, хлеб\n"})).await;
    twice(&sandbox, "list", json!({"depth": 2})).await;
    twice(&sandbox, "search", json!({"query": "молоко"})).await;
    twice(&sandbox, "memory_append", json!({"content": "Anna likes tea."})).await;
    twice(&sandbox, "memory_context", json!({})).await;
    let port = Arc::new(StandIn::finding("Anna likes tea."));
    sandbox.catalogue.connect_memory(port.clone());
    twice(&sandbox, "memory_search", json!({"query": "tea", "limit": 3})).await;
    twice(&sandbox, "memory_control", json!({"action": "reset_memory", "scope": "summary"})).await;
    assert_eq!(port.asked().len(), 2, "the port is not asked again");
    twice(&sandbox, "schedule_task", json!({"title": "call Anna", "time": "in 2 hours"})).await;
    twice(&sandbox, "resolve_user", json!({"query": "nobody"})).await;
    let memory = std::fs::read_to_string(workspace.join("MEMORY.md")).unwrap();
    assert_eq!(memory.matches("Anna likes tea.").count(), 1, "{memory}");
    assert_eq!(sandbox.store.jobs().list(sandbox.owner).await.unwrap().len(), 1);

    sandbox.call("read", json!({"path": "notes/a.md"})).await;
    std::fs::remove_dir_all(&workspace).unwrap();
    let replayed = replayed(&sandbox).await.unwrap();
    assert!(replayed.difference.is_none() && replayed.answer.text.contains("Молоко"), "{replayed:?}");
    assert!(!workspace.exists());
    sandbox.store.flush().await.unwrap();
    assert_eq!(sandbox.store.calls(AuditFilter::default(), 99).await.unwrap().len(), 10, "a replay is no call");
}

#[tokio::test]
async fn guests_that_are_refused_or_break_down_do_so_again() {
    let memory = "[capabilities]\nmemory = {}\n";
    let sandbox = recording(vec![
        plain("trap", guest::TRAP),
        plugin("asker", &Guest::new("request", guest::REQUEST), "[capabilities]\nhttp = { hosts = [\"*\"] }"),
        plain("teleport", guest::TELEPORT),
        plugin("append", &Guest::new("append", guest::APPEND), memory),
        plugin("append-or-die", &Guest::new("append_or_die", guest::APPEND_OR_DIE), memory),
    ])
    .await;
    for tool in ["trap", "request", "teleport", "append"] {
        let replayed = twice(&sandbox, tool, json!({"a": 1})).await;
        assert_eq!(replayed.answer.failed(), tool != "append", "{tool}: {}", replayed.answer.text);
    }
    let workspace = sandbox.folder.path().join("workspace");
    std::fs::remove_file(workspace.join("MEMORY.md")).unwrap();
    std::fs::create_dir(workspace.join("MEMORY.md")).unwrap();
    let broken = twice(&sandbox, "append_or_die", json!({"a": 1})).await;
    assert!(broken.answer.failed(), "{}", broken.answer.text);
}

#[tokio::test]
async fn a_call_that_takes_another_way_is_told_with_the_first_difference() {
    let sandbox = recording(built_in(&["files"])).await;
    sandbox.call("write", json!({"path": "a.md", "content": "milk"})).await;
    let (entry, recording) = last(&sandbox).await;
    let mut altered: Recording = serde_json::from_slice(&recording).unwrap();
    altered.arguments = altered.arguments.replace("milk", "beer");
    let altered_bytes = serde_json::to_vec(&altered).unwrap();
    let replayed = sandbox.catalogue.replay(entry.clone(), &altered_bytes, false).await.unwrap();
    let difference = replayed.difference.unwrap();
    assert!(difference.contains("“beer”") && difference.contains("“milk”"), "{difference}");

    altered.arguments = altered.arguments.replace("beer", "milk");
    let dropped = altered.entries.pop().unwrap();
    let replayed =
        sandbox.catalogue.replay(entry.clone(), &serde_json::to_vec(&altered).unwrap(), false).await.unwrap();
    assert!(replayed.difference.unwrap().contains("when it was recorded, it had ended"));
    altered.entries.extend([dropped.clone(), dropped]);
    let replayed =
        sandbox.catalogue.replay(entry.clone(), &serde_json::to_vec(&altered).unwrap(), false).await.unwrap();
    assert!(replayed.difference.unwrap().contains("it went on to call"));
    altered.entries.pop();
    altered.answer.text = "Something else".to_owned();
    let replayed =
        sandbox.catalogue.replay(entry.clone(), &serde_json::to_vec(&altered).unwrap(), false).await.unwrap();
    assert!(replayed.difference.unwrap().contains("line 1 of the answer"));

    altered.hash = "0".repeat(64);
    let changed = sandbox.catalogue.replay(entry, &serde_json::to_vec(&altered).unwrap(), false).await.unwrap_err();
    assert!(matches!(changed, ReplayError::Changed { .. }) && changed.to_string().contains("--anyway"), "{changed}");
}

#[tokio::test]
async fn a_recording_that_grows_too_long_says_so_and_the_call_is_none_the_worse() {
    let policy = RecordPolicy { limit: 2 << 10, ..everything() };
    let sandbox =
        Sandbox::made(tempfile::tempdir().unwrap(), HttpPolicy::default(), policy, built_in(&["files"])).await;
    let text = "a line of text\n".repeat(1000);
    let written = sandbox.call("write", json!({"path": "long.txt", "content": text})).await;
    assert!(!written.failed(), "{}", written.text);
    let read = sandbox.call("read", json!({"path": "long.txt"})).await;
    assert!(read.text.contains("a line of text"), "{}", read.text);
    let refused = replayed(&sandbox).await.unwrap_err();
    assert!(refused.to_string().contains("audit.record_kb"), "{refused}");
}

#[tokio::test]
async fn only_what_was_asked_for_is_recorded() {
    let policy = RecordPolicy { which: Recorded::Plugins(vec!["memory".to_owned()]), ..RecordPolicy::default() };
    let sandbox =
        Sandbox::made(tempfile::tempdir().unwrap(), HttpPolicy::default(), policy, built_in(&["files", "memory"]))
            .await;
    sandbox.call("memory_append", json!({"content": "tea"})).await;
    sandbox.call("list", json!({})).await;
    sandbox.store.flush().await.unwrap();
    let calls = sandbox.store.calls(AuditFilter::default(), 2).await.unwrap();
    let recorded: Vec<_> = calls.iter().map(|one| (one.call.tool.as_str(), one.recorded)).collect();
    assert_eq!(recorded, [("list", false), ("memory_append", true)]);
}

#[tokio::test]
async fn a_call_that_was_stopped_comes_to_the_same_point() {
    let sandbox = recording(vec![plain("spin", guest::SPIN)]).await;
    let mut call = sandbox.ask("spin", json!({}));
    call.time_limit = std::time::Duration::from_millis(20);
    call.principal.role = Role::Owner;
    let answer = sandbox.catalogue.call(call).await;
    assert_eq!(answer.outcome, Outcome::TimedOut);
    let (_, recording) = last(&sandbox).await;
    let recording: Recording = serde_json::from_slice(&recording).unwrap();
    assert!(recording.answer.was_given_up() && recording.entries.is_empty());
}
