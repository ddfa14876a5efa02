//! The sentences of the rehearsal model, in both languages.

use steward_agent::Language;

/// One text in the language asked for.
pub(super) fn say(language: Language, english: impl Into<String>, russian: impl Into<String>) -> String {
    match language {
        Language::En => english.into(),
        Language::Ru => russian.into(),
    }
}

/// What can be done with one of these tools: an example in each language.
const ABILITIES: [(&[&str], &str, &str); 14] = [
    (&["schedule_task"], "“remind me in one minute to buy milk”", "«напомни мне через минуту купить молоко»"),
    (&["list_scheduled"], "“what is scheduled”", "«покажи напоминания»"),
    (&["cancel_task"], "“cancel 3”", "«отмени 3»"),
    (&["memory_append"], "“remember that my flat is 42”", "«запомни, что моя квартира 42»"),
    (&["memory_context"], "“what do you know about my flat”", "«что ты знаешь о моей квартире»"),
    (&["memory_log"], "“log: met Anna”", "«запиши: встретил Анну»"),
    (&["list", "read"], "“list files”, “read notes.md”", "«покажи файлы», «прочитай notes.md»"),
    (&["web_fetch"], "“read this page: https://example.org”", "«прочитай страницу https://example.org»"),
    (
        &["run_code"],
        "“calculate 6 * 7”, “run code: …” with JavaScript",
        "«посчитай 6 * 7», «выполни код: …» на JavaScript",
    ),
    (&["get_my_tasks", "list_tasks"], "“what are my tasks”", "«мои задачи»"),
    (&["update_task"], "“task 3 done: here is my answer”", "«задача 3 готова: вот мой ответ»"),
    (&["create_task"], "“task for Anna: water the flowers”", "«задача для Anna: полить цветы»"),
    (&["send_to_user"], "“tell Anna: dinner is ready”", "«напиши Anna: ужин готов»"),
    (&["send_summary_to_owner"], "“tell the owner that I am late”", "«передай хозяину, что я опоздаю»"),
];

fn abilities(language: Language, offered: &dyn Fn(&str) -> bool) -> String {
    let able = ABILITIES.iter().filter(|(tools, ..)| tools.iter().any(|tool| offered(tool)));
    able.map(|(_, english, russian)| format!("\n- {}", say(language, *english, *russian))).collect()
}

/// What it is and can do; for owners also how to get a real model.
pub(super) fn help(language: Language, offered: &dyn Fn(&str) -> bool, outsider: bool) -> String {
    let abilities = abilities(language, offered);
    let hello = if outsider {
        say(
            language,
            "Hello! I am the owner's assistant. You can write to me:",
            "Здравствуйте! Я помощник хозяина. Мне можно написать:",
        )
    } else {
        say(
            language,
            "Hello! I am Steward. No language model is connected yet, so the built-in rehearsal model answers: it is \
             no intelligence, but it works with the real tools. Try:",
            "Здравствуйте! Я Steward. Языковая модель ещё не подключена, поэтому отвечает встроенная репетиционная \
             модель: это не интеллект, но инструменты настоящие. Попробуйте:",
        )
    };
    if abilities.is_empty() {
        return unknown(language, offered, outsider);
    }
    let more = if outsider { String::new() } else { format!("\n\n{}", connect(language)) };
    format!("{hello}{abilities}{more}")
}

fn connect(language: Language) -> String {
    say(
        language,
        "To connect a real model, start LM Studio or Ollama on this machine, or set `OPENAI_API_KEY` or \
         `ANTHROPIC_API_KEY` and start me again.",
        "Чтобы подключить настоящую модель, запустите на этой машине LM Studio или Ollama либо задайте \
         `OPENAI_API_KEY` или `ANTHROPIC_API_KEY` и перезапустите меня.",
    )
}

/// An honest word about what was not understood.
pub(super) fn unknown(language: Language, offered: &dyn Fn(&str) -> bool, outsider: bool) -> String {
    if outsider && offered("send_summary_to_owner") {
        return offer(language);
    }
    let abilities = abilities(language, offered);
    let sorry = say(
        language,
        "I am only the rehearsal model, without a language model behind me, and did not understand that.",
        "Я лишь репетиционная модель, без языковой модели, и этого не понимаю.",
    );
    if abilities.is_empty() {
        return format!("{sorry}\n\n{}", connect(language));
    }
    let known = say(language, "I know only these:", "Я знаю только такое:");
    format!("{sorry} {known}{abilities}\n\n{}", connect(language))
}

/// The offer to pass an outsider's message on; a yes to it is understood.
pub(super) fn offer(language: Language) -> String {
    say(
        language,
        "I cannot do that myself. Shall I pass your message on to the owner? Answer “yes” or write “tell the owner …”.",
        "Сам я этого сделать не могу. Передать ваше сообщение хозяину? Ответьте «да» или напишите «передай хозяину …».",
    )
}

/// The tool for it is not among those of this conversation.
pub(super) fn not_here(language: Language) -> String {
    say(language, "I cannot do that in this conversation.", "В этом разговоре я этого не могу.")
}
