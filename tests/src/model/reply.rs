//! What the scripted model answers: steps that are streamed one after the other.

use serde_json::Value;

use crate::gate::Gate;

/// An answer. Made by one of the first functions, then refined.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub(crate) steps: Vec<Step>,
    /// An error instead of a stream.
    pub(crate) status: Option<u16>,
    pub(crate) reason: String,
    pub(crate) retry_after: Option<u32>,
    /// Tokens told: read, written, and of those read the cached ones.
    pub(crate) usage: (u64, u64, u64),
    /// The stream ends without its proper ending.
    pub(crate) cut: bool,
    /// The answer ends because the limit on tokens was reached.
    pub(crate) at_limit: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Text(String),
    Thinking(String),
    Call {
        id: String,
        name: String,
        arguments: String,
    },
    /// A delta as it is, for what servers send outside of the format.
    Delta(Value),
    Wait(Gate),
}

impl Reply {
    fn new() -> Self {
        Self { usage: (100, 20, 0), ..Self::default() }
    }

    /// A text in one piece.
    pub fn text(text: &str) -> Self {
        Self::new().then(text)
    }

    /// A text in pieces.
    pub fn pieces(pieces: &[&str]) -> Self {
        pieces.iter().fold(Self::new(), |reply, piece| reply.then(piece))
    }

    /// A tool call; its id is `call_1`, of the next one `call_2` and so on.
    pub fn call(name: &str, input: Value) -> Self {
        Self::new().and_call(name, input)
    }

    /// A call with arguments that need not be JSON.
    pub fn raw_call(name: &str, arguments: &str) -> Self {
        Self::new().and_raw_call(name, arguments)
    }

    /// Waits at the gate before anything is said.
    pub fn wait(gate: &Gate) -> Self {
        Self::new().and_wait(gate)
    }

    /// An error in the provider's form.
    pub fn error(status: u16, reason: &str) -> Self {
        Self { status: Some(status), reason: reason.to_owned(), ..Self::new() }
    }

    /// Then text, as one more piece of the stream.
    #[must_use]
    pub fn then(self, text: &str) -> Self {
        self.with(Step::Text(text.to_owned()))
    }

    /// Reasoning, in a separate block or in `reasoning_content`.
    #[must_use]
    pub fn thinking(self, text: &str) -> Self {
        self.with(Step::Thinking(text.to_owned()))
    }

    /// Then the call of a tool.
    #[must_use]
    pub fn and_call(self, name: &str, input: Value) -> Self {
        self.and_raw_call(name, &input.to_string())
    }

    /// Then the call of a tool, with arguments that need not be JSON.
    #[must_use]
    pub fn and_raw_call(self, name: &str, arguments: &str) -> Self {
        let calls = self.steps.iter().filter(|step| matches!(step, Step::Call { .. })).count();
        let (id, name) = (format!("call_{}", calls + 1), name.to_owned());
        self.with(Step::Call { id, name, arguments: arguments.to_owned() })
    }

    /// A delta of chat completions as it is, such as one with fields of a single server.
    pub fn delta(delta: Value) -> Self {
        Self::new().and_delta(delta)
    }

    /// Then a delta as it is; see [`Self::delta`].
    #[must_use]
    pub fn and_delta(self, delta: Value) -> Self {
        self.with(Step::Delta(delta))
    }

    /// Then a wait until the gate opens.
    #[must_use]
    pub fn and_wait(self, gate: &Gate) -> Self {
        self.with(Step::Wait(gate.clone()))
    }

    /// Breaks the connection after the steps.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// Ends as if the limit on tokens had been reached.
    #[must_use]
    pub fn at_limit(mut self) -> Self {
        self.at_limit = true;
        self
    }

    /// Says with an error when to ask again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Tokens told at the end: read, written, and of those read the cached ones.
    #[must_use]
    pub fn usage(mut self, input: u64, output: u64, cached: u64) -> Self {
        self.usage = (input, output, cached);
        self
    }

    pub(crate) fn calls_tools(&self) -> bool {
        let calls = |step: &Step| match step {
            Step::Call { .. } => true,
            Step::Delta(delta) => delta.get("tool_calls").is_some(),
            _ => false,
        };
        self.steps.iter().any(calls)
    }

    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
