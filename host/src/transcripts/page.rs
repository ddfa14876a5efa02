//! One run as it stands in a transcript: a heading with the time, then who said what. Pure.

use jiff::Zoned;
use steward_agent::{Language, Message, Origin, SessionId, ToolCall, UserMessage, prompt};
use steward_sandbox::Known;
use steward_store::EndedRun;

use super::plain::{harmless, is_block};
use super::words;

/// What the assistant is called.
const OWN_NAME: &str = "Steward";
/// The owner at the machine, who was there first: their conversations carry no number.
const FIRST_OWNER: &str = "1";

/// The file of a session and day, within the folder of its memory. No two sessions have the same.
pub(super) fn file(session: &SessionId, day: jiff::civil::Date) -> String {
    let parts: Vec<String> = session.0.split('/').map(plain_part).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let name = match parts.as_slice() {
        ["owner", FIRST_OWNER, channel] => (*channel).to_owned(),
        ["owner", number, channel] => format!("{channel}-{number}"),
        parts => parts.join("-"),
    };
    format!("sessions/{day}-{name}.md")
}

/// A part of a session's name as part of a file's: other characters are written as their bytes, so that different parts
/// stay different.
fn plain_part(part: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("_{other:02x}"),
    };
    part.bytes().map(byte).collect()
}

/// The run; `None` where there is nothing to keep of it, such as of a heartbeat that had nothing to tell.
pub(super) fn exchange(run: &EndedRun, language: Language, began: &Zoned, known: &Known) -> Option<String> {
    let origin = run.principal.origin;
    if is_silent(run) {
        return None;
    }
    let mut page = Page { language, known, paragraphs: Vec::new(), used: Vec::new() };
    for message in &run.messages {
        match message {
            Message::User(user) if origin == Origin::Chat => page.wrote(&run.principal.name, user),
            // Of a heartbeat it would be HEARTBEAT.md, each time.
            Message::User(user) if origin != Origin::Heartbeat => page.quote(&user.text),
            Message::Assistant { text, calls, .. } => {
                page.said(OWN_NAME, text);
                page.uses(calls);
            }
            _ => {}
        }
    }
    page.tools();
    page.paragraphs.extend(words::ended(language, run.outcome));
    if page.paragraphs.is_empty() {
        return None;
    }
    let wake = words::wake(language, origin).map(|wake| format!(" ({wake})")).unwrap_or_default();
    Some(format!("## {}{wake}\n\n{}", began.strftime("%H:%M"), page.paragraphs.join("\n\n")))
}

fn is_silent(run: &EndedRun) -> bool {
    let answer = run.messages.iter().rev().find_map(|message| match message {
        Message::Assistant { text, .. } => Some(text),
        _ => None,
    });
    answer.is_some_and(|answer| prompt::is_silence(run.principal.origin, answer))
}

struct Page<'a> {
    language: Language,
    /// Values that must not be written.
    known: &'a Known,
    paragraphs: Vec<String>,
    /// Tools whose line is not written yet.
    used: Vec<String>,
}

impl Page<'_> {
    fn wrote(&mut self, name: &str, message: &UserMessage) {
        let name = prompt::one_line(&name.replace(':', " "));
        let name = match name.is_empty() || name.eq_ignore_ascii_case(OWN_NAME) {
            true => words::somebody(self.language),
            false => name,
        };
        self.said(&name, &message.text);
        if !message.files.is_empty() {
            self.tools();
            let files = self.harmless(&message.files.join(", ")).replace('\n', " ");
            self.paragraphs.push(words::files(self.language, &files));
        }
    }

    fn said(&mut self, who: &str, text: &str) {
        let text = self.harmless(text);
        if text.trim().is_empty() {
            return;
        }
        self.tools();
        let gap = if is_block(&text) { "\n\n" } else { " " };
        self.paragraphs.push(format!("**{who}:**{gap}{text}"));
    }

    /// What set the run going, which nobody has said just now.
    fn quote(&mut self, text: &str) {
        let text = self.harmless(text);
        let lines: Vec<_> = text.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect();
        if !lines.is_empty() {
            self.paragraphs.push(lines.join("\n"));
        }
    }

    fn uses(&mut self, calls: &[ToolCall]) {
        for call in calls {
            // The model made the name up, or a plugin did.
            let name = prompt::one_line(&call.name);
            if !name.is_empty() && !self.used.contains(&name) {
                self.used.push(name);
            }
        }
    }

    fn tools(&mut self) {
        if !self.used.is_empty() {
            let used = std::mem::take(&mut self.used).join(", ");
            self.paragraphs.push(words::used(self.language, &used));
        }
    }

    fn harmless(&self, text: &str) -> String {
        harmless(&self.known.redact(text))
    }
}

#[cfg(test)]
mod tests;
