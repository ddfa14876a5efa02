//! One run as a state machine: events in, effects out, no I/O.
//!
//! The session performs the effects and reports what came of them. A turn made from a history that ends in the middle
//! of a run goes on where that run was cut off, so a crash costs at most the step it happened in.

use std::collections::{HashMap, HashSet};

use crate::budget::{self, Limits};
use crate::foreign;
use crate::message::{Message, ToolCall, ToolResult, UserMessage};
use crate::model::{ModelError, ModelReply, Usage};

/// Tool calls in one step beyond this are answered with an error instead of being made.
const CALLS_PER_STEP: usize = 32;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Model(Result<ModelReply, ModelError>),
    Tool(ToolResult),
    /// The person wrote something more; `tag` is the session's own mark for it.
    Joined {
        tag: i64,
        message: UserMessage,
    },
    Summarised(Result<String, ModelError>),
    Stop,
    TimeUp,
    /// A part of the session failed in a way it should not; nothing more can be expected of it.
    Broke(ModelError),
}

/// What the session is to do, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write these to the journal before anything that follows.
    Record(Vec<Message>),
    /// Write a joined message to the journal.
    Join {
        tag: i64,
        message: UserMessage,
    },
    /// Send an answer although the run goes on, because the person has written more meanwhile.
    Say(String),
    /// Ask the model with [`Turn::messages`]; without tools it has to come to an end.
    AskModel {
        with_tools: bool,
    },
    /// Make these calls, all at once. `step` and the position within the assistant's message name each call for good.
    CallTools {
        step: u32,
        calls: Vec<(usize, ToolCall)>,
    },
    /// Have everything but the newest `keep` messages put into a summary.
    Summarise {
        keep: usize,
    },
    /// End the model's stream and every tool call that is under way.
    Cancel,
    Finish(End),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Answered(Answer),
    Stopped,
    /// The limit of the run's time was reached.
    OutOfTime,
    Failed(ModelError),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    /// The built-in rehearsal model answered.
    pub rehearsal: bool,
    /// The model's answer was ended by the limit on tokens.
    pub cut: bool,
    /// The run's limit of steps or tokens made the model come to an end.
    pub hurried: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asking,
    Calling,
    Summarising,
    Done,
}

/// One run. See the module.
#[derive(Debug)]
pub struct Turn {
    state: State,
    messages: Vec<Message>,
    limits: Limits,
    /// Tokens of the system prompt and the tools.
    fixed: u32,
    /// Answers of the model so far, counted over crashes.
    step: u32,
    usage: Usage,
    waiting: HashSet<String>,
    joined: Vec<(i64, UserMessage)>,
    /// The answer without tools was asked for; there is no further step.
    last_step: bool,
    /// The window overflowed although the estimate said it would not: summarise harder, once.
    squeezed: bool,
}

impl Turn {
    /// A turn over the conversation so far, whose last entries are this run's own; `fixed` are the tokens of system
    /// prompt and tools. `step` counts the answers this run has had before a crash.
    pub fn new(mut messages: Vec<Message>, limits: Limits, fixed: u32, step: u32) -> Self {
        well_formed(&mut messages);
        Self {
            state: State::Asking,
            messages,
            limits,
            fixed,
            step,
            usage: Usage::default(),
            waiting: HashSet::new(),
            joined: Vec::new(),
            last_step: false,
            squeezed: false,
        }
    }

    /// The conversation as the model is to see it.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Answers of the model so far.
    pub fn step(&self) -> u32 {
        self.step
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether messages can still join this run.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The first effects: asks the model, or goes on with calls that a crash cut off.
    pub fn start(&mut self) -> Vec<Effect> {
        let unanswered = unanswered_calls(&self.messages);
        if !unanswered.is_empty() {
            return self.call(unanswered);
        }
        if let Some(Message::Assistant { text, calls }) = self.messages.last()
            && calls.is_empty()
        {
            let answer = Answer { text: text.clone(), ..Answer::default() };
            return self.finish(End::Answered(answer));
        }
        self.ask()
    }

    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match (self.state, event) {
            (State::Done, _) => Vec::new(),
            (_, Event::Joined { tag, message }) => {
                self.joined.push((tag, message));
                Vec::new()
            }
            (_, Event::Stop) => self.break_off(End::Stopped, "the person stopped it"),
            (_, Event::TimeUp) => self.break_off(End::OutOfTime, "the run's time was up"),
            (_, Event::Broke(error)) => self.break_off(End::Failed(error), "it broke off"),
            (State::Asking, Event::Model(Ok(reply))) => self.replied(reply),
            (State::Asking, Event::Model(Err(error))) => self.model_failed(error),
            (State::Calling, Event::Tool(result)) => self.tool_answered(result),
            (State::Summarising, Event::Summarised(result)) => self.summarised(result),
            // An answer to something this turn is no longer waiting for.
            (_, Event::Model(_) | Event::Tool(_) | Event::Summarised(_)) => Vec::new(),
        }
    }

