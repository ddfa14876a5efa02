//! Words for answers that did not come: why, and what to do.

use steward_agent::Language;
use steward_agent::turn::Silence;

use super::say;

/// A model without tools can do nothing here: what to change, by what its server says.
pub(super) fn no_tools(address: &str, model: &str, reason: &str) -> (String, String) {
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
pub(super) fn silence(language: Language, why: Option<Silence>) -> String {
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
    use steward_agent::turn::Answer;
    use steward_agent::{ModelError, Role};

    use super::*;
    use crate::texts::{answer, model_failed};

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
}
