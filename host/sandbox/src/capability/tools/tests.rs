use std::sync::Mutex;

use serde_json::json;
use tokio::sync::Barrier;

use super::*;
use crate::bindings::wit::tools::{Host as _, Request};
use crate::fixture::Fixture;

/// Answers when so many calls have come, so that they must be made at the same time.
struct Together {
    barrier: Barrier,
    calls: Mutex<Vec<NestedCall>>,
}

impl Together {
    fn new(number: usize) -> Arc<Self> {
        Arc::new(Self { barrier: Barrier::new(number), calls: Mutex::default() })
    }

    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.calls.lock().unwrap().drain(..).map(|call| call.key).collect();
        keys.sort();
        keys
    }
}

#[async_trait]
impl CallTools for Together {
    fn available(&self) -> Vec<ToolSpec> {
        let (name, description) = ("echo".to_owned(), "Says it again.".to_owned());
        vec![ToolSpec { name, description, schema: json!({ "type": "object" }) }]
    }

    async fn call(&self, call: NestedCall) -> NestedAnswer {
        self.calls.lock().unwrap().push(call.clone());
        self.barrier.wait().await;
        assert_ne!(call.name, "panic");
        let outcome = if call.name == "echo" { Outcome::Ok } else { Outcome::UnknownTool };
        NestedAnswer { outcome, text: call.input.to_string(), structured: Some(call.input), files: Vec::new() }
    }
}

fn request(name: &str, input: &str) -> Request {
    Request { name: name.to_owned(), input: input.to_owned() }
}

async fn state(port: ToolPort) -> CallState {
    let mut state = Fixture::new().await.owner();
    *state.parts.of() = Calling::by(port);
    state
}

#[tokio::test]
async fn calls_are_made_at_the_same_time_and_answered_in_order() {
    let port = Together::new(AT_ONCE);
    let mut call = state(ToolPort::Open(port)).await;
    assert_eq!(view(&mut call).available().await.unwrap()[0].input_schema, r#"{"type":"object"}"#);
    let mut requests: Vec<_> = (0..AT_ONCE - 2).map(|n| request("echo", &format!("{{\"n\":{n}}}"))).collect();
    requests.extend([request("echo", "{broken"), request("teleport", "{}")]);
    let answers = view(&mut call).call_all(requests).await.unwrap();
    for (n, answer) in answers[..AT_ONCE - 2].iter().enumerate() {
        assert_eq!(answer.as_ref().unwrap().structured.as_deref(), Some(format!("{{\"n\":{n}}}").as_str()));
    }
    assert_eq!(answers[AT_ONCE - 2].as_ref().unwrap().text, r#""{broken""#, "the sandbox says what is wrong");
    assert!(matches!(&answers[AT_ONCE - 1], Err(Failure::NotFound(_))));
}

#[tokio::test]
async fn a_call_has_the_same_key_whenever_it_is_made_and_no_other_call_has_it() {
    let port = Together::new(1);
    let mut first = state(ToolPort::Open(port.clone())).await;
    for input in ["{\"n\":1}", "{\"n\":2}", "{\"n\":1}"] {
        view(&mut first).call_all(vec![request("echo", input)]).await.unwrap().remove(0).unwrap();
    }
    let keys = port.keys();
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    assert!(keys.iter().all(|key| key.starts_with(&format!("{}/", first.key))), "{keys:?}");
    let mut again = state(ToolPort::Open(port.clone())).await;
    for input in ["{\"n\":2}", "{\"n\":1}", "{\"n\":1}"] {
        view(&mut again).call_all(vec![request("echo", input)]).await.unwrap().remove(0).unwrap();
    }
    assert_eq!(port.keys(), keys);
    view(&mut again).call_all(vec![request("echo", "{\"n\":3}")]).await.unwrap().remove(0).unwrap();
    assert!(!keys.contains(&port.keys()[0]));
}

#[tokio::test]
async fn calls_are_counted_and_one_that_breaks_off_is_a_failure() {
    let mut call = state(ToolPort::Open(Together::new(1))).await;
    let broke = view(&mut call).call_all(vec![request("panic", "{}")]).await.unwrap().remove(0);
    assert!(matches!(broke, Err(Failure::Failed(_))));
    let most = call.grant.scope::<ToolsGrant>().calls as usize;
    let too_many = view(&mut call).call_all(vec![request("echo", "{}"); most]).await;
    assert!(matches!(too_many, Err(Failure::Denied(text)) if text.contains("tools.calls")));
    assert_eq!(view(&mut call).call_all(vec![request("echo", "{}"); most - 1]).await.unwrap().len(), most - 1);
    assert!(matches!(view(&mut call).call_all(vec![request("echo", "{}")]).await, Err(Failure::Denied(_))));
}

#[tokio::test]
async fn without_a_run_and_within_a_nested_call_there_are_no_tools() {
    let mut trial = state(ToolPort::Absent).await;
    assert!(matches!(view(&mut trial).available().await, Err(Failure::Unavailable(_))));
    let mut nested = state(ToolPort::Nested).await;
    assert!(matches!(view(&mut nested).call_all(Vec::new()).await, Err(Failure::Denied(_))));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_call_stands_still_meanwhile() {
    let port = Together::new(2);
    let mut call = state(ToolPort::Open(port.clone())).await;
    let (deadline, left) = (call.deadline.clone(), call.deadline.left());
    let waiting = tokio::spawn(async move { view(&mut call).call_all(vec![request("echo", "{}")]).await });
    tokio::task::yield_now().await;
    tokio::time::advance(left * 2).await;
    assert_eq!(deadline.left(), left);
    port.barrier.wait().await;
    waiting.await.unwrap().unwrap();
}
