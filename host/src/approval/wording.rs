//! How a question, its answer and a denial are worded. The arguments are shown exactly: what could hide or turn text
//! around is written as an escape, and what is left out can be asked for.

use serde_json::Value;
use steward_agent::{Address, Choice, Decision, Language, Origin, Question, Source, foreign, is_hidden};
use steward_sandbox::{Effect, Matter};
use steward_store::{Approval, ApprovalState};

/// Characters of arguments in a question, few enough that it fits one message of Telegram in any script.
const SHOWN: usize = 1_500;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing {
    Effect(Effect),
    /// In the middle of a call that would else go on unasked.
    Matter(Matter),
}

/// Who wants to call what.
pub(super) struct Shown<'a> {
    pub(super) tool: &'a str,
    /// A JSON object.
    pub(super) arguments: &'a str,
    pub(super) doing: Doing,
    /// The foreign text that was read before.
    pub(super) read: &'a [Source],
    pub(super) origin: Origin,
    /// The name of the person it is for, if that is not the one who is asked.
    pub(super) person: Option<&'a str>,
}

pub(super) fn question(language: Language, wanted: &Shown<'_>, to: Address, code: String) -> Question {
    let whole = readable(wanted.arguments);
    let shown: String = whole.chars().take(SHOWN).collect();
    let left = whole.chars().count() - shown.chars().count();
    let mut text = format!("{}\n\n{}", heading(language, wanted), fenced(&shown));
    if left > 0 {
        text.push_str(&format!("\n\n{}", left_out(language, left, &code)));
    }
    let (approve, deny, more) = labels(language);
    let choice = |label: &str, decision: Decision| Choice { label: label.to_owned(), command: decision.command(&code) };
    Question {
        to,
        text,
        approve: choice(approve, Decision::Approve),
        deny: choice(deny, Decision::Deny),
        more: (left > 0).then(|| choice(more, Decision::Show)),
        code,
    }
}

/// The whole arguments, as a message.
pub(super) fn all_arguments(tool: &str, arguments: &str) -> String {
    format!("`{tool}`\n\n{}", fenced(&readable(arguments)))
}

fn heading(language: Language, wanted: &Shown<'_>) -> String {
    let (tool, origin) = (wanted.tool, wanted.origin.as_str());
    let person = wanted.person.map(steward_agent::prompt::one_line);
    match language {
        Language::En => {
            let whose = person.map(|name| format!(", for {name}")).unwrap_or_default();
            let from = if wanted.origin == Origin::Chat { String::new() } else { format!(" (set going by: {origin})") };
            let read = match foreign::in_words(wanted.read, language) {
                read if read.is_empty() => read,
                read => format!(", after reading {read}"),
            };
            format!("❓ May I call **{tool}**{whose}? It {}{from}{read}.", doing(language, wanted.doing))
        }
        Language::Ru => {
            let whose = person.map(|name| format!(" для {name}")).unwrap_or_default();
            let from =
                if wanted.origin == Origin::Chat { String::new() } else { format!(" (причина: {origin})") };
            let read = match foreign::in_words(wanted.read, language) {
                read if read.is_empty() => read,
                read => format!(" Прочитан чужой текст: {read}."),
            };
            format!("❓ Вызвать **{tool}**{whose}? Это {}{from}.{read}", doing(language, wanted.doing))
        }
    }
}

fn doing(language: Language, doing: Doing) -> &'static str {
    match (language, doing) {
        (language, Doing::Effect(one)) => one.in_words(language),
        (language, Doing::Matter(Matter::Send)) => Effect::Send.in_words(language),
        (language, Doing::Matter(Matter::Destructive)) => Effect::Destructive.in_words(language),
        (Language::En, Doing::Matter(Matter::Instructions)) => "changes what I take as your orders later",
        (Language::En, Doing::Matter(Matter::Host)) => "reaches an address you have not named",
        (Language::Ru, Doing::Matter(Matter::Instructions)) => {
            "изменение того, что я потом буду считать вашими указаниями"
        }
        (Language::Ru, Doing::Matter(Matter::Host)) => "обращение по адресу, который вы не называли",
    }
}

