//! What the program itself says to people, in English and Russian. The model's words are not here.

mod unanswered;

use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use steward_agent::turn::{Answer, Silence};
use steward_agent::{Language, ModelError, Role};
use steward_channel::literal;
use steward_store::Resource;

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

pub(crate) fn help(language: Language, role: &Role) -> String {
    let commands = say(
        language,
        "/stop ends what I am doing at once\n/clear forgets this conversation (not your memory files)\n/usage shows \
         what was used\n/help shows this",
        "/stop сразу прекращает то, что я делаю\n/clear забывает этот разговор (но не файлы памяти)\n/usage \
         показывает расход\n/help показывает эту справку",
    );
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
    let plugins = match role {
        Role::Owner => say(
            language,
            "\n/plugins shows what I can use\n/mail shows gathered messages from outside",
            "\n/plugins показывает, чем я пользуюсь\n/mail показывает собранные сообщения извне",
        ),
        _ => String::new(),
    };
    format!("{abilities}\n\n{commands}{plugins}")
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

/// One plain sentence about a model that did not answer. Owners are told what to do; for others it would be noise.
pub(crate) fn model_failed(language: Language, role: &Role, error: &ModelError) -> String {
    if *role != Role::Owner {
        return say(
            language,
            "I cannot answer right now. Please try again a little later.",
            "Сейчас не могу ответить. Попробуйте, пожалуйста, чуть позже.",
        );
    }
    let (en, ru) = match error {
        ModelError::Unreachable { address, .. } => (
            format!("⚠️ I cannot reach the model at {address}. Is it running? `steward doctor` tells more."),
            format!("⚠️ Модель по адресу {address} не отвечает. Она запущена? Подробнее: `steward doctor`."),
        ),
        ModelError::Refused { address, .. } => (
            format!("⚠️ The model at {address} does not accept the key. Check it, then write again."),
            format!("⚠️ Модель по адресу {address} не принимает ключ. Проверьте его и напишите снова."),
        ),
        ModelError::Overloaded { address, .. } => (
            format!("⚠️ The model at {address} is overloaded. Please write again in a few minutes."),
            format!("⚠️ Модель по адресу {address} перегружена. Напишите снова через несколько минут."),
        ),
        ModelError::TooLong { model, .. } => (
            format!("⚠️ This is too long for {model}. Send a shorter text, or start afresh with /clear."),
            format!("⚠️ Это слишком длинно для {model}. Пришлите текст покороче или начните заново: /clear."),
        ),
        ModelError::BrokeOff { address, reason } => (
            format!("⚠️ The answer of the model at {address} broke off: {reason}. Please write again."),
            format!("⚠️ Ответ модели по адресу {address} оборвался: {reason}. Напишите, пожалуйста, ещё раз."),
        ),
        ModelError::Rejected { address, reason, summarised: false } => (
            format!("⚠️ The model at {address} answered with an error: {reason}"),
            format!("⚠️ Модель по адресу {address} ответила ошибкой: {reason}"),
        ),
        ModelError::Rejected { address, reason, summarised: true } => (
            format!(
                "⚠️ The model at {address} does not take this conversation, even after I summarised it: {reason}. Start \
                 afresh with /clear."
            ),
            format!(
                "⚠️ Модель по адресу {address} не принимает этот разговор, даже сокращённый: {reason}. Начните заново: \
                 /clear."
            ),
        ),
        ModelError::NoTools { address, model, reason } => unanswered::no_tools(address, model, reason),
        ModelError::Invalid { address, reason } => (
            format!("⚠️ The model at {address} answered with an error: {reason}"),
            format!("⚠️ Модель по адресу {address} ответила ошибкой: {reason}"),
        ),
        ModelError::Cancelled => return stopped(language),
    };
    say(language, en, ru)
}

/// The answer as it is sent, with what must be said about it below.
pub(crate) fn answer(language: Language, answer: &Answer) -> String {
    let mut text = answer.text.trim().to_owned();
    if text.is_empty() {
        text = format!("⚠️ {}", unanswered::silence(language, answer.silence));
    } else if answer.silence == Some(Silence::CallsCut) {
        text = format!("{text}\n\n⚠️ {}", unanswered::silence(language, answer.silence));
    }
    if answer.cut && answer.silence.is_none() {
        let note = say(
            language,
            "_(cut off: the answer reached `limits.answer_tokens`)_",
            "_(обрезано: ответ достиг `limits.answer_tokens`)_",
        );
        text = format!("{text}\n\n{note}");
    }
    if answer.hurried {
        let note = say(
            language,
            "_(stopped early: this run reached its limit of steps or tokens; write “go on” to continue)_",
            "_(остановлено раньше: достигнут предел шагов или токенов; напишите «продолжай»)_",
        );
        text = format!("{text}\n\n{note}");
    }
    if answer.rehearsal { format!("{text}\n\n{}", rehearsal_footer(language)) } else { text }
}

pub(crate) fn rehearsal_footer(language: Language) -> String {
    say(
        language,
        "_rehearsal model: a fixed script, not an AI · /help tells how to connect one_",
        "_репетиционная модель: сценарий, не ИИ · как подключить настоящую: /help_",
    )
}

pub(crate) fn connect_a_model(language: Language) -> String {
    say(
        language,
        "There is no model yet, so a small script answers. Start LM Studio or Ollama on this machine, or set \
         OPENAI_API_KEY or ANTHROPIC_API_KEY and start me again.",
        "Модели пока нет, отвечает небольшой сценарий. Запустите на этой машине LM Studio или Ollama либо задайте \
         OPENAI_API_KEY или ANTHROPIC_API_KEY и перезапустите меня.",
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

pub(crate) fn slow_down(language: Language) -> String {
    say(
        language,
        "You are writing faster than I may answer. Please wait a minute and write again.",
        "Вы пишете быстрее, чем мне разрешено отвечать. Подождите минуту и напишите снова.",
    )
}

/// To somebody who is banned, once.
pub(crate) fn banned(language: Language) -> String {
    say(
        language,
        "Sorry, I can no longer answer you here. If this is a mistake, please ask my owner.",
        "Простите, я больше не могу вам здесь отвечать. Если это ошибка, обратитесь к моему владельцу.",
    )
}

/// To somebody whose role changed while something was done for them.
pub(crate) fn rights_changed(language: Language) -> String {
    say(
        language,
        "Your rights have just changed, so I stopped. Please write again.",
        "Ваши права только что изменились, поэтому я остановился. Напишите, пожалуйста, ещё раз.",
    )
}

/// One line for somebody who is no owner and has used up what they may use today.
pub(crate) fn exhausted(language: Language, resource: Resource) -> String {
    let (en, ru) = match resource {
        Resource::Files => {
            ("I have taken as many files from you as I can today", "Больше файлов сегодня принять не могу")
        }
        Resource::Bytes => ("I have no more room for today's messages", "Место для сегодняшних сообщений закончилось"),
        Resource::Answers => ("That is as many answers as I can take today", "Больше ответов сегодня принять не могу"),
        _ => ("That is as much as I can do for you today", "Это всё, что я могу сделать для вас сегодня"),
    };
    say(language, format!("{en}. Please write again tomorrow."), format!("{ru}. Напишите, пожалуйста, завтра."))
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

pub(crate) fn owners_only(language: Language) -> String {
    say(language, "Sorry, I only talk with my owner.", "Простите, я говорю только со своим владельцем.")
}

pub(crate) fn code_needed(language: Language) -> String {
    say(
        language,
        "Hello! I am a personal assistant and talk with people my owner knows. Ask my owner for a code and send me: \
         /pair CODE",
        "Здравствуйте! Я личный помощник и говорю с теми, кого знает мой владелец. Попросите у него код и пришлите: \
         /pair КОД",
    )
}

pub(crate) fn code_unknown(language: Language) -> String {
    say(
        language,
        "This code is invalid or has expired. Ask for a new one.",
        "Этот код неверен или устарел. Попросите новый.",
    )
}

pub(crate) fn paired(language: Language, role: &Role) -> String {
    match role {
        Role::Owner => say(
            language,
            "Welcome! You are an owner now. /help tells more.",
            "Добро пожаловать! Теперь вы владелец. Подробнее: /help.",
        ),
        _ => say(language, "Welcome! You can write to me now.", "Добро пожаловать! Теперь вы можете мне писать."),
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

    #[test]
    fn outsiders_are_not_told_where_the_model_is() {
        let error = ModelError::Unreachable { address: "10.0.0.5:1234".into(), reason: "refused".into() };
        assert!(!model_failed(Language::En, &Role::External, &error).contains("10.0.0.5"));
        assert!(model_failed(Language::En, &Role::Owner, &error).contains("10.0.0.5"));
    }
}