    fn ask(&mut self) -> Vec<Effect> {
        let room = self.limits.for_history(self.fixed);
        if budget::conversation_tokens(&self.messages) > room
            && let Some(keep) = budget::keep_newest(&self.messages, room / 3)
        {
            self.state = State::Summarising;
            return vec![Effect::Summarise { keep }];
        }
        self.ask_now()
    }

    fn ask_now(&mut self) -> Vec<Effect> {
        self.state = State::Asking;
        self.last_step = self.step + 1 >= self.limits.steps || self.usage.total() >= self.limits.tokens;
        vec![Effect::AskModel { with_tools: !self.last_step }]
    }

    fn replied(&mut self, reply: ModelReply) -> Vec<Effect> {
        self.step += 1;
        self.usage += reply.usage;
        if reply.calls.is_empty() || self.last_step {
            return self.answered(reply);
        }
        let calls = with_unique_ids(reply.calls);
        let said = Message::Assistant { text: reply.text, calls: calls.clone() };
        self.messages.push(said.clone());
        let mut effects = vec![Effect::Record(vec![said])];
        effects.extend(self.call(calls.into_iter().enumerate().collect()));
        effects
    }

    fn answered(&mut self, reply: ModelReply) -> Vec<Effect> {
        let hurried = self.last_step && !reply.calls.is_empty();
        let said = Message::assistant(reply.text.clone());
        self.messages.push(said.clone());
        if !self.joined.is_empty() && !self.last_step {
            let mut effects = Vec::new();
            if !reply.text.trim().is_empty() {
                effects.push(Effect::Say(reply.text));
            }
            effects.push(Effect::Record(vec![said]));
            effects.extend(self.take_joined());
            effects.extend(self.ask());
            return effects;
        }
        let answer = Answer { text: reply.text, rehearsal: reply.rehearsal, cut: reply.cut, hurried };
        let mut effects = vec![Effect::Record(vec![said])];
        effects.extend(self.finish(End::Answered(answer)));
        effects
    }

    fn call(&mut self, calls: Vec<(usize, ToolCall)>) -> Vec<Effect> {
        self.state = State::Calling;
        self.waiting = calls.iter().map(|(_, call)| call.id.clone()).collect();
        let (calls, surplus): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(at, _)| *at < CALLS_PER_STEP);
        let mut effects = Vec::new();
        if !calls.is_empty() {
            effects.push(Effect::CallTools { step: self.step, calls });
        }
        for (_, call) in surplus {
            let text = format!("not called: at most {CALLS_PER_STEP} tool calls fit one step; call it in the next one");
            effects.extend(self.tool_answered(ToolResult {
                id: call.id,
                name: call.name,
                text,
                failed: true,
                ..ToolResult::default()
            }));
        }
        effects
    }

    fn tool_answered(&mut self, mut result: ToolResult) -> Vec<Effect> {
        if !self.waiting.remove(&result.id) {
            return Vec::new();
        }
        result.text = budget::shorten(&result.text, self.limits.result_chars());
        let entry = Message::Tool(result);
        self.messages.push(entry.clone());
        let mut effects = vec![Effect::Record(vec![entry])];
        if self.waiting.is_empty() {
            in_call_order(&mut self.messages);
            effects.extend(self.take_joined());
            effects.extend(self.ask());
        }
        effects
    }

    fn take_joined(&mut self) -> Vec<Effect> {
        let joined = std::mem::take(&mut self.joined);
        self.messages.extend(joined.iter().map(|(_, message)| Message::User(message.clone())));
        joined.into_iter().map(|(tag, message)| Effect::Join { tag, message }).collect()
    }

    fn summarised(&mut self, result: Result<String, ModelError>) -> Vec<Effect> {
        let room = self.limits.for_history(self.fixed);
        let keep = budget::keep_newest(&self.messages, room / 3).unwrap_or(self.messages.len());
        let cut = self.messages.len() - keep;
        let text = match result {
            Ok(text) => text,
            Err(ModelError::Cancelled) => return self.finish(End::Stopped),
            // The conversation must fit all the same: what is left out now is still in the transcript.
            Err(_) => "(the beginning of this conversation is left out)".to_owned(),
        };
        // What a summary is made of does not become anybody's own words by being shortened.
        let foreign = foreign::in_sight(&self.messages[..cut]);
        self.messages.splice(..cut, [Message::Summary { text, foreign }]);
        self.ask_now()
    }

    fn model_failed(&mut self, error: ModelError) -> Vec<Effect> {
        match error {
            ModelError::Cancelled => self.finish(End::Stopped),
            ModelError::TooLong { .. } if !self.squeezed => {
                self.squeezed = true;
                let known = budget::conversation_tokens(&self.messages);
                self.limits.window = (known / 2).max(1_000) + self.fixed;
                self.ask()
            }
            error => self.finish(End::Failed(error)),
        }
    }

    /// Ends the run at once. Calls without an answer get one, so that the conversation stays well-formed.
    fn break_off(&mut self, end: End, why: &str) -> Vec<Effect> {
        let mut effects = vec![Effect::Cancel];
        if self.state == State::Calling {
            let missing: Vec<_> = unanswered_calls(&self.messages)
                .into_iter()
                .map(|(_, call)| {
                    let text = format!("no answer: {why}; it may or may not have been done");
                    Message::Tool(ToolResult {
                        id: call.id,
                        name: call.name,
                        text,
                        failed: true,
                        ..ToolResult::default()
                    })
                })
                .collect();
            self.messages.extend(missing.iter().cloned());
            effects.push(Effect::Record(missing));
        }
        effects.extend(self.finish(end));
        effects
    }

    /// Who stops a run means all that was said so far; after any other end, what came late is a run of its own.
    fn finish(&mut self, end: End) -> Vec<Effect> {
        self.state = State::Done;
        let mut effects = if end == End::Stopped { self.take_joined() } else { Vec::new() };
        effects.push(Effect::Finish(end));
        effects
    }
}

