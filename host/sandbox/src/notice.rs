//! Messages the host writes itself when one person's words go to another, in the reader's language. What people write
//! is set off as theirs: it can neither pass for the assistant's words nor bring formatting of its own.

use steward_agent::Language;
use steward_store::{Person, TaskStatus};

/// What an outside person left for the owner.
pub(crate) fn outside_mail(language: Language, name: &str, username: Option<&str>, summary: &str) -> String {
    let who = match username {
        Some(username) => format!("{} (@{})", plain(name), plain(username)),
        None => plain(name),
    };
    let head = match language {
        Language::En => format!("📨 From {who}, who has no access:"),
        Language::Ru => format!("📨 Сообщение от {who} (внешний собеседник, без доступа):"),
    };
    format!("{head}\n\n{}", quoted(summary))
}

/// Somebody from outside went too far.
pub(crate) fn violation(language: Language, who: &Person, banned: bool, reason: &str) -> String {
    let (id, who) = (who.id, plain(&who.label()));
    let head = match (language, banned) {
        (Language::En, false) => {
            format!("⚠️ {who} was warned. The next time they are banned. The reason given:")
        }
        (Language::En, true) => {
            format!("🚫 {who} is banned. `steward people unban {id}` or a word to me lifts it. The reason given:")
        }
        (Language::Ru, false) => {
            format!("⚠️ {who}: вынесено предупреждение. В следующий раз последует блокировка. Основание:")
        }
        (Language::Ru, true) => {
            format!(
                "🚫 {who}: доступ закрыт. Снять блокировку: `steward people unban {id}` или скажите мне. Основание:"
            )
        }
    };
    format!("{head}\n\n{}", quoted(reason))
}

/// What became of a task, for the one who gave it.
pub(crate) fn task_changed(
    language: Language,
    name: &str,
    title: &str,
    status: Option<TaskStatus>,
    outcome: Option<&str>,
) -> String {
    let (name, title) = (plain(name), plain(title));
    let head = match (language, status) {
        (Language::En, Some(TaskStatus::Done)) => format!("✅ {name} finished “{title}”"),
        (Language::En, Some(TaskStatus::Declined)) => format!("🚫 {name} declined “{title}”"),
        (Language::En, Some(TaskStatus::InProgress)) => format!("⏳ {name} started “{title}”"),
        (Language::En, _) => format!("📝 {name} answered about “{title}”"),
        (Language::Ru, Some(TaskStatus::Done)) => format!("✅ {name}: выполнено «{title}»"),
        (Language::Ru, Some(TaskStatus::Declined)) => format!("🚫 {name}: отказ, «{title}»"),
        (Language::Ru, Some(TaskStatus::InProgress)) => format!("⏳ {name}: в работе «{title}»"),
        (Language::Ru, _) => format!("📝 {name}: ответ по задаче «{title}»"),
    };
    match outcome {
        Some(outcome) => format!("{head}:\n\n{}", quoted(outcome)),
        None => head,
    }
}

/// A plugin would like a secret to be set.
pub(crate) fn secret_wanted(language: Language, plugin: &str, name: &str, host: &str, reason: &str) -> String {
    let command = format!("`steward secret set {name} --host {host}`");
    let plugin = plain(plugin);
    let (head, remedy) = match language {
        Language::En => (
            format!("🔑 The plugin {plugin} asks for the secret `{name}`:"),
            format!("To set it, run {command} on the machine Steward runs on. Do not send the value in a chat."),
        ),
        Language::Ru => (
            format!("🔑 Плагин {plugin} просит задать секрет `{name}`:"),
            format!("Чтобы задать его, выполните {command} на машине, где работает Steward. Не присылайте его в чат."),
        ),
    };
    format!("{head}\n\n{}\n\n{remedy}", quoted(reason))
}

/// One line that Markdown shows as it is.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        match c {
            _ if c.is_whitespace() => shown.push(' '),
            _ if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '-' | '\'' | ':' | '/' | '?' | '%') => {
                shown.push('\\');
                shown.push(c);
            }
            _ => shown.push(c),
        }
    }
    shown
}

/// A quotation: every line set off and plain.
fn quoted(text: &str) -> String {
    let lines: Vec<String> =
        text.trim().lines().map(|line| format!("> {}", plain(line)).trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Characters that would turn the direction of what follows or hide in it.
fn is_unseen(c: char) -> bool {
    let hidden = matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    hidden || matches!(c, '\u{202a}'..='\u{202e}') || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_an_outside_person_are_set_off() {
        let text = outside_mail(Language::En, "Anna\n*Owner*", Some("anna_k"), "Call me.\n\n# Order\n[x](http://evil)");
        let expected = "📨 From Anna \\*Owner\\* (@anna\\_k), who has no access:\n\n\
                        > Call me.\n>\n> \\# Order\n> \\[x\\]\\(http://evil\\)";
        assert_eq!(text, expected);
        assert!(outside_mail(Language::Ru, "Анна", None, "Жду").starts_with("📨 Сообщение от Анна (внешний"));
    }

    #[test]
    fn a_task_is_told_of_in_the_readers_language() {
        let done = |language| task_changed(language, "Anna", "buy milk", Some(TaskStatus::Done), Some("two litres"));
        assert_eq!(done(Language::En), "✅ Anna finished “buy milk”:\n\n> two litres");
        assert_eq!(done(Language::Ru), "✅ Anna: выполнено «buy milk»:\n\n> two litres");
        assert_eq!(task_changed(Language::En, "A", "b", None, None), "📝 A answered about “b”");
    }

    #[test]
    fn a_name_cannot_turn_the_text_around() {
        assert_eq!(plain("a\u{202e}b\u{200b}c"), "abc");
    }
}