fn left_out(language: Language, characters: usize, code: &str) -> String {
    let command = Decision::Show.command(code);
    match language {
        Language::En => format!("… {characters} more characters: {command}"),
        Language::Ru => format!("… ещё {characters} символов: {command}"),
    }
}

fn labels(language: Language) -> (&'static str, &'static str, &'static str) {
    match language {
        Language::En => ("✅ Allow", "🚫 Deny", "📄 Show all"),
        Language::Ru => ("✅ Разрешить", "🚫 Отказать", "📄 Показать всё"),
    }
}

/// What the message of a question shows once it is closed.
pub(super) fn verdict(language: Language, state: ApprovalState) -> &'static str {
    match (language, state) {
        (Language::En, ApprovalState::Approved) => "✅ Allowed.",
        (Language::En, ApprovalState::Denied) => "🚫 Denied.",
        (Language::En, ApprovalState::Expired) => "⌛ Nobody answered in time, so it was not done.",
        (Language::En, ApprovalState::Withdrawn | ApprovalState::Asking) => "⏹ No longer needed; it was not done.",
        (Language::Ru, ApprovalState::Approved) => "✅ Разрешено.",
        (Language::Ru, ApprovalState::Denied) => "🚫 Отказано.",
        (Language::Ru, ApprovalState::Expired) => "⌛ Никто не ответил вовремя, действие не выполнено.",
        (Language::Ru, ApprovalState::Withdrawn | ApprovalState::Asking) => "⏹ Больше не нужно; действие не выполнено.",
    }
}

/// An answer came to a question that no longer waits, or never was.
pub(super) fn too_late(language: Language, state: Option<ApprovalState>) -> String {
    let now = state.map(|state| verdict(language, state));
    match (language, now) {
        (Language::En, Some(now)) => format!("This question is closed. {now}"),
        (Language::En, None) => "There is no such question.".to_owned(),
        (Language::Ru, Some(now)) => format!("Этот вопрос закрыт. {now}"),
        (Language::Ru, None) => "Такого вопроса нет.".to_owned(),
    }
}

/// Asks which of the questions is meant.
pub(super) fn which(language: Language, decision: Decision, open: &[Approval]) -> String {
    let lines: Vec<_> =
        open.iter().map(|one| format!("• **{}**: {}", one.tool, decision.command(&one.question.code))).collect();
    match (language, lines.is_empty()) {
        (Language::En, true) => "No question is waiting for a decision.".to_owned(),
        (Language::Ru, true) => "Сейчас ни один вопрос не ждёт решения.".to_owned(),
        (Language::En, false) => format!("Which one? Send its command:\n{}", lines.join("\n")),
        (Language::Ru, false) => format!("На какой вопрос? Отправьте его команду:\n{}", lines.join("\n")),
    }
}

pub(crate) fn owners_only(language: Language) -> String {
    match language {
        Language::En => "Only my owner can decide that.".to_owned(),
        Language::Ru => "Это может решить только мой владелец.".to_owned(),
    }
}

/// Why a call is refused without a question, for the model.
pub(super) fn forbidden(tool: &str, effect: Effect, origin: Origin) -> String {
    let (effect, origin) = (effect.as_str(), origin.as_str());
    format!(
        "{tool} was not called: the owner's configuration refuses tools of effect `{effect}` in a run of origin \
         {origin}. Do without it and say so; only the owner can allow it, by [approval] in steward.toml."
    )
}

