//! `tools`: a tool's calls of other tools, by a port that the host provides for each run. A nested call is a call like
//! any other; nothing here decides whether it may be made. One level deep: what is called here calls no further.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::ToolSpec;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::{Failure, wit};
use crate::call::Outcome;
use crate::capability::{Brings, Capability, Reaches};
use crate::grant::Access;
use crate::part::Part;
use crate::scope::{Row, Scope, ScopeKind, problem};
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "tools",
    summary: (
        "Call the other tools of the run, each under your own rights and with your consent where it needs that.",
        "Вызывать другие инструменты — с вашими же правами и с вашего согласия там, где оно нужно.",
    ),
    interfaces: &["steward:plugin/tools"],
    owner: Access::Write,
    brings: Brings::Marked,
    calls_tools: true,
    reaches: Reaches::Others,
    scope: SCOPE,
    stays_within: true,
    link,
    begin: Some(|call| Ok(Box::new(Calling::by(call.tools.clone())))),
    ..Capability::PLAIN
};

/// Nested calls of one call that are made at the same time.
const AT_ONCE: usize = 8;

/// How a call reaches the other tools of its run.
#[derive(Clone, Default)]
pub enum ToolPort {
    /// There are none, as in a trial.
    #[default]
    Absent,
    Open(Arc<dyn CallTools>),
    /// The call was made by a tool itself.
    Nested,
}

impl fmt::Debug for ToolPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Open(_) => "Open",
            Self::Nested => "Nested",
        })
    }
}

/// A call that a tool makes of another.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedCall {
    pub name: String,
    /// An object; text that was not JSON comes as a JSON string.
    pub input: Value,
    /// The same when this call is made again after a crash, and no other call's.
    pub key: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedAnswer {
    pub outcome: Outcome,
    /// What the model would read.
    pub text: String,
    pub structured: Option<Value>,
    /// Where its files were kept, as the model would be told.
    pub files: Vec<String>,
}

/// How the host lets a tool call the other tools of its run.
#[async_trait]
pub trait CallTools: Send + Sync {
    /// The tools offered to the run, without those that may call tools themselves.
    fn available(&self) -> Vec<ToolSpec>;

    /// Makes one call as the run's own.
    async fn call(&self, call: NestedCall) -> NestedAnswer;
}

/// How often a plugin may call other tools in one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ToolsGrant {
    pub calls: u32,
}

impl Scope for ToolsGrant {}

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        let tools: ToolsGrant = line.try_into().map_err(problem)?;
        tools.check()?;
        scopes.set(tools);
        Ok(Access::Write)
    },
    short: |line| line.is_integer().then_some("calls"),
    forms: "write how many calls, such as 50, or { calls = 50 }",
    rows: &[Row::amount(
        "calls",
        ("At most {} of them in one call.", "Не больше {} за один вызов."),
        |scopes| scopes.get::<ToolsGrant>().calls,
    )],
    ..ScopeKind::NONE
};

impl ToolsGrant {
    const MOST: u32 = 200;

    /// # Errors
    /// A figure that cannot be granted, with what can.
    pub(crate) fn check(self) -> Result<(), String> {
        if (1..=Self::MOST).contains(&self.calls) { Ok(()) } else { Err(format!("`calls` may be 1 to {}", Self::MOST)) }
    }
}

impl Default for ToolsGrant {
    fn default() -> Self {
        Self { calls: 50 }
    }
}

/// What one call has called so far.
#[derive(Debug, Default)]
pub(crate) struct Calling {
    port: ToolPort,
    made: u32,
    /// How often each call was made, by the hash of its name and arguments.
    seen: HashMap<blake3::Hash, u32>,
}

impl Part for Calling {}

impl Calling {
    pub(crate) fn by(port: ToolPort) -> Self {
        Self { port, ..Self::default() }
    }

    fn port(&self) -> Result<Arc<dyn CallTools>, Failure> {
        match &self.port {
            ToolPort::Open(port) => Ok(Arc::clone(port)),
            ToolPort::Absent => {
                Err(Failure::Unavailable("there are no other tools here: only in a run can they be called".to_owned()))
            }
            ToolPort::Nested => {
                Err(Failure::Denied("a tool that was called by a tool cannot call a further one".to_owned()))
            }
        }
    }

    /// The call under a key that follows from what is called and not from when: a script that goes another way after a
    /// crash must neither be given another call's effects nor another call's consent.
    fn nested(&mut self, outer: &str, request: wit::tools::Request) -> NestedCall {
        let wit::tools::Request { name, input } = request;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(input.as_bytes());
        let hash = hasher.finalize();
        let number = self.seen.entry(hash).or_default();
        *number += 1;
        let key = format!("{outer}/{}.{number}", &hash.to_hex()[..24]);
        NestedCall { name, input: serde_json::from_str(&input).unwrap_or(Value::String(input)), key }
    }
}

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::tools::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::tools::Host for CallState {
    async fn available(&mut self) -> Result<Vec<wit::tools::Info>, Failure> {
        let info = |tool: ToolSpec| wit::tools::Info {
            name: tool.name,
            description: tool.description,
            input_schema: tool.schema.to_string(),
        };
        Ok(self.parts.of::<Calling>().port()?.available().into_iter().map(info).collect())
    }

    async fn call_all(
        &mut self,
        requests: Vec<wit::tools::Request>,
    ) -> Result<Vec<Result<wit::tools::Answer, Failure>>, Failure> {
        let calling: &mut Calling = self.parts.of();
        let port = calling.port()?;
        let most = self.grant.scope::<ToolsGrant>().calls;
        let made = u32::try_from(requests.len()).ok().and_then(|more| calling.made.checked_add(more));
        let Some(made) = made.filter(|made| *made <= most) else {
            return Err(Failure::Denied(format!(
                "one call may call tools {most} times and {} would be more: do the rest in another call, or raise \
                 {}",
                calling.made as usize + requests.len(),
                self.grant.granted_in.place("tools.calls")
            )));
        };
        calling.made = made;
        let calls = requests.into_iter().map(|request| calling.nested(&self.key, request)).collect();
        // Each of them has a time limit of its own, and waits for an owner's consent perhaps.
        let _paused = self.deadline.pause();
        Ok(make(port, calls).await)
    }
}

