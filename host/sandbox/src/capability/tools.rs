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
use wasmtime::component::{HasData, Linker};

use crate::bindings::{Failure, wit};
use crate::call::Outcome;
use crate::capability::{Brings, Capability, Reaches};
use crate::deadline::Deadline;
use crate::grant::{Access, GrantedIn};
use crate::host_call::HostCall;
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
    wit::tools::add_to_linker::<_, HasTools>(linker, view)
}

/// What it needs of a call: the way to other tools and what was called so far, how much may be, and the call's time.
struct Tools<'a> {
    calling: &'a mut Calling,
    most: u32,
    granted_in: &'a GrantedIn,
    /// Of the call itself.
    key: &'a str,
    deadline: &'a Deadline,
}

struct HasTools;

impl HasData for HasTools {
    type Data<'a> = Tools<'a>;
}

fn view(state: &mut CallState) -> Tools<'_> {
    let HostCall { grant, parts, deadline, key, .. } = HostCall::of(state);
    Tools {
        calling: parts.of(),
        most: grant.scope::<ToolsGrant>().calls,
        granted_in: &grant.granted_in,
        key: key.of_call(),
        deadline,
    }
}

impl wit::tools::Host for Tools<'_> {
    async fn available(&mut self) -> Result<Vec<wit::tools::Info>, Failure> {
        let info = |tool: ToolSpec| wit::tools::Info {
            name: tool.name,
            description: tool.description,
            input_schema: tool.schema.to_string(),
        };
        Ok(self.calling.port()?.available().into_iter().map(info).collect())
    }

    async fn call_all(
        &mut self,
        requests: Vec<wit::tools::Request>,
    ) -> Result<Vec<Result<wit::tools::Answer, Failure>>, Failure> {
        let (port, most) = (self.calling.port()?, self.most);
        let made = u32::try_from(requests.len()).ok().and_then(|more| self.calling.made.checked_add(more));
        let Some(made) = made.filter(|made| *made <= most) else {
            return Err(Failure::Denied(format!(
                "one call may call tools {most} times and {} would be more: do the rest in another call, or raise \
                 {}",
                self.calling.made as usize + requests.len(),
                self.granted_in.place("tools.calls")
            )));
        };
        self.calling.made = made;
        let calls = requests.into_iter().map(|request| self.calling.nested(self.key, request)).collect();
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
mod tests;
