//! What stands between two things: a hyphen within a word, the span from one day of the week to another, or a sign
//! that means nothing certain. A span of anything else is asked about and never read as two times.

use jiff::civil::Weekday;

use crate::error::WhenError;
use crate::token::{Number, Token, Unit};

type Word = (Token, String);

/// The tokens without dashes: spans of weekdays have become their days.
pub(crate) fn settle(tokens: Vec<Word>, text: &str) -> Result<Vec<Word>, WhenError> {
    let mut settled: Vec<Word> = Vec::with_capacity(tokens.len());
    let mut tokens = clocks(read_by_neighbours(tokens)).into_iter().peekable();
    while let Some((token, word)) = tokens.next() {
        let (before, after) = (settled.last(), tokens.peek());
        let begun = settled.len() >= 2 && settled[settled.len() - 2].0 == Token::From;
        if let Some((first, last)) = span_of_days(before, &token, &word, after, begun) {
            tokens.next();
            settled.pop();
            if begun {
                settled.pop();
            }
            settled.extend(days(first, last));
        } else if token != Token::Dash {
            settled.push((token, word));
        } else {
            check_dash(before, &word, after, text)?;
        }
    }
    Ok(settled)
}

/// Words whose meaning shows in what stands around them: the "second" of "the second Monday" is no unit of time, and
/// neither is the «с» of «с понедельника».
fn read_by_neighbours(tokens: Vec<Word>) -> Vec<Word> {
    let kinds: Vec<Token> = tokens.iter().map(|(token, _)| token.clone()).collect();
    let read = |(at, (token, word)): (usize, Word)| {
        let (before, after) = (at.checked_sub(1).and_then(|at| kinds.get(at)), kinds.get(at + 1));
        let hour_and_minute = before == Some(&Token::At) && !matches!(after, Some(Token::Unit(_)));
        let counted = matches!(before, Some(Token::Number(_) | Token::Dotted(..)));
        let token = match (word.as_str(), after) {
            ("second", Some(Token::Weekday(..) | Token::Unit(_))) if !counted => Token::Ordinal(2),
            ("с", _) if !counted => Token::From,
            _ => four_figures(&word).filter(|_| hour_and_minute).unwrap_or(token),
        };
        (token, word)
    };
    tokens.into_iter().enumerate().map(read).collect()
}

/// `1430` after "at" is a time of day.
fn four_figures(word: &str) -> Option<Token> {
    let figures = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = word.split_at_checked(2).filter(|_| figures)?;
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (hour @ 0..=23, minute @ 0..=59) => Some(Token::Clock(hour, minute)),
        _ => None,
    }
}

/// "в 9-30" is a time of day as long as the second number can be no hour: "14-16" is a span.
fn clocks(tokens: Vec<Word>) -> Vec<Word> {
    let mut read: Vec<Word> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let [first, others @ ..] = rest {
        match (rest, read.last().map(|(token, _)| token)) {
            ([hour, (Token::Dash, dash), minute, after @ ..], before)
                if dash == "-" && before != Some(&Token::In) && !counts(after.first()) =>
            {
                let Some(clock) = clock(hour, minute) else {
                    read.push(first.clone());
                    rest = others;
                    continue;
                };
                read.push((clock, format!("{}-{}", hour.1, minute.1)));
                rest = after;
            }
            _ => {
                read.push(first.clone());
                rest = others;
            }
        }
    }
    read
}

fn clock(hour: &Word, minute: &Word) -> Option<Token> {
    let (&Token::Number(hour @ 0..=23), &Token::Number(minute_number @ 0..=59)) = (&hour.0, &minute.0) else {
        return None;
    };
    let no_hour = minute.1.len() == 2 && (minute_number > 24 || minute.1.starts_with('0'));
    (no_hour && begins_with_digit(&minute.1)).then_some(Token::Clock(hour, minute_number))
}

/// Whether what stands before it is a number of these.
fn counts(after: Option<&Word>) -> bool {
    matches!(after, Some((Token::Month(_) | Token::Unit(_) | Token::DayNumber | Token::Dash, _)))
}

/// The ends of "mon-fri", "Monday to Friday", «с понедельника по пятницу».
fn span_of_days(
    before: Option<&Word>,
    token: &Token,
    word: &str,
    after: Option<&Word>,
    begun: bool,
) -> Option<(Weekday, Weekday)> {
    let joins = match token {
        Token::Dash | Token::ToHour | Token::Until => true,
        Token::Every => word == "по" && begun,
        _ => false,
    };
    match (before, after) {
        (Some((Token::Weekday(first, _), _)), Some((Token::Weekday(last, _), _))) if joins => Some((*first, *last)),
        _ => None,
    }
}

/// Each day from the first to the last, over the end of the week if need be.
fn days(first: Weekday, last: Weekday) -> impl Iterator<Item = Word> {
    let count = usize::from(last.since(first).unsigned_abs()) + 1;
    first.cycle_forward().take(count).map(|day| (Token::Weekday(day, Number::Each), String::new()))
}

/// Whether a dash can be left out without a change of meaning.
fn check_dash(before: Option<&Word>, dash: &str, after: Option<&Word>, text: &str) -> Result<(), WhenError> {
    let Some((right, right_word)) = after else { return Ok(()) };
    let span = || WhenError::Span { text: text.trim().to_owned() };
    let (tight_left, tight_right) = (!dash.starts_with(' '), !dash.ends_with(' '));
    let left = before.map(|(token, _)| token);
    if let Some((left, left_word)) = before
        && same_kind(left, right)
    {
        let in_words = !begins_with_digit(left_word) && !begins_with_digit(right_word);
        let is_one_number = in_words && tight_left && tight_right && reads_as_one(left, right);
        return if is_one_number { Ok(()) } else { Err(span()) };
    }
    if is_number(right) && tight_right && !left.is_some_and(|left| tight_left && !is_number(left)) {
        return Err(WhenError::Negative { text: text.trim().to_owned() });
    }
    if tight_left != tight_right {
        return Err(WhenError::Word { word: "-".to_owned(), text: text.trim().to_owned() });
    }
    Ok(())
}

/// "twenty-five", and "nine-thirty" for a time.
fn reads_as_one(left: &Token, right: &Token) -> bool {
    matches!(
        (left, right),
        (Token::Number(20 | 30 | 40 | 50), Token::Number(1..=9) | Token::Ordinal(1..=9))
            | (Token::Number(1..=12), Token::Number(13..=59))
    )
}

fn begins_with_digit(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

fn is_number(token: &Token) -> bool {
    use Token::{Clock, Date, Dotted, Instant, Number, Ordinal, Slashed};
    matches!(token, Number(_) | Ordinal(_) | Dotted(..) | Slashed(..) | Date(..) | Clock(..) | Instant(_))
}

/// Whether two tokens could be the ends of a span.
fn same_kind(left: &Token, right: &Token) -> bool {
    is_number(right) && (is_number(left) || matches!(left, Token::Am | Token::Pm | Token::Unit(Unit::Hour)))
        || matches!(
            (left, right),
            (Token::Month(_), Token::Month(_)) | (Token::Part(..), Token::Part(..)) | (Token::Day(_), Token::Day(_))
        )
}
