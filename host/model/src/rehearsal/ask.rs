//! What a message asks for, told from its first words in English or Russian.

mod make;

use super::when::Plan;
use super::words::{Word, fits, words};

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Remind(Plan),
    Remember(String),
    /// A note of what happened today.
    Note(String),
    /// What is remembered about these words; of everything if there are none.
    Recall(Vec<String>),
    Reminders,
    /// The reminder of that id; `None` where no id was named.
    Cancel(Option<String>),
    /// The files of a folder.
    Files(Option<String>),
    Read(String),
    Page(String),
    /// Something to be computed, as a script.
    Compute(String),
    Tasks,
    Update(TaskNews),
    PassOn(String),
    NewTask {
        user: String,
        title: String,
    },
    People,
    Send {
        user: String,
        message: String,
    },
    /// A file came that is not text, with nothing else to do.
    Received(String),
    Help,
    Thanks,
    Yes,
    Unknown,
}

/// What became of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskNews {
    pub(super) id: String,
    pub(super) status: Option<&'static str>,
    pub(super) result: Option<String>,
}

/// What follows the words that were recognised.
struct Rest<'t> {
    /// The whole message.
    text: &'t str,
    words: &'t [Word<'t>],
}

impl Rest<'_> {
    /// The message from the word of that number on, as written.
    fn from(&self, word: usize) -> &str {
        let opens = |c: char| c.is_alphanumeric() || "\"'«“(#/[".contains(c);
        self.words.get(word).map_or("", |word| self.text[word.at..].trim_start_matches(|c| !opens(c)).trim_end())
    }
}

