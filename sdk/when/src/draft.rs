//! What a text said, word for word, before it is known which date and time that is.

use jiff::civil::Weekday;

use crate::error::WhenError;
use crate::token::{Part, Unit};

/// The parts of a sentence about time; each is there at most once, save times of day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The sentence, for error messages.
    pub(crate) text: String,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) date: Option<DateWord>,
    pub(crate) times: Vec<TimeOfDay>,
    pub(crate) part: Option<Part>,
    pub(crate) from_now: Option<FromNow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Every so many units.
    Each { count: u32, unit: Unit },
    /// On these days of every week.
    Weekdays(Vec<Weekday>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateWord {
    /// Days from today.
    Offset(i32),
    /// The coming one, or with `next` the one of the week after this.
    Weekday { day: Weekday, next: bool },
    /// Without a year the coming one.
    MonthDay { year: Option<u32>, month: u32, day: u32 },
    /// The coming day of that number, in this month or a later one.
    DayOfMonth(u32),
    /// A unit of time later: "next month".
    Next(Unit),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeOfDay {
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    /// It can mean nothing else: the half of the day was said or follows from the hour.
    pub(crate) settled: bool,
}

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FromNow {
    pub(crate) months: i64,
    pub(crate) days: i64,
    pub(crate) seconds: i64,
}

impl Draft {
    fn twice(&self, what: &'static str) -> WhenError {
        WhenError::Twice { what, text: self.text.clone() }
    }

    pub(crate) fn set_repeat(&mut self, repeat: Repeat) -> Result<(), WhenError> {
        match (&self.repeat, &repeat) {
            // "every week, on mondays": the days say it more exactly.
            (None | Some(Repeat::Each { count: 1, unit: Unit::Week }), _) => {}
            _ => return Err(self.twice("repetitions")),
        }
        self.repeat = Some(repeat);
        Ok(())
    }

    pub(crate) fn set_date(&mut self, date: DateWord) -> Result<(), WhenError> {
        if self.date.is_some() {
            return Err(self.twice("dates"));
        }
        self.date = Some(date);
        Ok(())
    }

    pub(crate) fn set_part(&mut self, part: Part) -> Result<(), WhenError> {
        if self.part.is_some_and(|known| known != part) {
            return Err(self.twice("parts of the day"));
        }
        self.part = Some(part);
        Ok(())
    }

    /// Lengths of time add up: two hours and thirty minutes.
    pub(crate) fn add_from_now(&mut self, more: FromNow) -> Result<(), WhenError> {
        let sum = self.from_now.unwrap_or_default();
        let add = |a: i64, b: i64| a.checked_add(b).ok_or(WhenError::TooFar);
        self.from_now = Some(FromNow {
            months: add(sum.months, more.months)?,
            days: add(sum.days, more.days)?,
            seconds: add(sum.seconds, more.seconds)?,
        });
        Ok(())
    }

    /// The only time of day, read in the light of the part of the day; `None` where none was given.
    pub(crate) fn only_time(&self) -> Result<Option<TimeOfDay>, WhenError> {
        match self.times.as_slice() {
            [] => Ok(None),
            [time] => Ok(Some(time.within(self.part))),
            _ => Err(self.twice("times")),
        }
    }
}

impl TimeOfDay {
    /// # Errors
    /// The clock has no such time.
    pub(crate) fn new(hour: u32, minute: u32) -> Result<Self, WhenError> {
        match (i8::try_from(hour), i8::try_from(minute)) {
            (Ok(hour @ 0..=23), Ok(minute @ 0..=59)) => Ok(Self { hour, minute, settled: !(1..=11).contains(&hour) }),
            _ => Err(WhenError::NoTime { hour, minute }),
        }
    }

    /// What the time is when the part of the day was said too: eight in the evening is 20:00.
    pub(crate) fn within(self, part: Option<Part>) -> Self {
        let Some(part) = part.filter(|_| !self.settled || self.hour == 12) else { return self };
        let hour = match (part, self.hour) {
            (Part::Morning, 12) | (Part::Night | Part::Evening | Part::Midnight, 12) => 0,
            (Part::Afternoon | Part::Noon, hour @ 1..=7) => hour + 12,
            (Part::Evening, hour @ 4..=11) => hour + 12,
            (Part::Night, hour @ 8..=11) => hour + 12,
            (_, hour) => hour,
        };
        Self { hour, settled: true, ..self }
    }
}
