//! The few words a transcript adds to what was said, in English and Russian.

use jiff::civil::Date;
use steward_agent::{Language, Origin};
use steward_store::RunOutcome;

use crate::texts::say;

/// The first line of a file.
pub(super) fn title(language: Language, channel: &str, day: Date) -> String {
    say(language, format!("# Conversation on {channel}, {day}"), format!("# Разговор: {channel}, {day}"))
}

/// What set a run going that nobody wrote a message for.
pub(super) fn wake(language: Language, origin: Origin) -> Option<String> {
    let (en, ru) = match origin {
        Origin::Chat => return None,
        Origin::Schedule => ("reminder", "напоминание"),
        Origin::Heartbeat => ("heartbeat", "обход"),
        Origin::Trigger => ("event", "событие"),
        Origin::Task => ("task", "задача"),
        Origin::Dashboard => ("dashboard", "панель"),
        Origin::McpClient => ("MCP client", "клиент MCP"),
    };
    Some(say(language, en, ru))
}

/// Somebody who has no name that could be shown.
pub(super) fn somebody(language: Language) -> String {
    say(language, "Person", "Собеседник")
}

pub(super) fn used(language: Language, tools: &str) -> String {
    say(language, format!("*Used: {tools}*"), format!("*Инструменты: {tools}*"))
}

pub(super) fn files(language: Language, files: &str) -> String {
    say(language, format!("*Files: {files}*"), format!("*Файлы: {files}*"))
}

/// How a run ended that was not answered.
pub(super) fn ended(language: Language, outcome: RunOutcome) -> Option<String> {
    match outcome {
        RunOutcome::Answered => None,
        RunOutcome::Stopped => Some(say(language, "*Stopped.*", "*Остановлено.*")),
        RunOutcome::Failed => Some(say(language, "*There was no answer.*", "*Ответа не было.*")),
    }
}
