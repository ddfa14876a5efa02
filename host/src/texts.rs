//! What the program itself says to people, in English and Russian. The model's words are not here.

mod access;
mod unanswered;

use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use steward_agent::{Language, Role};
use steward_channel::literal;
use steward_model::PROVIDERS;

pub(crate) use access::{banned, code_needed, code_unknown, exhausted, owners_only, paired, rights_changed, slow_down};
pub(crate) use unanswered::{answer, model_failed};

/// Chooses by language.
pub(crate) fn say(language: Language, en: impl Into<String>, ru: impl Into<String>) -> String {
    match language {
        Language::En => en.into(),
        Language::Ru => ru.into(),
    }
}

pub(crate) fn welcome(language: Language, role: &Role, name: &str) -> String {
    match role {
        Role::Owner => say(
            language,
            format!(
                "Hello, {name}! I am Steward, your assistant. Just write what you need: “remind me tomorrow at nine to \
                 call mum”, “remember that my flat is 42”. /help tells more."
            ),
            format!(
                "Здравствуйте, {name}! Я Steward, ваш помощник. Просто напишите, что нужно: «напомни завтра в девять \
                 позвонить маме», «запомни, что моя квартира 42». Подробнее: /help."
            ),
        ),
        _ => say(
            language,
            format!(
                "Hello, {name}! I am Steward, an assistant. I can show you the tasks you were given and pass a message \
                 on to my owner. Just write to me."
            ),
            format!(
                "Здравствуйте, {name}! Я Steward, помощник. Могу показать задачи, которые вам поручили, и передать \
                 сообщение моему владельцу. Просто напишите."
            ),
        ),
    }
}

/// What can be done, above the lines of the commands.
pub(crate) fn help(language: Language, role: &Role, commands: &str) -> String {
    let abilities = match role {
        Role::Owner => say(
            language,
            "I remind and schedule, remember, read and write files in the workspace, read web pages, keep track of \
             tasks for other people and write to them. Write as you would to a person; several messages in a row are \
             fine, also while I am at work.",
            "Я напоминаю и планирую, запоминаю, читаю и пишу файлы в рабочей папке, читаю страницы, слежу за \
             поручениями для других людей и пишу им. Пишите как человеку; можно несколько сообщений подряд, даже пока \
             я работаю.",
        ),
        _ => say(
            language,
            "I can show you the tasks you were given, take your answer to them, and pass a message on to my owner.",
            "Я могу показать порученные вам задачи, принять ваш ответ по ним и передать сообщение моему владельцу.",
        ),
    };
    format!("{abilities}\n\n{commands}")
}

/// A tool is compiled, which happens once on each machine.
pub(crate) fn preparing(language: Language, tool: &str) -> String {
    say(
        language,
        format!("⏳ preparing {tool} for this machine, this once…"),
        format!("⏳ готовлю {tool} для этого компьютера, это один раз…"),
    )
}

pub(crate) fn nothing_to_stop(language: Language) -> String {
    say(language, "Nothing is running.", "Сейчас ничего не выполняется.")
}

pub(crate) fn stopped(language: Language) -> String {
    say(language, "⏹ Stopped.", "⏹ Остановлено.")
}

pub(crate) fn cleared(language: Language) -> String {
    say(
        language,
        "This conversation starts afresh. What is in your memory files stays.",
        "Разговор начат заново. Файлы памяти не тронуты.",
    )
}

pub(crate) fn out_of_time(language: Language, seconds: u64) -> String {
    say(
        language,
        format!(
            "⏱ This took longer than {seconds} seconds, so I stopped. Ask for a smaller part of it, or raise \
             `limits.seconds` in steward.toml."
        ),
        format!(
            "⏱ Это заняло больше {seconds} секунд, и я остановился. Попросите часть поменьше или увеличьте \
             `limits.seconds` в steward.toml."
        ),
    )
}

pub(crate) fn rehearsal_footer(language: Language) -> String {
    say(
        language,
        "_rehearsal model: a fixed script, not an AI · /help tells how to connect one_",
        "_репетиционная модель: сценарий, не ИИ · как подключить настоящую: /help_",
    )
}

pub(crate) fn connect_a_model(language: Language) -> String {
    let keys: Vec<_> = PROVIDERS.iter().filter_map(|kind| Some(kind.server.as_ref()?.key_variable)).collect();
    say(
        language,
        format!(
            "There is no model yet, so a small script answers. Start LM Studio or Ollama on this machine, or set {} and \
             start me again.",
            keys.join(" or ")
        ),
        format!(
            "Модели пока нет, отвечает небольшой сценарий. Запустите на этой машине LM Studio или Ollama либо задайте {} \
             и перезапустите меня.",
            keys.join(" или ")
        ),
    )
}