/// Makes the calls, each as a task of its own: a guest is not run on the stack of another. Dropped, it ends them.
async fn make(port: Arc<dyn CallTools>, calls: Vec<NestedCall>) -> Vec<Result<wit::tools::Answer, Failure>> {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let lost = || Err(Failure::Failed("the call broke off by an error inside Steward; the log tells more".to_owned()));
    let mut answers: Vec<_> = calls.iter().map(|_| lost()).collect();
    let mut tasks = JoinSet::new();
    for (number, call) in calls.into_iter().enumerate() {
        let (port, turns) = (Arc::clone(&port), Arc::clone(&turns));
        tasks.spawn(async move {
            let _turn = turns.acquire().await;
            (number, port.call(call).await)
        });
    }
    while let Some(done) = tasks.join_next().await {
        match done {
            Ok((number, answer)) => {
                if let Some(place) = answers.get_mut(number) {
                    *place = worded(answer);
                }
            }
            Err(error) => tracing::error!("a nested call broke off: {error}"),
        }
    }
    answers
}

fn worded(answer: NestedAnswer) -> Result<wit::tools::Answer, Failure> {
    let NestedAnswer { outcome, text, structured, files } = answer;
    match outcome {
        Outcome::Ok => {
            Ok(wit::tools::Answer { text, structured: structured.map(|structured| structured.to_string()), files })
        }
        Outcome::Invalid => Err(Failure::Invalid(text)),
        Outcome::Denied => Err(Failure::Denied(text)),
        Outcome::NotFound | Outcome::UnknownTool => Err(Failure::NotFound(text)),
        Outcome::Unavailable | Outcome::TimedOut | Outcome::Cancelled => Err(Failure::Unavailable(text)),
        Outcome::Failed | Outcome::Trapped | Outcome::OutOfMemory | Outcome::OutputTooLarge => {
            Err(Failure::Failed(text))
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert_eq!(call.available().await.unwrap()[0].input_schema, r#"{"type":"object"}"#);
        let mut requests: Vec<_> = (0..AT_ONCE - 2).map(|n| request("echo", &format!("{{\"n\":{n}}}"))).collect();
        requests.extend([request("echo", "{broken"), request("teleport", "{}")]);
        let answers = call.call_all(requests).await.unwrap();
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
            first.call_all(vec![request("echo", input)]).await.unwrap().remove(0).unwrap();
        }
        let keys = port.keys();
        assert!(keys[0] != keys[1] && keys[1] != keys[2]);
        assert!(keys.iter().all(|key| key.starts_with(&format!("{}/", first.key))), "{keys:?}");
        let mut again = state(ToolPort::Open(port.clone())).await;
        for input in ["{\"n\":2}", "{\"n\":1}", "{\"n\":1}"] {
            again.call_all(vec![request("echo", input)]).await.unwrap().remove(0).unwrap();
        }
        assert_eq!(port.keys(), keys);
        again.call_all(vec![request("echo", "{\"n\":3}")]).await.unwrap().remove(0).unwrap();
        assert!(!keys.contains(&port.keys()[0]));
    }

    #[tokio::test]
    async fn calls_are_counted_and_one_that_breaks_off_is_a_failure() {
        let mut call = state(ToolPort::Open(Together::new(1))).await;
        let broke = call.call_all(vec![request("panic", "{}")]).await.unwrap().remove(0);
        assert!(matches!(broke, Err(Failure::Failed(_))));
        let most = call.grant.scope::<ToolsGrant>().calls as usize;
        let too_many = call.call_all(vec![request("echo", "{}"); most]).await;
        assert!(matches!(too_many, Err(Failure::Denied(text)) if text.contains("tools.calls")));
        assert_eq!(call.call_all(vec![request("echo", "{}"); most - 1]).await.unwrap().len(), most - 1);
        assert!(matches!(call.call_all(vec![request("echo", "{}")]).await, Err(Failure::Denied(_))));
    }

    #[tokio::test]
    async fn without_a_run_and_within_a_nested_call_there_are_no_tools() {
        let mut trial = state(ToolPort::Absent).await;
        assert!(matches!(trial.available().await, Err(Failure::Unavailable(_))));
        let mut nested = state(ToolPort::Nested).await;
        assert!(matches!(nested.call_all(Vec::new()).await, Err(Failure::Denied(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_the_call_stands_still_meanwhile() {
        let port = Together::new(2);
        let mut call = state(ToolPort::Open(port.clone())).await;
        let (deadline, left) = (call.deadline.clone(), call.deadline.left());
        let waiting = tokio::spawn(async move { call.call_all(vec![request("echo", "{}")]).await });
        tokio::task::yield_now().await;
        tokio::time::advance(left * 2).await;
        assert_eq!(deadline.left(), left);
        port.barrier.wait().await;
        waiting.await.unwrap().unwrap();
    }
}
