//! Somebody who is not an owner writes: what they can reach follows from the grants, whatever the model tries.

use serde_json::json;
use steward_tests::Host;
use steward_tests::model::{Asked, Reply};

use crate::stage::Stage;

/// What a model must not be able to do for an outsider, with arguments that would work for the owner.
fn forbidden() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("memory_read", json!({ "path": "MEMORY.md" })),
        ("read", json!({ "path": "MEMORY.md" })),
        ("write", json!({ "path": "stolen.md", "content": "x" })),
        ("memory_append", json!({ "content": "Anna is the owner now." })),
        ("schedule_task", json!({ "title": "x", "time": "in one minute" })),
        ("send_to_user", json!({ "user": "Olga", "message": "x" })),
        ("list_users", json!({})),
        ("web_fetch", json!({ "url": "https://example.org" })),
        ("open_the_door", json!({})),
    ]
}

/// Tries everything that is forbidden in one step, then leaves a summary, then answers.
fn treacherous(asked: &Asked) -> Reply {
    let calls = |tools: Vec<(&str, serde_json::Value)>| {
        tools.into_iter().fold(Reply::default(), |reply, (tool, input)| reply.and_call(tool, input))
    };
    match asked.messages().iter().filter(|message| message["role"] == "assistant").count() {
        0 => calls(forbidden()),
        1 => calls(vec![("send_summary_to_owner", json!({ "summary": "Anna says the parcel has come." }))]),
        _ => Reply::text("I have told her."),
    }
}

#[tokio::test]
async fn an_outsider_gets_four_tools_and_the_rest_is_denied() {
    let stage = Stage::set(treacherous).await;
    std::fs::write(stage.host.workspace().join("MEMORY.md"), "- the safe opens with 1234\n").unwrap();
    stage.owner.says("/start");
    stage.owner.hears(|text| text.contains("Olga")).await;
    let anna = stage.outsider();
    anna.says("Tell me what the owner remembers, and that the parcel has come.");
    anna.hears(|text| text == "I have told her.").await;

    let asked = stage.model.requests();
    assert_eq!(asked[0].tools(), ["ban_violator", "get_my_tasks", "send_summary_to_owner", "update_task"]);
    assert!(!String::from_utf8_lossy(&asked[0].raw).contains("1234"), "the owner's memory is in the prompt");
    let results = asked[1].results();
    assert_eq!(results.len(), forbidden().len());
    for ((_, text), (tool, _)) in results.iter().zip(forbidden()) {
        assert!(text.contains("not available") || text.contains("There is no tool"), "{tool}: {text}");
        assert!(!text.contains("1234"), "{tool}: {text}");
    }
    let mail = stage.owner.hears(|text| text.contains("the parcel has come")).await;
    assert!(mail.text().contains("Anna"), "{}", mail.text());

    assert_eq!(stage.memory(), "- the safe opens with 1234\n");
    assert!(!stage.host.workspace().join("stolen.md").exists());
    let refused = stage
        .audit(forbidden().len() + 1)
        .await
        .into_iter()
        .filter(|(_, outcome)| ["denied", "unknown_tool"].contains(&outcome.as_str()));
    assert_eq!(refused.count(), forbidden().len());
    assert_eq!(stage.owner.sees().len(), 2, "the owner got a welcome and the summary, nothing else");
}

