//! Messages in both languages and what they ask for.

use super::*;

fn remind(time: &str, title: &str) -> Ask {
    Ask::Remind(Plan { title: title.into(), time: Some(time.into()) })
}

fn update(id: &str, status: Option<&'static str>, result: Option<&str>) -> Ask {
    Ask::Update(TaskNews { id: id.into(), status, result: result.map(str::to_owned) })
}

fn recall(topics: &[&str]) -> Ask {
    Ask::Recall(topics.iter().map(|topic| (*topic).to_owned()).collect())
}

fn check(cases: &[(&str, Ask)]) {
    for (text, expected) in cases {
        assert_eq!(understand(text, &[]), *expected, "{text}");
    }
}

#[test]
fn reminders_are_set_listed_and_cancelled() {
    check(&[
        ("remind me in one minute to buy milk", remind("in one minute", "buy milk")),
        ("Could you please remind me to buy milk in one minute, please?", remind("in one minute", "buy milk")),
        ("Напомни мне завтра в 9 позвонить маме", remind("завтра в 9", "позвонить маме")),
        ("Привет! Напомни, пожалуйста, через час про чай", remind("через час", "чай")),
        ("remind me to read https://example.org/ tomorrow", remind("tomorrow", "read https://example.org/")),
        ("list", Ask::Reminders),
        ("What's scheduled?", Ask::Reminders),
        ("what is scheduled", Ask::Reminders),
        ("Покажи мои напоминания", Ask::Reminders),
        ("список", Ask::Reminders),
        ("какие у меня напоминания?", Ask::Reminders),
        ("cancel 3", Ask::Cancel(Some("3".into()))),
        ("Cancel the reminder #3.", Ask::Cancel(Some("3".into()))),
        ("отмени 3", Ask::Cancel(Some("3".into()))),
        ("удали напоминание номер 12", Ask::Cancel(Some("12".into()))),
        ("cancel the milk", Ask::Cancel(None)),
    ]);
}

#[test]
fn facts_are_kept_and_asked_for() {
    check(&[
        ("remember that my flat is 42", Ask::Remember("my flat is 42".into())),
        ("Remember: Wi-Fi is «cats»!", Ask::Remember("Wi-Fi is «cats»!".into())),
        ("запомни, что моя квартира 42", Ask::Remember("моя квартира 42".into())),
        ("remember that my site is https://example.org", Ask::Remember("my site is https://example.org".into())),
        ("what do you know about my flat?", recall(&["flat"])),
        ("Что ты знаешь о моей квартире?", recall(&["квартире"])),
        ("что ты помнишь про маму и кота", recall(&["маму", "кота"])),
        ("do you remember my flat?", recall(&["flat"])),
        ("what is my flat?", recall(&["flat"])),
        ("what do you know about me?", recall(&[])),
        ("show memory", recall(&[])),
        ("log: met Anna", Ask::Note("met Anna".into())),
        ("запиши в дневник, что был дождь", Ask::Note("был дождь".into())),
    ]);
}

#[test]
fn files_and_pages_are_read() {
    check(&[
        ("list files", Ask::Files(None)),
        ("show me the files in uploads", Ask::Files(Some("uploads".into()))),
        ("покажи файлы", Ask::Files(None)),
        ("Прочитай файл заметки.md", Ask::Read("заметки.md".into())),
        ("read memory/2026-11-20.md", Ask::Read("memory/2026-11-20.md".into())),
        ("read this page: https://example.org/a?b=c.", Ask::Page("https://example.org/a?b=c".into())),
        ("прочитай эту страницу www.example.org", Ask::Page("https://www.example.org".into())),
        ("calculate 6 * 7", Ask::Compute("6 * 7".into())),
        ("посчитай (1 + 2) * 3", Ask::Compute("(1 + 2) * 3".into())),
        ("run code: [1, 2].map(n => n * n)", Ask::Compute("[1, 2].map(n => n * n)".into())),
        ("выполни код: await tools.list_users()", Ask::Compute("await tools.list_users()".into())),
        ("https://example.org", Ask::Page("https://example.org".into())),
    ]);
    assert_eq!(understand("", &["uploads/a.txt".into()]), Ask::Read("uploads/a.txt".into()));
    assert_eq!(understand("look", &["uploads/a.JPG".into()]), Ask::Received("uploads/a.JPG".into()));
    let kept = understand("remember that this is the plan", &["uploads/a.txt".into()]);
    assert_eq!(kept, Ask::Remember("this is the plan".into()));
}

#[test]
fn tasks_and_people_have_their_words() {
    check(&[
        ("what are my tasks?", Ask::Tasks),
        ("Мои задачи", Ask::Tasks),
        ("какие у меня задачи", Ask::Tasks),
        ("task 3 done: I bought it", update("3", Some("done"), Some("I bought it"))),
        ("Task #3 is done", update("3", Some("done"), None)),
        ("task 3: on Friday", update("3", None, Some("on Friday"))),
        ("задача 3 готова: купил молоко", update("3", Some("done"), Some("купил молоко"))),
        ("задача 3 в работе", update("3", Some("in_progress"), None)),
        ("задание 4: отказываюсь", update("4", None, Some("отказываюсь"))),
        ("готово 3", update("3", Some("done"), None)),
        ("tell the owner that I'm late", Ask::PassOn("I'm late".into())),
        ("Передай хозяину, что я опоздаю", Ask::PassOn("я опоздаю".into())),
        ("task for Anna: water the flowers", Ask::NewTask { user: "Anna".into(), title: "water the flowers".into() }),
        ("tell Anna that dinner is ready", Ask::Send { user: "Anna".into(), message: "dinner is ready".into() }),
        ("напиши Олегу: привет", Ask::Send { user: "Олегу".into(), message: "привет".into() }),
        ("who do you know?", Ask::People),
    ]);
}

#[test]
fn greetings_are_answered_with_help_and_the_rest_is_not_guessed_at() {
    check(&[
        ("Hello!", Ask::Help),
        ("/start", Ask::Help),
        ("что ты умеешь?", Ask::Help),
        ("Добрый день", Ask::Help),
        ("", Ask::Help),
        ("спасибо большое", Ask::Thanks),
        ("да", Ask::Yes),
        ("Hello, what is the weather in Paris?", Ask::Unknown),
        ("write a poem about milk", Ask::Unknown),
        ("сколько будет дважды два", Ask::Unknown),
        ("tasks of a good king in history are many", Ask::Tasks),
    ]);
}
