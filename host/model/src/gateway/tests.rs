//! The gateway against servers that answer as they are told.

use std::sync::Mutex;

use steward_agent::{Message, ToolSpec};
use tokio::sync::mpsc::{self, Receiver};

use super::*;
use crate::anthropic::ANTHROPIC;
use crate::config::Secret;
use crate::openai::OPENAI;
use crate::rehearsal::REHEARSAL;
use crate::stand_in::{Answer, StandIn};

const WHOLE: &str = concat!(
    "data: {\"model\":\"served\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
);
const BEGINNING: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Once\"}}]}\n\n";
const CLAUDE: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\"}}\n\n",
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    "data: {\"type\":\"message_stop\"}\n\n",
);
const TOO_LONG: &str = r#"{"error":{"message":"too many","code":"context_length_exceeded"}}"#;

fn openai(server: &StandIn, model: Option<&str>) -> ModelConfig {
    let (key, model) = (Some(Secret::new("sk-1")), model.map(str::to_owned));
    ModelConfig { base_url: Some(server.url()), key, model, ..ModelConfig::new(&OPENAI) }
}

fn anthropic(server: &StandIn) -> ModelConfig {
    let (key, model) = (Some(Secret::new("sk-2")), Some("claude-x".to_owned()));
    ModelConfig { base_url: Some(server.url()), key, model, ..ModelConfig::new(&ANTHROPIC) }
}

/// A gateway, its listener's end, and the pauses it would have made.
struct Case {
    gateway: Gateway,
    events: Sender<StreamEvent>,
    heard: Receiver<StreamEvent>,
    cancel: CancellationToken,
    pauses: Arc<Mutex<Vec<Duration>>>,
}

fn case(models: Vec<ModelConfig>) -> Case {
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let spent = Arc::clone(&pauses);
    let pretend = Pauses::of(move |pause| {
        spent.lock().unwrap().push(pause);
        Box::pin(async {})
    });
    let gateway = Gateway::new(GatewayConfig { models, ..GatewayConfig::default() }).unwrap().with_pauses(pretend);
    let (events, heard) = mpsc::channel(64);
    Case { gateway, events, heard, cancel: CancellationToken::new(), pauses }
}

impl Case {
    async fn ask(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        self.gateway.complete(request, &self.events, &self.cancel).await
    }

    /// What was shown: texts, and `|` for a restart.
    fn shown(&mut self) -> String {
        let mut shown = String::new();
        while let Ok(event) = self.heard.try_recv() {
            match event {
                StreamEvent::Text(text) => shown.push_str(&text),
                StreamEvent::Restart => shown.push('|'),
            }
        }
        shown
    }
}

fn request() -> ModelRequest {
    let schema = serde_json::json!({"type": "object"});
    let tools = [ToolSpec { name: "list".into(), description: "Lists.".into(), schema }].into();
    ModelRequest { system: "Be kind.".into(), messages: vec![Message::user("hi")], tools, max_tokens: 64, model: None }
}

