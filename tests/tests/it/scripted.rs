//! The scripted model by itself, asked by the program's own gateway: both wire formats, gates, cuts, and its refusals.

use serde_json::{Value, json};
use steward_agent::message::ToolResult;
use steward_agent::{Message, ModelError, ModelReply, ModelRequest, StreamEvent, ToolCall, ToolSpec};
use steward_model::{ANTHROPIC, Gateway, GatewayConfig, ModelConfig, OPENAI, Secret};
use steward_tests::model::{Asked, KEY, MODEL, Provider, Reply};
use steward_tests::{Gate, ScriptedModel, http};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn gateway(model: &ScriptedModel, provider: Provider) -> Gateway {
    let (key, name) = (Some(Secret::new(KEY)), MODEL.to_owned());
    let (kind, url) = match provider {
        Provider::OpenAi => (&OPENAI, model.openai_url()),
        Provider::Anthropic => (&ANTHROPIC, model.anthropic_url()),
    };
    let entry = ModelConfig { base_url: Some(url.parse().unwrap()), key, model: Some(name), ..ModelConfig::new(kind) };
    // Also installs what TLS needs, as the program does at its start.
    drop(http::client());
    Gateway::new(GatewayConfig { models: vec![entry], retries: 0, ..GatewayConfig::default() }).unwrap()
}

fn request(messages: Vec<Message>) -> ModelRequest {
    let schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    let tool =
        |name: &str| ToolSpec { name: name.to_owned(), description: "A tool.".to_owned(), schema: schema.clone() };
    let (tools, system) = ([tool("one"), tool("two")].into(), "Be brief.".to_owned());
    ModelRequest { system, messages, tools, max_tokens: 100, model: None }
}

async fn ask(gateway: &Gateway, messages: Vec<Message>) -> (Result<ModelReply, ModelError>, String) {
    let (sender, mut receiver) = mpsc::channel(64);
    let reply = gateway.complete(&request(messages), &sender, &CancellationToken::new()).await;
    drop(sender);
    let mut streamed = String::new();
    while let Some(event) = receiver.recv().await {
        if let StreamEvent::Text(text) = event {
            streamed += &text;
        }
    }
    (reply, streamed)
}

/// Two tools in one step, then an answer made of their results.
fn two_tools_then_an_answer(asked: &Asked) -> Reply {
    if asked.after_tools() {
        let told: Vec<_> = asked.results().into_iter().map(|(id, text)| format!("{id}={text}")).collect();
        return Reply::pieces(&["It is: ", &told.join(", ")]).usage(200, 30, 150);
    }
    Reply::text("Let me see. ").and_call("one", json!({ "city": "Köln и Москва" })).and_call("two", json!({}))
}

#[tokio::test]
async fn both_formats_carry_tool_calls_and_their_results() {
    for provider in [Provider::OpenAi, Provider::Anthropic] {
        let model = ScriptedModel::start(two_tools_then_an_answer).await;
        let gateway = gateway(&model, provider);
        let question = Message::user("What is it?");
        let (first, streamed) = ask(&gateway, vec![question.clone()]).await;
        let first = first.unwrap();
        assert_eq!(streamed, "Let me see. ");
        let inputs: Vec<_> =
            first.calls.iter().map(|call| (call.id.as_str(), call.name.as_str(), &call.input)).collect();
        let expected = (json!({ "city": "Köln и Москва" }), json!({}));
        assert_eq!(inputs, [("call_1", "one", &expected.0), ("call_2", "two", &expected.1)]);

        let answer = |call: &ToolCall, text: &str| {
            Message::Tool(ToolResult {
                id: call.id.clone(),
                name: call.name.clone(),
                text: text.to_owned(),
                ..ToolResult::default()
            })
        };
        let results = [answer(&first.calls[0], "sun"), answer(&first.calls[1], "rain")];
        let spoken = Message::Assistant { text: first.text.clone(), calls: first.calls.clone(), state: None };
        let (second, _) = ask(&gateway, [question, spoken].into_iter().chain(results).collect()).await;
        let second = second.unwrap();
        assert_eq!(second.text, "It is: call_1=sun, call_2=rain");
        assert_eq!((second.usage.input, second.usage.output, second.usage.cached), (200, 30, 150), "{provider:?}");

        let asked = model.requests();
        assert_eq!(asked[1].tools(), ["one", "two"]);
        assert_eq!(asked[1].system(), "Be brief.");
        assert_eq!(asked[1].last_said(), "What is it?");
        assert_eq!(asked[1].provider, provider);
    }
}

