//! The few words the gateway itself adds to a conversation, and the shortening of others' words.

use steward_agent::{UserMessage, recalled};

/// Stands in for the result of a call whose run ended before the tool answered; providers insist on one.
pub(crate) const NO_RESULT: &str = "No result: the run ended before this tool answered.";

/// Comes first where a provider insists that a conversation begins with the person.
pub(crate) const CONTINUES: &str = "(The conversation continues.)";

/// What the model reads of a message: when it was written, its text, a line for each file, and what was found in memory
/// for it.
pub(crate) fn user(message: &UserMessage) -> String {
    let mut lines: Vec<String> = Vec::new();
    if !message.text.trim().is_empty() {
        lines.push(message.text.clone());
    }
    // Names that others gave stand in the text already, within their boundary.
    let own = message.files.iter().filter(|_| message.foreign_files.is_empty());
    lines.extend(own.map(|path| format!("[file: {}]", path.replace(char::is_control, " "))));
    if let Some(sent) = message.sent.as_ref().filter(|_| !lines.is_empty()) {
        lines.insert(0, format!("[{sent}]"));
    }
    if !lines.is_empty() {
        lines.extend(recalled::block(&message.recalled));
    }
    lines.join("\n")
}

/// How a summary stands in the conversation.
pub(crate) fn summary(text: &str) -> String {
    format!("This is the summary of our earlier conversation:\n\n{text}")
}

/// At most `limit` characters on one line, with an ellipsis where something was left out.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        None => line,
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use steward_agent::Recalled;

    use super::*;

    #[test]
    fn the_time_and_each_file_get_a_line() {
        let files = vec!["uploads/a.jpg".to_owned(), "uploads/b\n.pdf".to_owned()];
        let message = UserMessage {
            text: "look".into(),
            files,
            sent: Some("Fri 2026-11-20 14:05".into()),
            ..UserMessage::default()
        };
        assert_eq!(user(&message), "[Fri 2026-11-20 14:05]\nlook\n[file: uploads/a.jpg]\n[file: uploads/b .pdf]");
        let alone = UserMessage { files: vec!["a".into()], ..UserMessage::default() };
        assert_eq!(user(&alone), "[file: a]");
        assert_eq!(user(&UserMessage { sent: Some("now".into()), ..UserMessage::default() }), "");
    }

    #[test]
    fn what_was_found_in_memory_stands_behind_the_message() {
        let found = Recalled { place: "MEMORY.md:3-3".into(), text: "- The flat is 42.".into(), ..Recalled::default() };
        let message = UserMessage { text: "my flat?".into(), recalled: vec![found], ..UserMessage::default() };
        let told = user(&message);
        assert!(told.starts_with("my flat?\n<recalled>\n"), "{told}");
        assert!(told.ends_with("[MEMORY.md:3-3]\n- The flat is 42.\n</recalled>"), "{told}");
        assert_eq!(user(&UserMessage { text: " ".into(), ..message }), "", "nothing was said that it could be for");
    }

    #[test]
    fn long_text_is_cut_at_a_letter() {
        assert_eq!(shorten("да  и\nнет", 20), "да и нет");
        assert_eq!(shorten("привет всем", 7), "привет…");
    }
}
