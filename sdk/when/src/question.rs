//! Words that are understood well enough to say why they give no time: they name the past, another place's clock, or
//! two times at once.

use crate::error::WhenError;

/// Phrases that mean two times, and what is asked about them.
const TWO_MEANINGS: &[(&str, &str)] = &[
    (
        "через день",
        "«через день» may be once, a day from now («завтра в 9»), or again and again («каждые 2 дня в 9»): say which",
    ),
    (
        "ночь на",
        "«в ночь на вторник» begins on Monday and ends on Tuesday: give the day and the hour, such as «в понедельник в \
         23:00» or «во вторник в 2:00»",
    ),
];

/// Asks about phrases that mean two times. The text is in lower case and has white space at its end.
pub(crate) fn check_phrases(plain: &str) -> Result<(), WhenError> {
    let ends_a_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic());
    let said = |phrase: &str| plain.match_indices(phrase).any(|(at, _)| ends_a_word(&plain[at + phrase.len()..]));
    match TWO_MEANINGS.iter().find(|(phrase, _)| said(phrase)) {
        None => Ok(()),
        Some((_, question)) => Err(WhenError::Unsupported(question)),
    }
}

/// The error for a word that no vocabulary has, with what stands before and after it.
pub(crate) fn unknown(word: String, before: Option<&str>, after: &str, text: &str) -> WhenError {
    let text = text.trim().to_owned();
    let after = after.trim_start();
    let of_a_place = before == Some("по") || after == "time" || after.starts_with("time ");
    if names_the_past(&word) {
        WhenError::Behind { word, text }
    } else if names_a_zone(&word) || of_a_place {
        WhenError::Zone { word, text }
    } else {
        WhenError::Word { word, text }
    }
}

fn names_the_past(word: &str) -> bool {
    matches!(word, "yesterday" | "ago" | "вчера" | "позавчера" | "назад") || word.starts_with("прошл")
}

fn names_a_zone(word: &str) -> bool {
    matches!(
        word,
        "utc" | "gmt" | "msk" | "cet" | "cest" | "eet" | "eest" | "bst" | "est" | "edt" | "cst" | "cdt" | "pst" | "pdt"
    ) || word == "мск"
        || word.starts_with("московск")
}