#[tokio::test]
async fn an_openai_request_is_these_bytes_and_its_answer_streams() {
    let server = StandIn::new([Answer::events(&[WHOLE])]).await;
    let mut case = case(vec![openai(&server, Some("m"))]);
    let reply = case.ask(&request()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str(), reply.rehearsal), ("Hello", "served", false));
    assert_eq!(case.shown(), "Hello");
    let asked = server.asked().remove(0);
    assert_eq!(asked.line, "POST /v1/chat/completions");
    assert_eq!(asked.header("authorization"), Some("Bearer sk-1"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let expected = concat!(
        r#"{"model":"m","messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"hi"}],"#,
        r#""tools":[{"type":"function","function":{"name":"list","description":"Lists.","#,
        r#""parameters":{"type":"object"}}}],"#,
        r#""max_tokens":64,"stream":true,"stream_options":{"include_usage":true}}"#,
    );
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn an_anthropic_request_is_these_bytes_and_its_answer_streams() {
    let server = StandIn::new([Answer::events(&[CLAUDE])]).await;
    let mut case = case(vec![anthropic(&server)]);
    assert_eq!(case.ask(&request()).await.unwrap().text, "Hello");
    assert_eq!(case.shown(), "Hello");
    let asked = server.asked().remove(0);
    assert_eq!(asked.line, "POST /v1/messages");
    assert_eq!(asked.header("x-api-key"), Some("sk-2"));
    assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
    let expected = concat!(
        r#"{"model":"claude-x","max_tokens":64,"#,
        r#""system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],"#,
        r#""tools":[{"name":"list","description":"Lists.","input_schema":{"type":"object"},"#,
        r#""cache_control":{"type":"ephemeral"}}],"stream":true}"#,
    );
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn a_stream_that_is_cut_begins_again() {
    let ended_early = Answer::events(&[BEGINNING]);
    let server = StandIn::new([Answer::events(&[BEGINNING]).cut(), ended_early, Answer::events(&[WHOLE])]).await;
    let mut case = case(vec![openai(&server, Some("m"))]);
    assert_eq!(case.ask(&request()).await.unwrap().text, "Hello");
    assert_eq!(case.shown(), "Once|Once|Hello");
    let pauses = case.pauses.lock().unwrap().clone();
    assert_eq!(pauses.len(), 2);
    assert!(pauses[0] <= Duration::from_millis(500) && pauses[1] <= Duration::from_secs(1));
}

#[tokio::test]
async fn retry_after_is_honoured_and_patience_ends() {
    let busy = |seconds: &str| Answer::json(429, r#"{"error":{"message":"slow down"}}"#).header("retry-after", seconds);
    let server = StandIn::new([busy("7"), Answer::events(&[WHOLE]), busy("3600")]).await;
    let case = case(vec![openai(&server, Some("m"))]);
    assert_eq!(case.ask(&request()).await.unwrap().text, "Hello");
    assert_eq!(*case.pauses.lock().unwrap(), [Duration::from_secs(7)]);
    let error = case.ask(&request()).await.unwrap_err();
    let ModelError::Overloaded { retry_after, .. } = error else { panic!("{error:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn the_next_model_takes_over_in_order() {
    let overloaded = || Answer::json(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#);
    let first = StandIn::new([overloaded(), overloaded(), Answer::events(&[BEGINNING]).cut(), overloaded()]).await;
    let second = StandIn::new([Answer::json(401, r#"{"error":{"message":"bad key"}}"#)]).await;
    let third = StandIn::new([Answer::events(&[CLAUDE])]).await;
    let mut case = case(vec![openai(&first, Some("a")), openai(&second, Some("b")), anthropic(&third)]);
    let reply = case.ask(&request()).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.model.as_str()), ("Hello", "claude-x"));
    assert_eq!(case.shown(), "Once|Hello");
    assert_eq!((first.asked().len(), second.asked().len(), third.asked().len()), (4, 1, 1));
    let error = case.ask(&request()).await.unwrap_err();
    assert!(error.to_string().contains("nothing more to say"), "{error}");
}

#[tokio::test]
async fn too_long_is_told_before_other_errors() {
    let first = StandIn::new([Answer::json(400, TOO_LONG)]).await;
    let second = StandIn::new([Answer::json(403, "no")]).await;
    let case = case(vec![openai(&first, Some("small")), openai(&second, Some("b"))]);
    let error = case.ask(&request()).await.unwrap_err();
    assert!(matches!(&error, ModelError::TooLong { model, .. } if model == "small"), "{error:?}");
    assert!(case.pauses.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_run_that_is_stopped_ends_at_once() {
    let server = StandIn::new([Answer::events(&[BEGINNING]).silent()]).await;
    let mut case = case(vec![openai(&server, Some("m"))]);
    let (gateway, events, cancel) = (case.gateway.clone(), case.events.clone(), case.cancel.clone());
    let asking = tokio::spawn(async move { gateway.complete(&request(), &events, &cancel).await });
    assert_eq!(case.heard.recv().await, Some(StreamEvent::Text("Once".into())));
    case.cancel.cancel();
    assert_eq!(asking.await.unwrap(), Err(ModelError::Cancelled));
    assert_eq!(case.ask(&request()).await, Err(ModelError::Cancelled));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_stream_that_falls_silent_begins_again() {
    let server = StandIn::new([Answer::events(&[BEGINNING]).silent(), Answer::events(&[WHOLE])]).await;
    let mut case = case(vec![openai(&server, Some("m"))]);
    let (gateway, events, cancel) = (case.gateway.clone(), case.events.clone(), case.cancel.clone());
    let asking = tokio::spawn(async move { gateway.complete(&request(), &events, &cancel).await });
    assert_eq!(case.heard.recv().await, Some(StreamEvent::Text("Once".into())));
    tokio::time::pause();
    assert_eq!(case.heard.recv().await, Some(StreamEvent::Restart));
    tokio::time::resume();
    assert_eq!(asking.await.unwrap().unwrap().text, "Hello");
}

#[tokio::test]
async fn a_listener_that_left_does_not_stop_the_answer() {
    let server = StandIn::new([Answer::events(&[WHOLE])]).await;
    let Case { gateway, events, heard, cancel, .. } = case(vec![openai(&server, Some("m"))]);
    drop(heard);
    assert_eq!(gateway.complete(&request(), &events, &cancel).await.unwrap().text, "Hello");
}

#[tokio::test]
async fn a_server_s_dialect_is_learnt() {
    let picky = Answer::json(400, r#"{"error":{"message":"Unknown field: stream_options"}}"#);
    let server = StandIn::new([picky, Answer::events(&[WHOLE]), Answer::events(&[WHOLE])]).await;
    let case = case(vec![openai(&server, Some("m"))]);
    case.ask(&request()).await.unwrap();
    case.ask(&request()).await.unwrap();
    let with_options: Vec<bool> = server.asked().iter().map(|asked| asked.body.contains("stream_options")).collect();
    assert_eq!(with_options, [true, false, false]);
    assert!(case.pauses.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_stream_is_shown_all_the_same() {
    let whole = r#"{"choices":[{"message":{"content":"<think>x</think>Hello"},"finish_reason":"stop"}]}"#;
    let server = StandIn::new([Answer::json(200, whole)]).await;
    let mut case = case(vec![openai(&server, Some("m"))]);
    assert_eq!(case.ask(&request()).await.unwrap().text, "Hello");
    assert_eq!(case.shown(), "Hello");
}

#[tokio::test]
async fn a_model_asked_for_by_name_comes_first() {
    let answers = || (0..3).map(|_| Answer::events(&[WHOLE]));
    let (first, second) = (StandIn::new(answers()).await, StandIn::new(answers()).await);
    let case = case(vec![openai(&first, Some("a")), openai(&second, Some("b"))]);
    for name in ["B", "other", " "] {
        case.ask(&ModelRequest { model: Some(name.into()), ..request() }).await.unwrap();
    }
    let models = |server: &StandIn| -> Vec<String> {
        server.asked().iter().map(|asked| asked.body.chars().skip(10).take_while(|c| *c != '"').collect()).collect()
    };
    assert_eq!((models(&first), models(&second)), (vec!["other".to_owned(), "a".to_owned()], vec!["b".to_owned()]));
}

#[tokio::test]
async fn without_a_name_the_first_listed_chat_model_is_asked() {
    let list = Answer::json(200, r#"{"data":[{"id":"text-embedding-x"},{"id":"qwen"}]}"#);
    let server = StandIn::new([list, Answer::events(&[WHOLE]), Answer::events(&[WHOLE])]).await;
    let case = case(vec![openai(&server, None)]);
    assert_eq!(case.gateway.describe()[0].label, format!("127.0.0.1:{}", server.port));
    case.ask(&request()).await.unwrap();
    case.ask(&request()).await.unwrap();
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines, ["GET /v1/models", "POST /v1/chat/completions", "POST /v1/chat/completions"]);
    assert!(server.asked()[1].body.starts_with(r#"{"model":"qwen""#));
    assert_eq!(case.gateway.describe()[0].label, format!("qwen at 127.0.0.1:{}", server.port));
}

#[tokio::test]
async fn a_check_tells_which_model_would_answer_and_what_is_wrong() {
    let list = Answer::json(200, r#"{"data":[{"id":"a"},{"id":"b"}]}"#);
    let good = StandIn::new([list.clone()]).await;
    let other = StandIn::new([list]).await;
    let claude = StandIn::new([Answer::json(200, r#"{"id":"claude-x"}"#)]).await;
    let refusing = StandIn::new([Answer::json(401, r#"{"error":{"message":"bad key"}}"#)]).await;
    let models = vec![
        openai(&good, Some("b")),
        openai(&other, Some("gone")),
        anthropic(&claude),
        anthropic(&refusing),
        ModelConfig::new(&REHEARSAL),
    ];
    let checks: Vec<String> = case(models)
        .gateway
        .check()
        .await
        .into_iter()
        .map(|(_, result)| result.unwrap_or_else(|error| error.to_string()))
        .collect();
    assert_eq!((checks[0].as_str(), checks[2].as_str(), checks[4].as_str()), ("b", "claude-x", "rehearsal"));
    assert!(checks[1].ends_with("it has no model gone; it has a, b"), "{}", checks[1]);
    assert!(checks[3].contains("refused the key: bad key"), "{}", checks[3]);
    assert_eq!(claude.asked()[0].line, "GET /v1/models/claude-x");
}

#[tokio::test]
async fn a_key_is_not_carried_to_another_address() {
    let elsewhere = StandIn::new([Answer::events(&[WHOLE])]).await;
    let moved = Answer::json(307, "").header("location", elsewhere.url().as_str());
    let server = StandIn::new([moved]).await;
    let error = case(vec![openai(&server, Some("m"))]).ask(&request()).await.unwrap_err();
    assert!(error.to_string().contains("correct the address"), "{error}");
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_of_in_plain_words() {
    let nobody = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let base_url = url::Url::parse(&format!("http://{nobody}/v1")).unwrap();
    let (base_url, model, context) = (Some(base_url), Some("m".into()), Some(8_192));
    let case = case(vec![ModelConfig { base_url, model, context, ..ModelConfig::new(&OPENAI) }]);
    let error = case.ask(&request()).await.unwrap_err();
    assert!(matches!(error, ModelError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("is the server running"), "{error}");
    assert_eq!(case.pauses.lock().unwrap().len(), 3);
    assert_eq!(case.gateway.context(), 8_192);
}

#[tokio::test]
async fn the_rehearsal_model_streams_like_any_other() {
    let mut case = case(vec![ModelConfig::new(&REHEARSAL)]);
    let reply = case.ask(&ModelRequest { messages: vec![Message::user("help")], ..request() }).await.unwrap();
    assert!(reply.rehearsal && reply.model == "rehearsal");
    assert_eq!(case.shown(), reply.text);
    assert!(case.gateway.describe()[0].rehearsal);
}