/// The calls of the step the conversation ends in that have no answer yet, with their positions in it.
fn unanswered_calls(messages: &[Message]) -> Vec<(usize, ToolCall)> {
    let Some(at) = messages.iter().rposition(|message| !matches!(message, Message::Tool(_))) else {
        return Vec::new();
    };
    let Message::Assistant { calls, .. } = &messages[at] else { return Vec::new() };
    let answered: HashSet<&str> = messages[at..]
        .iter()
        .filter_map(|message| if let Message::Tool(result) = message { Some(result.id.as_str()) } else { None })
        .collect();
    calls.iter().cloned().enumerate().filter(|(_, call)| !answered.contains(call.id.as_str())).collect()
}

/// Puts the answers of each step into the order of its calls, so that the same conversation gives the same request.
fn in_call_order(messages: &mut [Message]) {
    let mut at = 0;
    while at < messages.len() {
        let order: HashMap<String, usize> = match &messages[at] {
            Message::Assistant { calls, .. } => calls.iter().enumerate().map(|(n, c)| (c.id.clone(), n)).collect(),
            _ => HashMap::new(),
        };
        let start = at + 1;
        let end = messages[start..]
            .iter()
            .position(|message| !matches!(message, Message::Tool(_)))
            .map_or(messages.len(), |offset| start + offset);
        messages[start..end].sort_by_key(|message| match message {
            Message::Tool(result) => order.get(&result.id).copied().unwrap_or(usize::MAX),
            _ => usize::MAX,
        });
        at = end;
    }
}

/// Providers refuse a call without an answer and an answer without its call: closes the one and drops the other, save
/// for the step at the end, which may still be going on.
fn well_formed(messages: &mut Vec<Message>) {
    let mut whole: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages.drain(..) {
        let open = unanswered_calls(&whole);
        match &message {
            Message::Tool(result) if !open.iter().any(|(_, call)| call.id == result.id) => continue,
            Message::Tool(_) => {}
            _ => whole.extend(open.into_iter().map(|(_, call)| {
                let text = "no answer: the run was broken off".to_owned();
                Message::Tool(ToolResult { id: call.id, name: call.name, text, failed: true, ..ToolResult::default() })
            })),
        }
        whole.push(message);
    }
    in_call_order(&mut whole);
    *messages = whole;
}

/// Some servers repeat an id within one answer; then results could not be told apart.
fn with_unique_ids(mut calls: Vec<ToolCall>) -> Vec<ToolCall> {
    let mut seen = HashSet::new();
    for (at, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() || !seen.insert(call.id.clone()) {
            call.id = format!("{}#{at}", call.id);
            seen.insert(call.id.clone());
        }
    }
    calls
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