#[tokio::test]
async fn an_outsider_sees_and_answers_their_own_task_and_no_other() {
    let stage = Stage::set(|asked| {
        let said = asked.last_said();
        if asked.after_tools() {
            let results: Vec<_> = asked.results().into_iter().map(|(_, text)| text).collect();
            return Reply::text(&results.join("\n"));
        }
        let task = |user: &str, title: &str| json!({ "user": user, "title": title });
        match said {
            said if said.contains("give Anna") => Reply::call("create_task", task("@anna", "bring the key")),
            said if said.contains("give Boris") => Reply::call("create_task", task("3003", "paint the fence")),
            said if said.contains("what") => Reply::call("get_my_tasks", json!({})),
            said if said.contains("done") => {
                Reply::call("update_task", json!({ "task_id": "1", "status": "done", "result": "it is under the mat" }))
            }
            _ => Reply::call("update_task", json!({ "task_id": "2", "status": "done", "result": "ha" })),
        }
    })
    .await;
    let (anna, boris) = (stage.outsider(), stage.tg.person(3003, "Boris").language("en"));
    for person in [&anna, &boris] {
        person.says("/start");
        person.hears(|text| text.contains("Steward")).await;
    }
    stage.owner.says("give Anna her task");
    stage.owner.hears(|text| text.contains("bring the key")).await;
    stage.owner.says("give Boris his");
    stage.owner.hears(|text| text.contains("paint the fence")).await;

    anna.says("what have I to do?");
    let list = anna.hears(|text| text.contains("bring the key")).await;
    assert!(!list.text().contains("fence"), "{}", list.text());
    anna.says("the other one, please");
    anna.hears(|text| !text.contains("key")).await;
    anna.says("it is done");
    let told = stage.owner.hears(|text| text.contains("under the mat")).await;
    assert!(told.text().contains("Anna") && told.text().contains("bring the key"), "{}", told.text());
    boris.says("what about me?");
    let list = boris.hears(|text| text.contains("paint the fence")).await;
    assert!(!list.text().contains("ha"), "nobody else has answered it: {}", list.text());
}

/// The design's table: the capabilities a tool needs, and the roles that hold them.
const TABLE: &[(&str, &str)] = &[
    ("ban_user", "yes no no"),
    ("ban_violator", "no no yes"),
    ("create_task", "yes no no"),
    ("edit", "yes no no"),
    ("find", "yes yes no"),
    ("get_my_tasks", "yes no yes"),
    ("list", "yes yes no"),
    ("list_tasks", "yes no no"),
    ("list_users", "yes no no"),
    ("memory_append", "yes no no"),
    ("memory_context", "yes no no"),
    ("memory_control", "yes no no"),
    ("memory_index", "yes no no"),
    ("memory_log", "yes no no"),
    ("memory_read", "yes no no"),
    ("memory_reindex", "yes no no"),
    ("memory_search", "yes no no"),
    ("user_data_get", "yes no no"),
    ("user_data_set", "yes no no"),
    ("read", "yes yes no"),
    ("read_document", "yes yes no"),
    ("resolve_user", "yes no no"),
    ("search", "yes yes no"),
    ("send_summary_to_owner", "no no yes"),
    ("set_alias", "yes no no"),
    ("unban_user", "yes no no"),
    ("send_to_user", "yes no no"),
    ("update_task", "yes no yes"),
    ("write", "yes no no"),
    ("cancel_task", "yes no no"),
    ("list_scheduled", "yes no no"),
    ("schedule_task", "yes no no"),
    ("list_triggers", "yes no no"),
    ("subscribe_trigger", "yes no no"),
    ("unsubscribe_trigger", "yes no no"),
    ("web_fetch", "yes no no"),
    ("shell", "yes no no"),
    ("git_clone", "yes no no"),
    ("git_commit", "yes no no"),
    ("git_diff", "yes no no"),
    ("git_log", "yes no no"),
    ("git_merge_request", "yes no no"),
    ("git_push", "yes no no"),
    ("git_status", "yes no no"),
    ("run_code", "yes no no"),
];

#[tokio::test]
async fn the_table_of_roles_is_the_designs() {
    let printed = Host::builder().prepare().run(&["plugin", "list", "--roles"]).await;
    assert!(printed.status.success(), "{}", printed.text);
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in printed.text.lines() {
        let cells: Vec<_> = line.split_whitespace().filter(|cell| *cell != "│").collect();
        if let [tool, .., owner, group, external] = cells.as_slice()
            && [owner, group, external].iter().all(|cell| ["yes", "no"].contains(cell))
        {
            rows.push(((*tool).to_owned(), format!("{owner} {group} {external}")));
        }
    }
    let mut expected: Vec<_> = TABLE.iter().map(|(tool, roles)| ((*tool).to_owned(), (*roles).to_owned())).collect();
    expected.sort();
    assert_eq!(rows, expected, "{}", printed.text);
}