#[tokio::test]
async fn a_gate_holds_the_stream_and_a_client_that_leaves_is_noticed() {
    for provider in [Provider::OpenAi, Provider::Anthropic] {
        let gate = Gate::new();
        let held = gate.clone();
        let model = ScriptedModel::start(move |_| Reply::text("Well").and_wait(&held).then("b")).await;
        let gateway = gateway(&model, provider);
        let cancel = CancellationToken::new();
        let (sender, mut receiver) = mpsc::channel(8);
        let wanted = request(vec![Message::user("go")]);
        let running = gateway.complete(&wanted, &sender, &cancel);
        let leave = async {
            gate.reached().await;
            assert_eq!(receiver.recv().await, Some(StreamEvent::Text("Well".to_owned())));
            cancel.cancel();
        };
        let (result, ()) = tokio::join!(running, leave);
        assert_eq!(result, Err(ModelError::Cancelled));
        model.dropped(0).await;
        gate.open();
        let (again, _) = ask(&gateway, vec![Message::user("go")]).await;
        assert_eq!(again.unwrap().text, "Wellb");
        assert!(!model.requests()[1].was_dropped());
    }
}

#[tokio::test]
async fn thoughts_stay_out_and_a_cut_or_an_error_is_told() {
    for provider in [Provider::OpenAi, Provider::Anthropic] {
        let model = ScriptedModel::start(|asked| match asked.last_said().as_str() {
            "think" => Reply::default().thinking("hm, hm").then("done"),
            "cut" => Reply::text("half").cut(),
            _ => Reply::error(400, "no such thing"),
        });
        let model = model.await;
        let gateway = gateway(&model, provider);
        let (thought, _) = ask(&gateway, vec![Message::user("think")]).await;
        assert_eq!(thought.unwrap().text, "done");
        let (cut, _) = ask(&gateway, vec![Message::user("cut")]).await;
        assert!(matches!(cut, Err(ModelError::BrokeOff { .. })), "{cut:?}");
        let (error, _) = ask(&gateway, vec![Message::user("fail")]).await;
        assert!(error.unwrap_err().to_string().contains("no such thing"));
    }
}

#[tokio::test]
async fn wrong_conversations_are_refused_as_the_providers_do() {
    let model = ScriptedModel::saying("hi").await;
    let user = json!({ "role": "user", "content": "hi" });
    let openai = |messages: Value| json!({ "model": MODEL, "stream": true, "messages": messages });
    let anthropic = |messages: Value| json!({ "model": MODEL, "stream": true, "max_tokens": 9, "messages": messages });
    let function = json!({ "id": "a", "type": "function", "function": { "name": "x", "arguments": "{}" } });
    let called = json!({ "role": "assistant", "content": null, "tool_calls": [function] });
    let used = json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "a", "name": "x", "input": {} }] });
    let orphan = json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "b", "content": "" }] });
    let cases = [
        (false, openai(json!([user, called, user])), "did not have response messages: a"),
        (false, openai(json!([user, { "role": "tool", "tool_call_id": "a", "content": "" }])), "must be a response to"),
        (false, openai(json!([])), "too short"),
        (true, anthropic(json!([user, used, user])), "`tool_use` ids were found without `tool_result`"),
        (true, anthropic(json!([user, orphan])), "unexpected `tool_use_id`"),
        (true, anthropic(json!([{ "role": "user", "content": "" }])), "must be non-empty"),
        (true, openai(json!([user])), "max_tokens: Field required"),
    ];
    for (is_anthropic, body, words) in cases {
        let client = http::client();
        let request = if is_anthropic {
            let url = format!("{}/v1/messages", model.anthropic_url());
            client.post(url).header("x-api-key", KEY).header("anthropic-version", "2023-06-01")
        } else {
            client.post(format!("{}/chat/completions", model.openai_url())).bearer_auth(KEY)
        };
        let response = request.json(&body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 400, "{body}");
        let text = response.text().await.unwrap();
        assert!(text.contains(words), "{text}");
    }
    let unknown = http::client().post(format!("{}/chat/completions", model.openai_url())).json(&openai(json!([user])));
    assert_eq!(unknown.send().await.unwrap().status().as_u16(), 401);
}
