//! aimock runs and answers as its fixtures say; the tests of the program rely on these.

use serde_json::json;
use steward_tests::{Aimock, http};

#[tokio::test]
async fn aimock_calls_two_tools_in_one_step_and_then_answers() {
    let aimock = Aimock::start("week").await;
    let question = json!({ "role": "user", "content": "How does my week look?" });
    let call = |name: &str| {
        let function = json!({ "name": name, "arguments": "{}" });
        json!({ "id": format!("call_{name}"), "type": "function", "function": function })
    };
    let calls = json!({ "role": "assistant", "content": null, "tool_calls": [call("a"), call("b")] });
    let result = |name: &str| json!({ "role": "tool", "tool_call_id": format!("call_{name}"), "content": "nothing" });
    let ask = |messages| {
        let body = json!({ "model": "any", "stream": true, "messages": messages });
        let request = http::client().post(format!("{}/chat/completions", aimock.openai_url())).json(&body);
        async move { request.send().await.unwrap().text().await.unwrap() }
    };
    let first = ask(json!([question])).await;
    assert!(first.contains("\"list_scheduled\"") && first.contains("\"memory_context\""), "{first}");
    let second = ask(json!([question, calls, result("a"), result("b")])).await;
    assert!(second.contains("Your week is quiet") && second.trim_end().ends_with("data: [DONE]"), "{second}");
    assert_eq!(aimock.journal().await.len(), 2);
}
