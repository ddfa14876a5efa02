//! One run as a state machine: events in, effects out, no I/O.
//!
//! The session performs the effects and reports what came of them. A turn made from a history that ends in the middle
//! of a run goes on where that run was cut off, so a crash costs at most the step it happened in.

mod ending;
mod events;

use std::collections::HashSet;

use crate::budget::{self, Limits};
use crate::calls::{cut_call, cut_result, in_call_order, unanswered_calls, well_formed, with_unique_ids};
use crate::foreign;
use crate::message::{Message, ToolCall, ToolResult, UserMessage};
use crate::model::{Ending, ModelError, ModelReply, Usage};

pub use ending::{Answer, End, Silence};
pub use events::{Effect, Event};

/// Tool calls in one step beyond this are answered with an error instead of being made.
const CALLS_PER_STEP: usize = 32;
/// So often in a row an answer may be cut in the middle of a call.
const MOST_CUTS: u32 = 3;
/// A conversation of fewer tokens cannot be what a server finds too long.
const LONG: u32 = 2_000;

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
    /// The model said nothing and was asked once more.
    asked_again: bool,
    /// Answers in a row that were cut in the middle of a call.
    cuts: u32,
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
            asked_again: false,
            cuts: 0,
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

    /// The model's window in tokens, as far as it is known by now.
    pub fn window(&self) -> u32 {
        self.limits.window
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether messages can still join this run.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The first effects: asks the model, or continues with calls that a crash cut off.
    pub fn start(&mut self) -> Vec<Effect> {
        let unanswered = unanswered_calls(&self.messages);
        if !unanswered.is_empty() {
            return self.call(unanswered);
        }
        if let Some(Message::Assistant { text, calls, .. }) = self.messages.last()
            && calls.is_empty()
        {
            let silence = text.trim().is_empty().then_some(Silence::Unexplained);
            let answer = Answer { text: text.clone(), silence, ..Answer::default() };
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
        self.usage += reply.usage;
        if reply.calls.is_empty() && reply.text.trim().is_empty() {
            if reply.ending == Ending::WindowFull && self.may_be_too_long() {
                return self.squeeze();
            }
            if !std::mem::replace(&mut self.asked_again, true) {
                return self.ask_now();
            }
        }
        self.asked_again = false;
        self.step += 1;
        if reply.calls.is_empty() || self.last_step {
            return self.answered(reply);
        }
        if reply.cut {
            return self.cut_off(reply);
        }
        self.cuts = 0;
        let calls = with_unique_ids(reply.calls);
        let said = Message::Assistant { text: reply.text, calls: calls.clone(), state: reply.state };
        self.messages.push(said.clone());
        let mut effects = vec![Effect::Record(vec![said])];
        effects.extend(self.call(calls.into_iter().enumerate().collect()));
        effects
    }

    fn answered(&mut self, reply: ModelReply) -> Vec<Effect> {
        let hurried = self.last_step && !reply.calls.is_empty();
        let silence = Silence::of(&reply);
        let said = Message::Assistant { text: reply.text.clone(), calls: Vec::new(), state: reply.state };
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
        let answer = Answer { text: reply.text, rehearsal: reply.rehearsal, cut: reply.cut, hurried, silence };
        let mut effects = vec![Effect::Record(vec![said])];
        effects.extend(self.finish(End::Answered(answer)));
        effects
    }

    /// A call in an answer that was cut is not made, whole as it may look: half a file would replace the whole one.
    /// Call and result are recorded at once, so that a crash cannot make it after all.
    fn cut_off(&mut self, reply: ModelReply) -> Vec<Effect> {
        self.cuts += 1;
        let limit = u64::from(self.limits.answer);
        let tokens = if (1..=limit).contains(&reply.usage.output) { reply.usage.output } else { limit };
        let calls: Vec<ToolCall> = with_unique_ids(reply.calls).into_iter().map(cut_call).collect();
        let results: Vec<Message> = calls.iter().map(|call| cut_result(call, tokens)).collect();
        let said = Message::Assistant { text: reply.text.clone(), calls, state: reply.state };
        let entries: Vec<Message> = std::iter::once(said).chain(results).collect();
        self.messages.extend(entries.iter().cloned());
        let mut effects = vec![Effect::Record(entries)];
        if self.cuts > MOST_CUTS {
            let silence = Some(Silence::CallsCut);
            let answer = Answer { text: reply.text, cut: true, silence, ..Answer::default() };
            effects.extend(self.finish(End::Answered(answer)));
            return effects;
        }
        effects.extend(self.take_joined());
        effects.extend(self.ask());
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
            ModelError::TooLong { .. } if !self.squeezed => self.squeeze(),
            // Servers say in too many words that a conversation is too long to know them all.
            ModelError::Rejected { .. } if self.may_be_too_long() => self.squeeze(),
            ModelError::Rejected { address, reason, .. } => {
                self.finish(End::Failed(ModelError::Rejected { address, reason, summarised: self.squeezed }))
            }
            error => self.finish(End::Failed(error)),
        }
    }

    fn may_be_too_long(&self) -> bool {
        !self.squeezed && budget::conversation_tokens(&self.messages) >= LONG
    }

    /// Asks once more with half of the conversation, and with shorter results of tools.
    fn squeeze(&mut self) -> Vec<Effect> {
        self.squeezed = true;
        let known = budget::conversation_tokens(&self.messages);
        self.limits.window = (known / 2).max(1_000) + self.fixed;
        let most = self.limits.result_chars();
        for message in &mut self.messages {
            if let Message::Tool(result) = message {
                result.text = budget::shorten(&result.text, most);
            }
        }
        self.ask()
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

    /// Who stops a run means all that was said so far; after any other end, what came late is a separate run.
    fn finish(&mut self, end: End) -> Vec<Effect> {
        self.state = State::Done;
        let mut effects = if end == End::Stopped { self.take_joined() } else { Vec::new() };
        effects.push(Effect::Finish(end));
        effects
    }
}

#[cfg(test)]
mod tests;