type Make = fn(&Rest<'_>) -> Option<Ask>;

/// The first rule that fits and makes something of the rest decides.
const RULES: &[(&[&str], Make)] = &[
    (&["remind me?", "set|make a? reminder for|to?", "reminder"], make::remind),
    (&["напомни|напомните|напомнить мне?", "поставь|создай|сделай напоминание", "напоминание"], make::remind),
    (&["remember|memorize|memorise that?", "keep in mind that?", "запомни|запомните что?"], make::remember),
    (&["log|note that?", "note for today", "write in the? diary|log|journal that?"], make::note),
    (&["запиши|запишите в дневник|журнал что?", "запиши|запишите|отметь что?", "заметка"], make::note),
    (&["what do|did you know|remember about|of?", "do you know|remember", "what is|are my", "what's my"], make::recall),
    (&["что ты? знаешь|помнишь|знаете|помните о|об|обо|про?", "помнишь|помните|знаешь|знаете ли? ты?"], make::recall),
    (&["ты помнишь|знаешь", "какой|какая|какое|какие у меня"], make::recall),
    (&["tell|message|inform the|your? owner|boss that?", "pass on to the|your? owner that?"], make::pass_on),
    (&["передай*|скажи*|сообщи* хозя*|владел* что?"], make::pass_on),
    (&["task|задача|задание for|для", "assign|поручи|поручение to|для?"], make::new_task),
    (&["task|задача|задание|задачу", "по задаче"], make::update),
    (&["done|finished with? task?", "готово|сделано|готова|сделана задача|задание?"], make::done),
    (&["cancel|delete|remove the? reminder|task?", "отмени|отмените|удали|удалите напоминание|задачу?"], make::cancel),
    (&["list|show me? all? my? the? reminders|scheduled", "my reminders", "what is|have you|i? scheduled"], |_| {
        Some(Ask::Reminders)
    }),
    (
        &["what's scheduled", "what reminders", "покажи* мне? все? мои? напоминания", "список напоминаний"],
        |_| Some(Ask::Reminders),
    ),
    (
        &["мои напоминания", "какие у? меня? есть? напоминания", "что у? меня? запланировано", "напоминания"],
        |_| Some(Ask::Reminders),
    ),
    (&["what are? my tasks", "what tasks", "list|show me? all? my? the? tasks", "my tasks", "tasks"], |_| {
        Some(Ask::Tasks)
    }),
    (
        &["какие у? меня? есть? задачи|задания", "покажи* мне? все? мои? задачи|задания", "мои? задачи|задания"],
        |_| Some(Ask::Tasks),
    ),
    (&["список моих? задач|заданий"], |_| Some(Ask::Tasks)),
    (&["who do you know", "list|show me? all? the? people|users|contacts"], |_| Some(Ask::People)),
    (&["кого ты? знаешь", "список людей|контактов", "покажи* мне? всех? людей|контакты"], |_| Some(Ask::People)),
    (
        &["list|show me? all? my? the? files in|of?", "what files are|do? there|you|i? have? in?", "ls", "files"],
        make::files,
    ),
    (&["покажи* мне? все? мои? файлы в?", "список файлов в?", "какие у? меня? есть? файлы в?", "файлы"], make::files),
    (&["read|open|show|print me? the? this? file|page?", "cat"], make::read),
    (&["прочитай*|прочти*|открой*|покажи* мне? эту|этот? файл|страницу?"], make::read),
    (&["compute|calculate|evaluate", "run|execute this|the? script|code|javascript"], make::compute),
    (&["вычисли*|посчитай*|сосчитай*", "выполни*|запусти* этот? скрипт|код"], make::compute),
    (&["tell|message|write|send to?", "напиши*|передай*|скажи*"], make::send),
    (&["help|commands|start|menu", "what can you do", "who are you", "how do you work"], make::help),
    (&["помощь|справка|помоги*|команды|старт", "что ты? умеешь|можешь|умеете|можете", "кто ты"], make::help),
    (&["hello|hi|hey|привет|здравствуй*|приветствую", "good morning|day|evening|afternoon"], make::help),
    (&["добр* утро|день|вечер|ночи|дня"], make::help),
    (&["thanks|thank|спасибо|благодарю"], make::thanks),
    (&["yes|yep|yeah|sure|ok|okay|да|ага|конечно|давай|хорошо"], make::yes),
    (&["list|список"], make::list),
];

/// Politeness in front of what is asked.
const LEADS: [&str; 4] = [
    "please|пожалуйста|steward|стюард|слушай|эй|so|and|ну|а|и",
    "can|could|will|would you",
    "можешь|можете|мог|могли бы? ты|вы?",
    "hello|hi|hey|привет|здравствуй*",
];

/// Files with these endings are not read as text.
const NO_TEXT: [&str; 17] = [
    "jpg", "jpeg", "png", "gif", "webp", "heic", "mp3", "ogg", "oga", "wav", "m4a", "mp4", "mov", "webm", "zip", "pdf",
    "docx",
];

/// Understands a message; `files` came with it.
pub(super) fn understand(text: &str, files: &[String]) -> Ask {
    let all = words(text);
    let polite = all.iter().rposition(|word| !["please", "пожалуйста"].contains(&word.plain.as_str()));
    let asked = &all[..polite.map_or(0, |last| last + 1)];
    let text = &text[..asked.last().map_or(0, |word| word.at + word.raw.len())];
    let found =
        rule(text, without_leads(asked)).or_else(|| make::address(asked).map(Ask::Page)).or_else(|| rule(text, asked));
    match (found, files) {
        (None | Some(Ask::Help), [first, ..]) => of_file(first),
        (Some(ask), _) => ask,
        (None, []) if asked.is_empty() => Ask::Help,
        (None, []) => Ask::Unknown,
    }
}

fn of_file(path: &str) -> Ask {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase();
    if NO_TEXT.contains(&ending.as_str()) { Ask::Received(path.to_owned()) } else { Ask::Read(path.to_owned()) }
}

fn without_leads<'w, 'a>(mut words: &'w [Word<'a>]) -> &'w [Word<'a>] {
    while let Some(len) = LEADS.iter().find_map(|lead| fits(words, lead, no_class)) {
        words = &words[len..];
    }
    words
}

fn rule<'t>(text: &'t str, words: &'t [Word<'t>]) -> Option<Ask> {
    RULES.iter().find_map(|(patterns, make)| {
        let len = patterns.iter().filter_map(|pattern| fits(words, pattern, no_class)).max()?;
        make(&Rest { text, words: &words[len..] })
    })
}

fn no_class(_: &str, _: &str) -> bool {
    false
}

#[cfg(test)]
mod tests;
