//! Rows of the database in words: what would be sent, scheduled, kept.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use steward_store::{ChangeKind, RowChange};

use crate::texts;

/// The longest text shown of one column, in characters.
const SHOWN: usize = 400;

/// One change, in a sentence.
pub(super) fn told(change: &RowChange, zone: &TimeZone) -> String {
    let column = |name: &str| shown(change.column(name));
    match (change.table.as_str(), change.kind) {
        ("outbox", ChangeKind::Added) => message(change),
        ("job", ChangeKind::Added) => {
            let (title, next) = (column("title"), when(change.column("next"), zone));
            let repeats = change.column("repeat");
            let repeats = if repeats.is_empty() { String::new() } else { format!(", repeating: {}", shown(repeats)) };
            format!("would schedule “{title}” for {next}{repeats}{}", prompt(&column("prompt")))
        }
        ("job", ChangeKind::Changed) => {
            format!("would change the scheduled “{}” ({})", column("title"), column("state"))
        }
        ("task", ChangeKind::Added) => {
            format!("would give a task: “{}” to person {}", column("title"), column("person"))
        }
        ("task", ChangeKind::Changed) => {
            let outcome = column("outcome");
            let outcome = if outcome.is_empty() { outcome } else { format!(", outcome “{outcome}”") };
            format!("would change the task “{}”: {}{outcome}", column("title"), column("status"))
        }
        ("kv", ChangeKind::Removed) => format!("would forget `{}`, kept by {}", column("key"), column("plugin")),
        ("kv", _) => format!("would keep `{}` for {}: {}", column("key"), column("plugin"), column("value")),
        ("person", ChangeKind::Changed) if change.column("banned") == "1" => format!("would ban {}", column("name")),
        (table, kind) => other(table, kind, change),
    }
}

fn message(change: &RowChange) -> String {
    let (channel, chat) = (shown(change.column("channel")), shown(change.column("chat")));
    let outgoing: Value = serde_json::from_str(change.column("outgoing")).unwrap_or_default();
    let text = outgoing["text"].as_str().map_or_else(|| shown(change.column("outgoing")), shown);
    format!("would send a message to the chat {chat} ({channel}):\n{text}")
}

fn prompt(prompt: &str) -> String {
    if prompt.is_empty() { String::new() } else { format!(", asking then: {prompt}") }
}

fn other(table: &str, kind: ChangeKind, change: &RowChange) -> String {
    let verb = match kind {
        ChangeKind::Added => "would add to",
        ChangeKind::Changed => "would change in",
        ChangeKind::Removed => "would remove from",
    };
    let columns: Vec<_> = change.columns.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    format!("{verb} `{table}`: {}", columns.join(", "))
}

/// A moment as the database has it, in milliseconds, on the wall clock.
fn when(milliseconds: &str, zone: &TimeZone) -> String {
    let at = milliseconds.parse().ok().and_then(|number| Timestamp::from_millisecond(number).ok());
    at.map_or_else(|| milliseconds.to_owned(), |at| texts::wall_clock(at, zone))
}

/// Short, and without what steers a terminal.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(table: &str, kind: ChangeKind, columns: &[(&str, &str)]) -> String {
        let columns = columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        told(&RowChange { table: table.to_owned(), kind, columns }, &TimeZone::UTC)
    }

    #[test]
    fn rows_are_told_in_words() {
        let outgoing = r#"{"text": "Hello!", "to": {}}"#;
        let columns = [("channel", "telegram"), ("chat", "42"), ("outgoing", outgoing)];
        let sent = change("outbox", ChangeKind::Added, &columns);
        assert_eq!(sent, "would send a message to the chat 42 (telegram):\nHello!");
        let job = change("job", ChangeKind::Added, &[("title", "milk"), ("next", "1795179900000")]);
        assert!(job.starts_with("would schedule “milk” for ") && job.contains("2026"), "{job}");
        let kept = change("kv", ChangeKind::Changed, &[("plugin", "keeper"), ("key", "count"), ("value", "2\u{1b}")]);
        assert_eq!(kept, "would keep `count` for keeper: 2 ");
        let other = change("approval", ChangeKind::Removed, &[("id", "7")]);
        assert_eq!(other, "would remove from `approval`: id: 7");
    }
}
