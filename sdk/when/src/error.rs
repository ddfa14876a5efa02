//! Why a text gives no time. The texts reach a model, which tells the person or tries again.

use jiff::civil::{Date, DateTime};

/// Why a text gives no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    #[error("no time is given: say for example \"in 10 minutes\", \"tomorrow at 9:00\" or \"every weekday at 8\"")]
    Empty,
    #[error(
        "`{word}` in `{text}` is not understood as a time: say for example \"in 10 minutes\", \"2026-11-25 14:30\", \
         \"on Friday at 10\", \"every day at 9:30\" or a cron expression such as `0 8 * * 1-5`"
    )]
    Word { word: String, text: String },
    #[error(
        "`{text}` is a span, and one point in time is needed: give its beginning, such as `tomorrow at 14:00` (a time of \
         day has a colon: `14:30`)"
    )]
    Span { text: String },
    #[error("`{text}` has a minus sign, and times lie ahead: say for example `in 5 minutes`")]
    Negative { text: String },
    #[error(
        "`{word}` in `{text}` is in the past, and times must lie ahead: say for example `in 5 minutes` or `tomorrow at 9`"
    )]
    Behind { word: String, text: String },
    #[error(
        "`{word}` in `{text}` is not understood: times are on the person's own clock, and for the clock of another place \
         the date and time are given with their offset from UTC, such as `2026-12-24T18:00+03:00`"
    )]
    Zone { word: String, text: String },
    #[error("`{said}` may mean two days: write {first} or {second}")]
    TwoDays { said: String, first: String, second: String },
    #[error(
        "`{text}` may mean the day {number} of a month or the hour {number}: say `at {number}:00`, or name the month"
    )]
    DayOrHour { text: String, number: u32 },
    #[error("`{text}` may mean {first} or {second}: give the date")]
    Weeks { text: String, first: Date, second: Date },
    #[error("`{text}` contradicts itself: {hour}:{minute:02} is not {part}; leave one of them out")]
    Contradiction { text: String, hour: i8, minute: i8, part: &'static str },
    #[error("{} is a {}, not a {said}: give the date or the day of the week alone", at.strftime("%Y-%m-%d"), at.strftime("%A"))]
    OtherDay { at: DateTime, said: &'static str },
    #[error("`{text}` names two {what}: give one")]
    Twice { what: &'static str, text: String },
    #[error("there is no time of day like {hour}:{minute:02}: hours go to 23 and minutes to 59")]
    NoTime { hour: u32, minute: u32 },
    #[error("there is no {0}")]
    NoDate(String),
    #[error("{} is in the past: it is {} now", shown(*.at), shown(*.now))]
    Past { at: DateTime, now: DateTime },
    #[error("that is too far away")]
    TooFar,
    #[error("a time from now must be at least a second away")]
    Zero,
    #[error(
        "`{0}` is no repetition: say for example \"daily\", \"every monday\", \"every 30 minutes\" or leave it out"
    )]
    NoRepetition(String),
    #[error("`{0}` is a repetition, and one point in time is needed, such as `2026-11-25 18:00`")]
    Repetition(String),
    #[error("both the time and the repetition say how often: leave one of them out")]
    TwoRepetitions,
    #[error("{0}")]
    Unsupported(&'static str),
    #[error("the cron expression `{expression}` is wrong: {problem}")]
    Cron { expression: String, problem: String },
}

/// A date and time with its day of the week: `Friday 2026-11-20 14:05`.
fn shown(at: DateTime) -> String {
    at.strftime("%A %Y-%m-%d %H:%M").to_string()
}
