//! The durable facts of a conversation, for the log of a day: which part of it is looked at next, what the model is
//! asked, what of its answer is kept. Nothing here reads a file or asks anybody.
//!
//! Results of tools and forwarded messages never come here: what strangers wrote must not write the log.

use jiff::civil::Date;

use crate::budget;
use crate::message::Message;
use crate::principal::Origin;
use crate::prompt;
use crate::recalled::unclosable;
use crate::visible::is_hidden;

/// Words of a conversation below which no model is asked; they wait for what is said next.
const ENOUGH_WORDS: usize = 40;
const ENTRY_CHARS: usize = 4_000;
/// Of each text that is known already, where the window has room for it.
const KNOWN_CHARS: usize = 8_000;
const FACTS: usize = 10;
const FACT_CHARS: usize = 300;

/// One run as far as facts are taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// On the person's wall clock.
    pub day: Date,
    text: String,
    /// Of what was said between person and assistant; none where the person did not speak.
    words: usize,
}

/// What is to be done with the first of some passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet.
    Wait,
    /// So many have nothing in them, or are too old: go past them.
    Skip(usize),
    /// Take the facts of so many.
    Ask(usize),
}

impl Passage {
    /// What was said in a run. Of one that nobody spoke in, the answer is kept: the person may come back to it.
    pub fn new(day: Date, origin: Origin, messages: &[Message]) -> Self {
        let (mut text, mut words) = (String::new(), 0);
        for message in messages {
            let (who, said) = match message {
                Message::User(user) if origin == Origin::Chat => ("Person", user.own_words()),
                Message::Assistant { text, .. } if !prompt::is_silence(origin, text) => ("Assistant", text.clone()),
                _ => continue,
            };
            if said.trim().is_empty() {
                continue;
            }
            if origin == Origin::Chat {
                words += words_of(&said);
            }
            let said = budget::shorten(said.trim(), ENTRY_CHARS).replace('\n', "\n  ");
            text.push_str(&format!("{who}: {said}\n"));
        }
        Self { day, text, words }
    }

    /// A run that is none of the log's business.
    pub fn empty(day: Date) -> Self {
        Self { day, text: String::new(), words: 0 }
    }
}

/// Not all languages put spaces between words.
fn words_of(text: &str) -> usize {
    text.split_whitespace().count().max(text.chars().count() / 8)
}

/// What to do next about passages in the order they happened. One question is about at most `room` tokens and, where
/// that is worth asking, about one day; passages of before `oldest` are left to the transcript. `more` says that there
/// are others behind these.
pub fn next(passages: &[Passage], room: u32, oldest: Date, more: bool) -> Next {
    let stale = passages.iter().take_while(|one| one.day < oldest).count();
    let silent = passages.iter().take_while(|one| one.words == 0).count();
    // The last one that nobody spoke in may be what they speak of next.
    let told = passages[..silent].last().is_some_and(|one| !one.text.is_empty());
    let past = silent - usize::from(told && !(more && silent == passages.len()));
    if stale.max(past) > 0 {
        return Next::Skip(stale.max(past));
    }
    let (mut words, mut tokens) = (0, 0);
    for (at, one) in passages.iter().enumerate() {
        let own = budget::tokens(&one.text);
        let apart = passages[..at].last().is_some_and(|before| before.day != one.day) && words >= ENOUGH_WORDS;
        if at > 0 && words > 0 && (apart || tokens + own > room) {
            return Next::Ask(at);
        }
        (words, tokens) = (words + one.words, tokens + own);
    }
    if words >= ENOUGH_WORDS || (more && words > 0) { Next::Ask(passages.len()) } else { Next::Wait }
}

/// What the model is asked under [`prompt::DISTIL`]: the conversation, with what is known already. Both take about `room`
/// tokens at most.
pub fn question(passages: &[Passage], room: u32, memory: &str, log: &str) -> String {
    let conversation: String = passages.iter().map(|one| one.text.as_str()).collect();
    // A single run can be longer than any window.
    let conversation = budget::shorten(&conversation, room as usize * 2);
    let days = passages.first().zip(passages.last()).map(|(first, last)| match first.day == last.day {
        true => last.day.to_string(),
        false => format!("{} to {}", first.day, last.day),
    });
    let most = KNOWN_CHARS.min(room as usize);
    let [memory, log] = [memory, log].map(|known| unclosable(&newest(known.trim(), most)));
    format!(
        "<memory>\n{memory}\n</memory>\n<log>\n{log}\n</log>\n<conversation date=\"{}\">\n{}</conversation>",
        days.unwrap_or_default(),
        unclosable(&conversation)
    )
}

/// The facts of an answer, made harmless: at most ten, each on one line of at most 300 characters, and none of them in
/// one of the texts that are known.
pub fn facts(answer: &str, known: &[&str]) -> Vec<String> {
    let known: Vec<&str> = known.iter().flat_map(|text| text.lines()).map(bare).collect();
    let mut facts: Vec<String> = Vec::new();
    for line in answer.lines().map(str::trim).filter(|line| line.starts_with('-')) {
        let fact = one_line(bare(line));
        let is_new = !known.contains(&fact.as_str()) && !facts.contains(&fact);
        if is_new && fact.chars().any(char::is_alphanumeric) && fact.trim_end_matches('.') != prompt::NO_FACTS {
            facts.push(fact);
        }
    }
    facts.truncate(FACTS);
    facts
}

/// The facts as they stand in the log of a day. `time` is `HH:MM`.
pub fn log_lines(time: &str, facts: &[String]) -> String {
    let lines: Vec<_> = facts.iter().map(|fact| format!("- {time} {fact}")).collect();
    lines.join("\n")
}

/// A line without marks of lists and headings and without the time of a log.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let mut bare = line.strip_prefix('-').unwrap_or(line).trim_start();
    while let Some(rest) = ["- ", "* ", "+ ", "#"].iter().find_map(|mark| bare.strip_prefix(mark)) {
        bare = rest.trim_start();
    }
    let time = |text: &str| text.len() == 5 && text.bytes().enumerate().all(|(at, c)| (at == 2) == (c == b':'));
    match bare.split_once(' ') {
        Some((first, rest)) if time(first) && first.bytes().filter(u8::is_ascii_digit).count() == 4 => rest.trim(),
        _ => bare,
    }
}

fn one_line(text: &str) -> String {
    let seen: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let line = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(FACT_CHARS) {
        None => line,
        Some(_) => line.chars().take(FACT_CHARS - 1).chain(['…']).collect(),
    }
}

/// The last characters of a text: what was written last is the most recent.
fn newest(text: &str, most: usize) -> String {
    let left_out = text.chars().count().saturating_sub(most);
    text.chars().skip(left_out).collect()
}

#[cfg(test)]
mod tests;
