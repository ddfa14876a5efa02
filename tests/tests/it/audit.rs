//! What the tools did and what it cost, as the owner sees it: by `/usage` and by `steward audit`.

use serde_json::{Value, json};
use steward_tests::model::Reply;

use crate::stage::Stage;

#[tokio::test]
async fn the_owner_sees_what_tools_did_and_what_it_cost() {
    let stage = Stage::set(|asked| {
        if asked.after_tools() {
            return Reply::text("Done.");
        }
        Reply::call("memory_append", json!({ "content": "The flat is 42." }))
            .and_call("read", json!({ "path": "nothing.txt" }))
    })
    .await;
    stage.owner.says("remember my flat");
    stage.owner.hears(|text| text == "Done.").await;
    stage.settled().await;
    stage.until("SELECT count(*) = 2 FROM audit").await;
    stage.owner.says("/usage");
    let usage = stage.owner.hears(|text| text.contains("Tools today")).await;
    assert!(usage.text().contains("memory_append: 1 calls, "), "{}", usage.text());
    assert!(usage.text().contains("read: 1 calls, 1 failed, "), "{}", usage.text());

    let printed =
        stage.host.run(&["audit", "--json", "--tool", "memory_append", "--person", "Olga", "--since", "24h"]).await;
    assert!(printed.status.success(), "{}", printed.text);
    let call: Value = serde_json::from_str(printed.text.trim()).unwrap();
    assert_eq!((&call["outcome"], &call["plugin"], &call["role"]), (&json!("ok"), &json!("memory"), &json!("owner")));
    assert_eq!((&call["person_name"], &call["capabilities"]), (&json!("Olga"), &json!(["memory"])));
    for cost in ["wall_us", "cpu_us", "peak_memory", "bytes_in", "bytes_out"] {
        assert!(call[cost].as_u64().unwrap() > 0, "{cost}: {call}");
    }
    let table = stage.host.run(&["audit", "--limit", "1"]).await;
    assert!(table.text.contains("Olga, owner, chat") && table.text.lines().count() < 8, "{}", table.text);
    let summary = stage.host.run(&["audit", "summary", "--json"]).await;
    let lines: Vec<Value> = summary.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let total = |by: &str, name: &str| lines.iter().find(|line| line["by"] == by && line["name"] == name).unwrap();
    assert_eq!((&total("person", "Olga")["calls"], &total("person", "Olga")["failed"]), (&json!(2), &json!(1)));
    assert_eq!(total("plugin", "files")["failed"], 1);
    assert_eq!(total("tool", "read")["calls"], 1);

    let wrong = stage.host.run(&["audit", "--since", "yesterday"]).await;
    assert!(!wrong.status.success() && wrong.text.contains("as 24h or 7d"), "{}", wrong.text);
}

#[tokio::test]
async fn the_limits_of_a_plugin_are_listed() {
    let printed = steward_tests::Host::builder().prepare().run(&["plugin", "list"]).await;
    assert!(printed.status.success(), "{}", printed.text);
    assert!(printed.text.contains("limits of a call") && printed.text.contains("64 MB"), "{}", printed.text);
}
