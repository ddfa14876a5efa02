//! What the words of both languages mean. The grammar knows nothing but these.

use jiff::civil::Weekday;

/// The meaning of a word, a number or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `5`, `five`; `a` and `an` are 1 too.
    Number(u32),
    /// `1st`, `первого`.
    Ordinal(u32),
    /// `25.11`, `14.30`, `2.5` and with a year `25.11.2026`: what it is depends on where it stands.
    Dotted(u32, u32, Option<u32>),
    /// `11/25`, with or without a year.
    Slashed(u32, u32, Option<u32>),
    /// `2026-11-25`.
    Date(u32, u32, u32),
    /// `14:30`.
    Clock(u32, u32),
    /// `half` in "half an hour", `половине` in "в половине десятого".
    Half,
    /// `полтора`.
    OneAndHalf,
    /// "and a half", "с половиной".
    AndHalf,
    /// Minutes past the hour that follows: "half past nine".
    Past(u32),
    /// Minutes to the hour that follows: "quarter to nine".
    To(u32),
    /// `past`, between minutes and an hour: "ten past nine".
    PastHour,
    /// `to`, between minutes and an hour, or between the ends of a span.
    ToHour,
    /// `четверть`, before "десятого".
    Quarter,
    /// A moment with its offset from UTC: `2026-11-25T14:30:00+03:00`.
    Instant(jiff::Timestamp),
    /// `без`, before "пятнадцати десять".
    Without,
    Unit(Unit),
    Weekday(Weekday, Number),
    /// `weekday`, `будни`.
    Workdays(Number),
    Weekend(Number),
    Month(u32),
    /// Days from today: `tomorrow` is 1.
    Day(i32),
    /// This evening and the night after it.
    Tonight,
    Part(Part, Number),
    Am,
    Pm,
    /// `o'clock`.
    Oclock,
    /// `in`, `через`.
    In,
    /// `from now`, `later`.
    FromNow,
    /// `at`, `в`: a time may follow.
    At,
    Next,
    /// `last`, `последний`: of a month.
    Last,
    /// `end`, `конец`: of a month.
    End,
    /// `from`, `с`: the beginning of a span or of a count.
    From,
    /// `until`, `до`: a deadline, or the end of a span.
    Until,
    /// A sign between two things; its word has the spaces around it. [`crate::span`] decides what it means.
    Dash,
    /// `this`, `ближайший`.
    This,
    Every,
    /// `except`, `кроме`: the days of a repetition that are left out.
    Except,
    /// `every other`.
    EveryOther,
    /// `once`, `раз`, before "a week".
    Once,
    /// `daily` and the like.
    Adverb(Unit),
    And,
    /// `число`, after the number of a day.
    DayNumber,
}

/// Whether a word stands for one occasion or, as "on mondays" does, for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    One,
    Each,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Morning,
    Noon,
    Afternoon,
    Evening,
    Night,
    Midnight,
}

impl Part {
    /// Whether an hour is called one of this part of the day.
    pub(crate) fn has(self, hour: i8) -> bool {
        match self {
            Self::Morning => (1..=11).contains(&hour),
            Self::Noon => (11..=15).contains(&hour),
            Self::Afternoon => (11..=18).contains(&hour),
            Self::Evening => (16..=23).contains(&hour),
            Self::Night => hour >= 20 || hour <= 5,
            Self::Midnight => hour == 0,
        }
    }

    /// As it stands in a sentence: "19:00 is not in the morning".
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Morning => "in the morning",
            Self::Noon => "at noon",
            Self::Afternoon => "in the afternoon",
            Self::Evening => "in the evening",
            Self::Night => "at night",
            Self::Midnight => "at midnight",
        }
    }

    /// The hours that are tried in turn when nothing more is said.
    pub(crate) fn hours(self) -> &'static [i8] {
        match self {
            Self::Morning => &[9],
            Self::Noon => &[12],
            Self::Afternoon => &[15],
            Self::Evening => &[19, 21, 23],
            Self::Night => &[22, 23],
            Self::Midnight => &[0],
        }
    }
}
