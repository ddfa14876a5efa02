//! The rehearsal model: a small deterministic interpreter that walks a newcomer through real tools without any model.
//!
//! It understands a few sentences of English and Russian, calls only tools that are offered, and says honestly that it
//! knows no more. Read `ask` for what it understands and `situation` for what it does.

mod answer;
mod ask;
mod recall;
mod situation;
mod texts;
mod when;
mod words;

use async_trait::async_trait;
use steward_agent::{Language, Message, ModelError, ModelReply, ModelRequest, prompt};

use crate::config::ModelDescription;
use crate::fault::Failure;
use crate::provider::{Provider, ProviderKind};
use crate::sink::Sink;
use crate::wording::shorten;

use situation::{Situation, Step};

const NAME: &str = "rehearsal";
/// A window like that of a small local model, so that long conversations are summarised as they would be there.
const CONTEXT: u32 = 32_768;
/// Characters of a piece of the streamed answer, about.
const PIECE_CHARS: usize = 48;
/// Lines of a summary.
const SUMMARY_LINES: usize = 40;

/// This kind of model.
pub static REHEARSAL: ProviderKind =
    ProviderKind { name: NAME, server: None, make: |_config, _client, _idle| Ok(Box::new(Rehearsal)) };

/// The built-in model.
pub(crate) struct Rehearsal;

#[async_trait]
impl Provider for Rehearsal {
    fn describe(&self) -> ModelDescription {
        let (label, address) = (NAME.to_owned(), "built in".to_owned());
        ModelDescription { label, address, rehearsal: true, context: CONTEXT }
    }

    fn model(&self) -> Option<String> {
        Some(NAME.to_owned())
    }

    async fn ask(
        &self,
        request: &ModelRequest,
        _model: Option<&str>,
        sink: &mut Sink<'_>,
    ) -> Result<ModelReply, Failure> {
        let mut reply = ModelReply { model: NAME.to_owned(), rehearsal: true, ..ModelReply::default() };
        match step(request) {
            Step::Call(calls) => reply.calls = calls,
            Step::Say(text) => {
                for piece in pieces(&text) {
                    sink.text(piece.to_owned()).await;
                }
                reply.text = text;
            }
        }
        Ok(reply)
    }

    async fn check(&self) -> Result<String, ModelError> {
        Ok(NAME.to_owned())
    }
}

fn step(request: &ModelRequest) -> Step {
    if request.system == prompt::SUMMARISE {
        return Step::Say(summary(request));
    }
    if request.system == prompt::DISTIL {
        // It cannot tell what is worth knowing.
        return Step::Say("NOTHING".to_owned());
    }
    if request.system.contains(prompt::HEARTBEAT) {
        return Step::Say("HEARTBEAT_OK".to_owned());
    }
    if request.system.contains(prompt::SCHEDULED) {
        return Step::Say(due(last_user(request)));
    }
    Situation::of(request).step()
}

fn last_user(request: &ModelRequest) -> &str {
    let user = |message: &'_ Message| matches!(message, Message::User(_));
    match request.messages.iter().rfind(|message| user(message)) {
        Some(Message::User(user)) => user.text.trim(),
        _ => "",
    }
}

/// Scheduled work is due.
fn due(prompt: &str) -> String {
    texts::say(
        Language::of_text(prompt).unwrap_or_default(),
        format!("It is time for what you scheduled: {prompt}\n\nThe rehearsal model cannot do it; a real one would."),
        format!("Пора сделать запланированное: {prompt}\n\nРепетиционная модель этого не может, настоящая смогла бы."),
    )
}

/// The newest lines of a transcript, each in brief: the best that can be done without understanding them.
fn summary(request: &ModelRequest) -> String {
    let lines: Vec<&str> = last_user(request).lines().filter(|line| !line.trim().is_empty()).collect();
    let newest = &lines[lines.len().saturating_sub(SUMMARY_LINES)..];
    newest.iter().map(|line| format!("- {}", shorten(line, 160))).collect::<Vec<_>>().join("\n")
}

/// The text in pieces that end between words.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut count) = (Vec::new(), 0, 0);
    for (at, letter) in text.char_indices() {
        if count >= PIECE_CHARS && letter.is_whitespace() {
            pieces.push(&text[from..at]);
            (from, count) = (at, 0);
        }
        count += 1;
    }
    pieces.push(&text[from..]);
    pieces
}

#[cfg(test)]
mod tests;
