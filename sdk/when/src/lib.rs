//! Dates, times and repetitions in words, English and Russian: "in half an hour", "every weekday at 8", "завтра в 9".
//!
//! Pure: what "now" is comes from the caller as a date and time on the person's wall clock, and so does the answer; no
//! clock is read and no time zone known. The way of a text: [`lexer`] and the two vocabularies make tokens, the same
//! for both languages, [`grammar`] collects what they say in a [`draft`], [`once`] and [`repeat`] make sense of it.

mod clock;
mod cron;
mod date;
mod draft;
mod english;
mod error;
mod every;
mod grammar;
mod lexer;
mod monthly;
mod once;
mod question;
mod repeat;
mod russian;
mod span;
mod token;

#[cfg(test)]
mod cases;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;

pub use error::WhenError;

use crate::draft::Draft;

/// When something is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Seconds from now.
    After(u32),
    /// A date and time on the wall clock.
    At(DateTime),
    /// A moment that was given with its offset from UTC.
    Instant(Timestamp),
    /// A cron expression of five fields, which may end with `every 2 weeks from 2026-11-23`: only in every second week,
    /// counted from that of the date; or with `every 3 days from 2026-11-23`.
    Cron(String),
    /// Again and again, this many seconds apart.
    Every(u32),
}

/// What a text means, and what had to be assumed for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    pub due: Due,
    /// Whole sentences to be shown to whoever asked.
    pub notes: Vec<String>,
}

/// Understands a text as a time or a repetition. `now` is the person's wall clock.
///
/// # Errors
/// What was not understood, or why the time meant cannot be: the texts are complete and name a way out.
pub fn parse(text: &str, now: DateTime) -> Result<When, WhenError> {
    if let Some(cron) = cron::recognise(text)? {
        return Ok(When { due: Due::Cron(cron), notes: Vec::new() });
    }
    resolve(&grammar::read(text)?, now)
}

/// The same with the repetition given apart: `time` is "tomorrow at 9", `repeat` "daily", "weekly", "по будням" or a
/// cron expression. A `repeat` that says "no" or "once" is none.
///
/// # Errors
/// As [`parse`], and when the two contradict each other.
pub fn parse_with_repeat(time: &str, repeat: &str, now: DateTime) -> Result<When, WhenError> {
    if repeat::is_none(repeat) {
        return parse(time, now);
    }
    if let Some(cron) = cron::recognise(repeat)? {
        let notes = vec!["The cron expression says when; the time given beside it was not needed.".to_owned()];
        return Ok(When { due: Due::Cron(cron), notes });
    }
    let repetition = grammar::read(repeat)?;
    if repetition.repeat.is_none() {
        return Err(WhenError::NoRepetition(repeat.trim().to_owned()));
    }
    if time.trim().is_empty() {
        return resolve(&repetition, now);
    }
    if cron::recognise(time)?.is_some() {
        return Err(WhenError::TwoRepetitions);
    }
    repeat::combine(grammar::read(time)?, repetition, now)
}

/// One point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// On the person's wall clock.
    Wall(DateTime),
    /// Given with its offset from UTC.
    Instant(Timestamp),
}

/// `2026-11-25T18:00:00`, for an instant with `Z` behind it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%S")),
            Self::Instant(at) => write!(f, "{}", at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        }
    }
}

/// Understands a text as one point in time: a deadline.
///
/// # Errors
/// As [`parse`], and when it is a repetition.
pub fn parse_once(text: &str, now: DateTime) -> Result<Moment, WhenError> {
    let draft = grammar::read(text)?;
    if draft.repeat.is_some() {
        return Err(WhenError::Repetition(text.trim().to_owned()));
    }
    match once::resolve(&draft, now)?.due {
        Due::At(at) => Ok(Moment::Wall(at)),
        Due::Instant(at) => Ok(Moment::Instant(at)),
        Due::After(seconds) => once::later(now, i64::from(seconds)).map(Moment::Wall),
        Due::Cron(_) | Due::Every(_) => Err(WhenError::Repetition(text.trim().to_owned())),
    }
}

fn resolve(draft: &Draft, now: DateTime) -> Result<When, WhenError> {
    match &draft.repeat {
        Some(repetition) => repeat::resolve(draft, repetition, now),
        None => once::resolve(draft, now),
    }
}
