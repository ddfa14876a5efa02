//! Words for what the tools gave.

use steward_agent::{Language, ToolResult, foreign};

use super::ask::Ask;
use super::recall;
use super::texts::say;
use crate::wording::shorten;

/// Characters of a page or file that are shown.
const SHOWN_CHARS: usize = 1_200;

/// What to tell the person after the tool answered.
pub(super) fn word(ask: &Ask, language: Language, result: &ToolResult) -> String {
    let text = foreign::bare(&result.text);
    if result.failed {
        let reason = shorten(&text, 600);
        return say(language, format!("That did not work: {reason}"), format!("Не получилось: {reason}"));
    }
    given(ask, language, text.trim())
}

/// Words for what a tool gave when all went well.
fn given(ask: &Ask, language: Language, text: &str) -> String {
    match ask {
        Ask::Remind(plan) => {
            let title = &plan.title;
            with(say(language, format!("I will remind you: {title}."), format!("Хорошо, напомню: {title}.")), text)
        }
        Ask::Remember(fact) => say(language, format!("I will remember: {fact}"), format!("Запомнил: {fact}")),
        Ask::Note(note) => say(language, format!("Noted for today: {note}"), format!("Записал в дневник: {note}")),
        Ask::Recall(topics) => recall::answer(language, topics, text),
        Ask::Reminders => titled(language, "What is scheduled:", "Запланировано:", text),
        Ask::Cancel(None) => which(language, text),
        Ask::Cancel(Some(_)) => with(say(language, "Cancelled.", "Отменено."), text),
        Ask::Files(_) => titled(language, "Files:", "Файлы:", text),
        Ask::Read(path) => with(format!("`{path}`:"), &beginning(language, text)),
        Ask::Page(url) => {
            let head = say(language, format!("This is how {url} begins:"), format!("Вот начало страницы {url}:"));
            with(head, &beginning(language, text))
        }
        Ask::Compute(_) => titled(language, "The result:", "Результат:", &beginning(language, text)),
        Ask::Tasks => titled(language, "Tasks:", "Задачи:", text),
        Ask::Update(news) => {
            let id = &news.id;
            with(say(language, format!("Task {id} is updated."), format!("Задача {id} обновлена.")), text)
        }
        Ask::PassOn(summary) => {
            say(language, format!("I passed it on to the owner: {summary}"), format!("Передал хозяину: {summary}"))
        }
        Ask::NewTask { user, title } => with(
            say(language, format!("The task for {user} is set: {title}."), format!("Задача для {user}: {title}.")),
            text,
        ),
        Ask::People => titled(language, "I know:", "Я знаю:", text),
        Ask::Send { user, .. } => {
            with(say(language, format!("The message to {user} is on its way."), format!("Отправляю {user}.")), text)
        }
        Ask::Received(_) | Ask::Help | Ask::Thanks | Ask::Yes | Ask::Unknown => text.to_owned(),
    }
}

fn which(language: Language, scheduled: &str) -> String {
    let ask = say(language, "Which one? Answer “cancel” with its id.", "Которое? Ответьте «отмени» и его номер.");
    with(scheduled.to_owned(), &ask)
}

fn titled(language: Language, english: &str, russian: &str, text: &str) -> String {
    let nothing = say(language, "There is nothing.", "Ничего нет.");
    with(say(language, english, russian), if text.is_empty() { &nothing } else { text })
}

fn with(head: String, text: &str) -> String {
    if text.is_empty() { head } else { format!("{head}\n\n{text}") }
}

/// The first part of a long text, up to the end of a line where one is near.
fn beginning(language: Language, text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS) else { return text.to_owned() };
    let whole = &text[..end];
    let kept = whole.rfind('\n').filter(|at| *at > end / 2).map_or(whole, |at| &whole[..at]);
    let more = say(language, "[there is more]", "[есть продолжение]");
    format!("{}\n\n{more}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_page_is_shown_in_part() {
        let page: String = (0..200).map(|n| format!("строка {n}\n")).collect();
        let result = ToolResult { id: "1".into(), name: "web_fetch".into(), text: page, ..ToolResult::default() };
        let told = word(&Ask::Page("https://a.b".into()), Language::Ru, &result);
        assert!(told.starts_with("Вот начало страницы https://a.b:\n\nстрока 0\n"), "{told}");
        assert!(told.ends_with("\n\n[есть продолжение]") && told.chars().count() < 1_400, "{told}");
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let result = ToolResult {
            id: "1".into(),
            name: "read".into(),
            text: "`a` does not exist".into(),
            failed: true,
            ..ToolResult::default()
        };
        assert_eq!(word(&Ask::Read("a".into()), Language::En, &result), "That did not work: `a` does not exist");
    }
}
