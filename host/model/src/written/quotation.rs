//! Whether the words before calls that were written as text leave no doubt that the calls are meant.
//!
//! A model that quotes a page, a letter or an example writes the same marks as one that calls. So a call is read only where
//! nothing but thoughts stand before it, or one short sentence on a separate line, as models without their own calls
//! write it: "I'll check the weather." A second line, a colon, quotation marks or a verb of quoting make it a quotation;
//! so does a heading, which ends in no full stop. What is rightly meant and shown all the same does no harm.

use super::Dialect;

/// A longer sentence tells something.
const SENTENCE_CHARS: usize = 200;
/// What ends a sentence that announces what is done next.
const ENDS: [char; 5] = ['.', '!', '…', '。', '！'];
/// What begins or sets off a quotation.
const MARKS: [char; 9] = ['"', '“', '”', '«', '„', '`', '>', '：', '|'];
/// Beginnings of words that announce an example or a quotation, in lower case; a blank behind one ends the word.
const QUOTING: [&str; 53] = [
    "example",
    "e g ",
    "for instance",
    "looks like",
    "look like",
    "would be",
    "format",
    "syntax",
    "template",
    "schema",
    "say ",
    "says ",
    "said ",
    "saying ",
    "read as ",
    "reads ",
    "state ",
    "states ",
    "stated ",
    "writes ",
    "wrote ",
    "written ",
    "asks ",
    "asked ",
    "tells ",
    "quote",
    "quoting",
    "quotation",
    "cite",
    "citing",
    "verbatim",
    "here is ",
    "here are ",
    "here s ",
    "as follows",
    "following text",
    "например",
    "пример",
    "выглядит",
    "формат",
    "синтаксис",
    "шаблон",
    "пишет",
    "пишут",
    "написано ",
    "написал ",
    "написала ",
    "написали ",
    "говорит",
    "гласит",
    "сказано ",
    "цитат",
    "цитир",
];

/// Whether calls of that dialect are meant behind these words of the answer, which hold no thoughts any more.
pub(super) fn are_meant(before: &str, dialect: &Dialect) -> bool {
    // Where thoughts are written into the text, they are the last of it.
    let thoughts = if dialect.thinks_aloud { before.find("Thought:") } else { None };
    let said = &before[..thoughts.unwrap_or(before.len())];
    // Tokens of a template end what was said without a new line.
    let apart = dialect.tokens || said.trim_end_matches([' ', '\t', '\r']).ends_with('\n');
    said.trim().is_empty() || (apart && is_announcement(said.trim()))
}

fn is_announcement(words: &str) -> bool {
    let short = words.chars().nth(SENTENCE_CHARS).is_none() && !words.contains('\n');
    let quotes = words.contains(MARKS) || words.contains(": ");
    short && words.ends_with(ENDS) && !quotes && !speaks_of_quoting(words)
}

fn speaks_of_quoting(words: &str) -> bool {
    let lower = words.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let plain = format!(" {} ", words.join(" "));
    QUOTING.iter().any(|word| plain.contains(&format!(" {word}")))
}
