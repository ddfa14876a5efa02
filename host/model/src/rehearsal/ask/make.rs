//! What each kind of request takes from the words after it; `None` where they do not fit it after all.

use super::super::when;
use super::super::words::Word;
use super::{Ask, Rest, TaskNews};

/// Words that name nothing to look for in memory.
const EMPTY: &str = "\
    a an the my me mine our your is are was of about i you what where in on all everything мой моя мое мои моей \
    моего моем моих моим мою меня мне обо я о об про и в на у ты ли что где наш наша нас как какой какая есть \
    это все";
/// What is kept elsewhere than in memory, as beginnings of words.
const ELSEWHERE: [&str; 8] = ["task", "reminder", "file", "schedule", "задач", "задани", "напоминан", "файл"];

pub(super) fn remind(rest: &Rest<'_>) -> Option<Ask> {
    Some(Ask::Remind(when::split(rest.from(0))))
}

pub(super) fn remember(rest: &Rest<'_>) -> Option<Ask> {
    let content = rest.from(0);
    (!content.is_empty() && !content.ends_with('?')).then(|| Ask::Remember(content.to_owned()))
}

pub(super) fn note(rest: &Rest<'_>) -> Option<Ask> {
    let content = rest.from(0);
    (!content.is_empty()).then(|| Ask::Note(content.to_owned()))
}

pub(super) fn compute(rest: &Rest<'_>) -> Option<Ask> {
    let script = rest.from(0);
    (!script.is_empty()).then(|| Ask::Compute(script.to_owned()))
}

pub(super) fn recall(rest: &Rest<'_>) -> Option<Ask> {
    let names = |word: &&Word<'_>| !EMPTY.split_whitespace().any(|empty| empty == word.plain);
    let topics: Vec<String> = rest.words.iter().filter(names).map(|word| word.plain.clone()).collect();
    let elsewhere = topics.first().is_some_and(|word| ELSEWHERE.iter().any(|other| word.starts_with(other)));
    (!elsewhere).then_some(Ask::Recall(topics))
}

pub(super) fn pass_on(rest: &Rest<'_>) -> Option<Ask> {
    let summary = rest.from(0);
    (!summary.is_empty()).then(|| Ask::PassOn(summary.to_owned()))
}

pub(super) fn new_task(rest: &Rest<'_>) -> Option<Ask> {
    let (user, title) = named(rest.from(0))?;
    Some(Ask::NewTask { user, title })
}

pub(super) fn send(rest: &Rest<'_>) -> Option<Ask> {
    let (user, message) = named(rest.from(0))?;
    Some(Ask::Send { user, message })
}

/// A name and what follows its colon, or, for a name of one word, its `that`.
fn named(text: &str) -> Option<(String, String)> {
    let (name, what) = match text.split_once(':') {
        Some((name, what)) if name.split_whitespace().count() <= 3 => (name, what),
        _ => {
            let (name, what) = text.split_once(char::is_whitespace)?;
            let what = what.trim_start();
            (name, what.strip_prefix("that ").or_else(|| what.strip_prefix("что "))?)
        }
    };
    let (name, what) = (name.trim().trim_end_matches(','), what.trim());
    (!name.is_empty() && !what.is_empty()).then(|| (name.to_owned(), what.to_owned()))
}

/// `3 done: the text`, `3: the text`, `3 в работе`, `3 is done`.
pub(super) fn update(rest: &Rest<'_>) -> Option<Ask> {
    let (number, behind) = rest.words.split_first()?;
    let id = id_of(number)?;
    // The status stands among the first words, before any colon.
    let head = behind.iter().position(|word| word.raw.ends_with(':')).map_or(behind.len(), |at| at + 1).min(3);
    let head = if number.raw.ends_with(':') { 0 } else { head };
    let named = behind[..head].iter().enumerate().find_map(|(at, word)| Some((at, status_of(&word.plain)?)));
    let status = named.map(|(_, status)| status);
    let result = rest.from(named.map_or(1, |(at, _)| at + 2));
    let result = (!result.is_empty()).then(|| result.to_owned());
    (status.is_some() || result.is_some()).then_some(Ask::Update(TaskNews { id, status, result }))
}

/// `3: the text` after a word that means done.
pub(super) fn done(rest: &Rest<'_>) -> Option<Ask> {
    let id = id_of(rest.words.first()?)?;
    let result = rest.from(1);
    let result = (!result.is_empty()).then(|| result.to_owned());
    Some(Ask::Update(TaskNews { id, status: Some("done"), result }))
}

fn status_of(word: &str) -> Option<&'static str> {
    let begins = |stems: &[&str]| stems.iter().any(|stem| word.starts_with(stem));
    if begins(&["done", "finished", "complete", "ready", "готов", "сделан", "выполнен", "закончен"])
    {
        Some("done")
    } else if begins(&["declin", "refus", "reject", "отказ", "отклон"]) {
        Some("declined")
    } else if begins(&["progress", "started", "doing", "делаю", "работе", "начат", "начал"]) {
        Some("in_progress")
    } else {
        None
    }
}

pub(super) fn cancel(rest: &Rest<'_>) -> Option<Ask> {
    Some(Ask::Cancel(rest.words.iter().take(3).find_map(id_of)))
}

/// An id has a figure in it: `3`, `#3`, `job-7`.
fn id_of(word: &Word<'_>) -> Option<String> {
    let id = word.raw.trim_matches(|c: char| !c.is_alphanumeric());
    id.chars().any(|c| c.is_ascii_digit()).then(|| id.to_owned())
}

pub(super) fn files(rest: &Rest<'_>) -> Option<Ask> {
    Some(Ask::Files(rest.words.last().map(|word| path_of(word.raw))))
}

pub(super) fn read(rest: &Rest<'_>) -> Option<Ask> {
    if let Some(page) = address(rest.words) {
        return Some(Ask::Page(page));
    }
    let last = rest.words.last()?;
    if ["memory", "память", "воспоминания"].contains(&last.plain.as_str()) {
        return Some(Ask::Recall(Vec::new()));
    }
    let path = path_of(last.raw);
    path.contains(['.', '/']).then_some(Ask::Read(path))
}

/// A call for help, or a greeting; with more behind it it is neither.
pub(super) fn help(rest: &Rest<'_>) -> Option<Ask> {
    (rest.words.len() <= 2).then_some(Ask::Help)
}

pub(super) fn thanks(rest: &Rest<'_>) -> Option<Ask> {
    (rest.words.len() <= 4).then_some(Ask::Thanks)
}

pub(super) fn yes(rest: &Rest<'_>) -> Option<Ask> {
    rest.words.is_empty().then_some(Ask::Yes)
}

pub(super) fn list(rest: &Rest<'_>) -> Option<Ask> {
    rest.words.is_empty().then_some(Ask::Reminders)
}

fn path_of(raw: &str) -> String {
    raw.trim_matches(|c: char| "\"'`«»“”,;:!?".contains(c)).trim_end_matches('.').to_owned()
}

/// The first address of a page among the words.
pub(super) fn address(words: &[Word<'_>]) -> Option<String> {
    words.iter().find_map(|word| {
        let raw = word.raw.trim_matches(|c: char| "\"'`«»“”<>(),;!?".contains(c)).trim_end_matches(['.', ':']);
        let whole = if raw.starts_with("www.") { format!("https://{raw}") } else { raw.to_owned() };
        let web = whole.starts_with("https://") || whole.starts_with("http://");
        (web && url::Url::parse(&whole).is_ok()).then_some(whole)
    })
}
