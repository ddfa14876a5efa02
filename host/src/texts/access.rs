//! What people are told who may not write, may write no more today, or are let in.

use steward_agent::{Language, Role};
use steward_store::Resource;

use super::say;

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

/// One line for somebody who is not an owner and has used up what they may use today.
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