pub(crate) fn gave_up(language: Language) -> String {
    say(
        language,
        "⚠️ I was interrupted several times while working on your last message, so I left it. Please write again, if \
         possible in other words.",
        "⚠️ Меня несколько раз прервали во время работы над вашим сообщением, и я его оставил. Напишите снова, \
         лучше другими словами.",
    )
}

pub(crate) fn disk_full(language: Language) -> String {
    say(
        language,
        "⚠️ My disk is full. I have your message and will continue as soon as there is room.",
        "⚠️ У меня кончилось место на диске. Ваше сообщение у меня; продолжу, как только место появится.",
    )
}

/// Messages from outside that were gathered, for their reader.
pub(crate) fn digest(language: Language, shown: usize, left: usize, letters: &str) -> String {
    let head = say(
        language,
        format!("📬 **Gathered messages from outside: {shown}.** They came too fast to be sent one by one."),
        format!("📬 **Собранные сообщения извне: {shown}.** Они приходили слишком часто, чтобы слать их по одному."),
    );
    format!("{head}\n\n{letters}{}", more_mail(language, left))
}

/// The answer to `/mail`.
pub(crate) fn mail(language: Language, left: usize, letters: &str) -> String {
    if letters.is_empty() {
        return say(language, "No gathered messages wait for you.", "Собранных сообщений для вас нет.");
    }
    format!("{letters}{}", more_mail(language, left))
}

fn more_mail(language: Language, left: usize) -> String {
    match left {
        0 => String::new(),
        _ => say(
            language,
            format!("\n\n_{left} more wait: /mail shows the next ones._"),
            format!("\n\n_Ждут ещё {left}: следующие покажет /mail._"),
        ),
    }
}

/// A reminder, its title as the person wrote it and not as Markdown; one that is late says when it was due.
pub(crate) fn reminder(language: Language, title: &str, due: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    const LATE_SECONDS: i64 = 120;
    let title = literal(title);
    if now.as_second() - due.as_second() < LATE_SECONDS {
        return format!("⏰ {title}");
    }
    let due = wall_clock(due, zone);
    say(language, format!("⏰ {title}\n_(was due {due})_"), format!("⏰ {title}\n_(срок был {due})_"))
}

/// `2026-11-20 14:05`.
pub(crate) fn wall_clock(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    strtime::format("%Y-%m-%d %H:%M", &zoned).unwrap_or_else(|_| zoned.to_string())
}

/// `Fri 2026-11-20 14:05`, as messages carry it to the model.
pub(crate) fn sent_at(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    strtime::format("%a %Y-%m-%d %H:%M", &zoned).unwrap_or_else(|_| zoned.to_string())
}

pub(crate) fn undeliverable(language: Language, name: &str, reason: &str) -> String {
    say(
        language,
        format!("⚠️ A message to {name} could not be delivered: {reason}"),
        format!("⚠️ Сообщение для {name} не доставлено: {reason}"),
    )
}

pub(crate) fn file_too_large(language: Language, name: &str, limit: u64) -> String {
    let limit = limit / (1 << 20);
    say(
        language,
        format!("[the file {name} was not saved: it is larger than {limit} MB]"),
        format!("[файл {name} не сохранён: он больше {limit} МБ]"),
    )
}

pub(crate) fn file_refused(language: Language, name: &str) -> String {
    say(
        language,
        format!("[the file {name} was not saved: today's room for files is used up]"),
        format!("[файл {name} не сохранён: место для файлов на сегодня закончилось]"),
    )
}

pub(crate) fn file_lost(language: Language, name: &str, reason: &str) -> String {
    say(
        language,
        format!("[the file {name} could not be fetched: {reason}]"),
        format!("[файл {name} получить не удалось: {reason}]"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_reminder_says_when_it_was_due() {
        let zone = TimeZone::UTC;
        let due: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        assert_eq!(reminder(Language::En, "milk", due, due, &zone), "⏰ milk");
        assert_eq!(reminder(Language::En, "fix __init__.py", due, due, &zone), r"⏰ fix \_\_init\_\_.py");
        assert!(reminder(Language::Ru, "молоко", due, later, &zone).contains("2026-11-20 09:00"));
    }
}