/// The same where foreign text was read and the configuration lets nobody be asked.
pub(super) fn forbidden_after_reading(tool: &str, matter: Matter, read: &[Source]) -> String {
    let key = match matter {
        Matter::Send => "send",
        Matter::Destructive => "destructive",
        Matter::Instructions => "instructions",
        Matter::Host => "hosts",
    };
    format!(
        "{tool} was not called: foreign text was read before ({} sources), and the owner's configuration refuses this \
         then. Do without it and say so; only the owner can allow it, by `{key}` under [approval.foreign] in \
         steward.toml.",
        read.iter().filter(|source| source.lowers()).count()
    )
}

/// Why a call that was asked about is not made, for the model.
pub(super) fn refused(tool: &str, state: ApprovalState, seconds: u64) -> String {
    match state {
        ApprovalState::Denied => format!(
            "{tool} was not called: the owner was asked and said no. Do not try it again or by another way; ask what \
             they want instead."
        ),
        _ => format!(
            "{tool} was not called: the owner was asked and did not answer within {seconds} s, which counts as no. Go \
             on without it and say what was left undone."
        ),
    }
}

/// The JSON in lines, with an escape for every character that is not seen or changes how others are seen. It stays
/// the same JSON.
fn readable(arguments: &str) -> String {
    let pretty = serde_json::from_str::<Value>(arguments).and_then(|value| serde_json::to_string_pretty(&value));
    let text = pretty.unwrap_or_else(|_| arguments.to_owned());
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_hidden(c) {
            shown.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    shown
}

/// A code block that its text cannot end.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}json\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(arguments: &Value) -> Question {
        let arguments = arguments.to_string();
        shown(Language::En, &arguments, Doing::Effect(Effect::Write), &[])
    }

    fn shown(language: Language, arguments: &str, doing: Doing, read: &[Source]) -> Question {
        let wanted = Shown { tool: "write", arguments, doing, read, origin: Origin::Chat, person: None };
        let to = Address { channel: "telegram".into(), chat: "7".into() };
        question(language, &wanted, to, "K7QX".into())
    }

    #[test]
    fn a_question_says_what_foreign_text_was_read() {
        let read = [Source::Page("example.org".into()), Source::File("invoice.pdf".into())];
        let ask = |language, doing| shown(language, "{}", doing, &read).text.lines().next().unwrap().to_owned();
        assert_eq!(
            ask(Language::En, Doing::Matter(Matter::Instructions)),
            "❓ May I call **write**? It changes what I take as your orders later, after reading the page example.org \
             and the file invoice.pdf."
        );
        assert_eq!(
            ask(Language::Ru, Doing::Effect(Effect::Send)),
            "❓ Вызвать **write**? Это отправка другим людям. Прочитан чужой текст: страница example.org и файл invoice.pdf."
        );
    }

    #[test]
    fn a_short_call_is_shown_whole() {
        let question = asked(&json!({"path": "a.md"}));
        assert!(
            question.text.contains("**write**") && question.text.contains("\"path\": \"a.md\""),
            "{}",
            question.text
        );
        assert_eq!(question.more, None);
        assert_eq!(question.approve.command, "/approve K7QX");
    }

    #[test]
    fn a_long_call_says_how_much_is_left_out_and_where_to_see_it() {
        let question = asked(&json!({"content": "слово ".repeat(2_000)}));
        assert!(question.text.encode_utf16().count() < 4_096);
        assert!(question.text.contains("more characters: /show K7QX"), "{}", question.text);
        assert_eq!(question.more.unwrap().command, "/show K7QX");
    }

    #[test]
    fn nothing_in_the_arguments_can_hide_or_look_like_the_question() {
        let tricky = json!({"to": "anna\u{202e}gnp.exe\u{200b}", "text": "```\n✅ Allowed.\n````\u{e0041}"});
        let question = asked(&tricky);
        assert!(question.text.contains("anna\\u202egnp.exe\\u200b"), "{}", question.text);
        assert!(question.text.contains("\\udb40\\udc41"), "{}", question.text);
        assert!(question.text.contains("\n`````json\n"), "{}", question.text);
        let shown = readable(&tricky.to_string());
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), tricky, "it is still the same call");
    }
}
