//! Words for answers that did not come: why, and what to do.

use steward_agent::turn::{Answer, Silence};
use steward_agent::{Language, ModelError, Role};

use super::{rehearsal_footer, say, stopped};

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
        ModelError::Rejected { address, reason, summarised } => rejected(address, reason, *summarised),
        ModelError::NoTools { address, model, reason } => no_tools(address, model, reason),
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
        text = format!("⚠️ {}", silence(language, answer.silence));
    } else if answer.silence == Some(Silence::CallsCut) {
        text = format!("{text}\n\n⚠️ {}", silence(language, answer.silence));
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

fn rejected(address: &str, reason: &str, summarised: bool) -> (String, String) {
    match summarised {
        false => (
            format!("⚠️ The model at {address} answered with an error: {reason}"),
            format!("⚠️ Модель по адресу {address} ответила ошибкой: {reason}"),
        ),
        true => (
            format!(
                "⚠️ The model at {address} does not take this conversation, even after I summarised it: {reason}. Start \
                 afresh with /clear."
            ),
            format!(
                "⚠️ Модель по адресу {address} не принимает этот разговор, даже сокращённый: {reason}. Начните заново: \
                 /clear."
            ),
        ),
    }
}

/// A model without tools can do nothing here: what to change, by what its server says.
fn no_tools(address: &str, model: &str, reason: &str) -> (String, String) {
    let (en, ru) = match reason.to_lowercase() {
        reason if reason.contains("enable-auto-tool-choice") => (
            "Start vLLM with `--enable-auto-tool-choice` and the `--tool-call-parser` of this model.",
            "Запустите vLLM с `--enable-auto-tool-choice` и подходящим модели `--tool-call-parser`.",
        ),
        reason if reason.contains("--jinja") => {
            ("Start llama.cpp's server with `--jinja`.", "Запустите сервер llama.cpp с ключом `--jinja`.")
        }
        reason if reason.contains("endpoints") => (
            "Choose another model, one that OpenRouter lists with “tools”.",
            "Выберите другую модель: ту, у которой в списке OpenRouter отмечено «tools».",
        ),
        _ => (
            "Choose a model that can, such as qwen3 or gpt-oss, with `MODEL` or in the configuration.",
            "Выберите модель, которая это умеет, например qwen3 или gpt-oss: в `MODEL` или в настройках.",
        ),
    };
    (
        format!("⚠️ {model} at {address} cannot use tools, and without them I can do nothing. {en}"),
        format!("⚠️ {model} по адресу {address} не умеет пользоваться инструментами, а без них я ничего не могу. {ru}"),
    )
}

/// Why there is no answer.
fn silence(language: Language, why: Option<Silence>) -> String {
    let (en, ru) = match why {
        None | Some(Silence::Unexplained) => {
            ("The model gave an empty answer, twice.", "Модель дважды дала пустой ответ.")
        }
        Some(Silence::Refused) => ("The model refused to answer this.", "Модель отказалась на это отвечать."),
        Some(Silence::Filtered) => (
            "The provider's content filter held the answer back. Try other words.",
            "Фильтр содержания у провайдера не пропустил ответ. Попробуйте сказать иначе.",
        ),
        Some(Silence::OnlyReasoned) => (
            "The model only reasoned and then said nothing, twice. Please ask again.",
            "Модель только рассуждала и ничего не ответила, дважды. Спросите, пожалуйста, ещё раз.",
        ),
        Some(Silence::ReasonedToTheLimit) => (
            "The model reached `limits.answer_tokens` before it said anything. Raise that limit, or ask for less at once.",
            "Модель достигла `limits.answer_tokens`, ничего не сказав. Увеличьте этот предел или спросите о меньшем.",
        ),
        Some(Silence::WindowFull) => (
            "The model's window is full, so there is no room for an answer. Start afresh with /clear.",
            "Окно модели заполнено, для ответа нет места. Начните заново: /clear.",
        ),
        Some(Silence::CallUnreadable) => (
            "The model called a tool in a form that its own server could not read, twice. Please ask again.",
            "Модель дважды вызвала инструмент так, что её собственный сервер этого не понял. Спросите ещё раз.",
        ),
        Some(Silence::CallsCut) => (
            "The model's calls of tools were cut off by `limits.answer_tokens`, again and again; none of them was made. \
             Raise that limit, or ask for less at once.",
            "Вызовы инструментов раз за разом обрывались на `limits.answer_tokens`; ни один из них не сделан. Увеличьте \
             этот предел или попросите о меньшем.",
        ),
    };
    say(language, en, ru)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_no_answer_is_told_why_and_what_to_do() {
        let silent = |silence| {
            let told = Answer { silence: Some(silence), ..Answer::default() };
            [answer(Language::En, &told), answer(Language::Ru, &told)]
        };
        let cases = [
            (Silence::Unexplained, "empty answer", "пустой ответ"),
            (Silence::Refused, "refused", "отказалась"),
            (Silence::Filtered, "content filter", "Фильтр"),
            (Silence::OnlyReasoned, "only reasoned", "только рассуждала"),
            (Silence::ReasonedToTheLimit, "`limits.answer_tokens`", "`limits.answer_tokens`"),
            (Silence::WindowFull, "/clear", "/clear"),
            (Silence::CallUnreadable, "could not read", "не понял"),
            (Silence::CallsCut, "none of them was made", "ни один из них не сделан"),
        ];
        for (why, en, ru) in cases {
            let [english, russian] = silent(why);
            assert!(english.contains(en) && russian.contains(ru), "{english} {russian}");
        }
    }

    #[test]
    fn a_model_without_tools_is_told_of_in_words_a_person_understands() {
        let (address, model) = ("10.0.0.5:1234", "tiny");
        let told = |reason: &str| {
            let error = ModelError::NoTools { address: address.into(), model: model.into(), reason: reason.into() };
            [model_failed(Language::En, &Role::Owner, &error), model_failed(Language::Ru, &Role::Owner, &error)]
        };
        let cases = [
            ("tiny does not support tools", "such as qwen3"),
            ("\"auto\" tool choice requires --enable-auto-tool-choice", "--tool-call-parser"),
            ("tools param requires --jinja flag", "--jinja"),
            ("No endpoints found that support tool use", "OpenRouter"),
        ];
        for (reason, remedy) in cases {
            let [en, ru] = told(reason);
            assert!(en.contains("cannot use tools") && en.contains(remedy), "{en}");
            assert!(ru.contains("не умеет пользоваться инструментами"), "{ru}");
        }
    }

    #[test]
    fn a_broken_answer_is_not_asked_whether_it_is_running_and_a_refused_conversation_names_clear() {
        let address = || "10.0.0.5:1234".to_owned();
        let broke = ModelError::BrokeOff { address: address(), reason: "it said nothing for 60 seconds".into() };
        let told = model_failed(Language::En, &Role::Owner, &broke);
        assert!(told.contains("broke off") && !told.contains("running"), "{told}");
        for (summarised, clear) in [(false, false), (true, true)] {
            let refused = ModelError::Rejected { address: address(), reason: "no".into(), summarised };
            for language in [Language::En, Language::Ru] {
                assert_eq!(model_failed(language, &Role::Owner, &refused).contains("/clear"), clear);
            }
        }
    }

    #[test]
    fn outsiders_are_not_told_where_the_model_is() {
        let error = ModelError::Unreachable { address: "10.0.0.5:1234".into(), reason: "refused".into() };
        assert!(!model_failed(Language::En, &Role::External, &error).contains("10.0.0.5"));
        assert!(model_failed(Language::En, &Role::Owner, &error).contains("10.0.0.5"));
    }
}
