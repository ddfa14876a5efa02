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
    /// The day of the week that was said beside a date, which has to be that of the date.
    pub(crate) weekday: Option<Weekday>,
    /// What a length of time is counted from, if not from now: "a week from Friday".
    pub(crate) from: Option<DateWord>,
    /// A repetition was to end at what follows.
    pub(crate) until: bool,
    /// "tonight": hours after midnight are those of the night to come.
    pub(crate) tonight: bool,
    /// What had to be assumed.
    pub(crate) notes: Vec<&'static str>,
    /// A moment with its offset.
    pub(crate) instant: Option<jiff::Timestamp>,
    pub(crate) times: Vec<TimeOfDay>,
    pub(crate) part: Option<Part>,
    /// The first and the last time of each day that a repetition within the day has.
    pub(crate) window: Option<(TimeOfDay, TimeOfDay)>,
    pub(crate) from_now: Option<FromNow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Every so many units.
    Each { count: u32, unit: Unit },
    /// On these days of every so many weeks.
    Weekdays { days: Vec<Weekday>, weeks: u32 },
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
    /// A day that its place in a month tells: "the last Friday of the month".
    InMonth { day: Place, month: InMonth },
}

/// A day by its place in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The day of that number.
    Day(u32),
    LastDay,
    /// The first, second ... of these weekdays.
    Nth(u32, Weekday),
    LastWeekday(Weekday),
}

/// Which month is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InMonth {
    /// None was said, which only does where a repetition says it.
    Unsaid,
    /// The first, from this on, in which the day still comes.
    Coming,
    Next,
    Named {
        year: Option<u32>,
        month: u32,
    },
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
    /// Whether no word of it says when.
    pub(crate) fn says_nothing(&self) -> bool {
        let Self { repeat, date, times, part, from_now, instant, .. } = self;
        repeat.is_none()
            && date.is_none()
            && times.is_empty()
            && part.is_none()
            && from_now.is_none()
            && instant.is_none()
    }

    /// What cannot stand beside each other.
    pub(crate) fn check_together(&self) -> Result<(), WhenError> {
        if self.until && self.repeat.is_some() {
            return Err(WhenError::Unsupported(
                "a repetition cannot be told when to end: schedule it without the end, and cancel it then",
            ));
        }
        let alone = Self { instant: None, text: String::new(), ..self.clone() };
        if self.instant.is_some() && (self.weekday.is_some() || !alone.says_nothing()) {
            return Err(self.twice("times"));
        }
        Ok(())
    }

    pub(crate) fn set_instant(&mut self, at: jiff::Timestamp) -> Result<(), WhenError> {
        match self.instant.replace(at) {
            None => Ok(()),
            Some(_) => Err(self.twice("times")),
        }
    }

    fn twice(&self, what: &'static str) -> WhenError {
        WhenError::Twice { what, text: self.text.clone() }
    }

    pub(crate) fn set_repeat(&mut self, repeat: Repeat) -> Result<(), WhenError> {
        let repeat = match (self.repeat.take(), repeat) {
            (None, repeat) => repeat,
            // "every two weeks, on mondays": the days say it more exactly.
            (Some(Repeat::Each { count, unit: Unit::Week }), Repeat::Weekdays { days, weeks: 1 })
            | (Some(Repeat::Weekdays { days, weeks: 1 }), Repeat::Each { count, unit: Unit::Week }) => {
                Repeat::Weekdays { days, weeks: count }
            }
            // "every week, daily at nine"
            (Some(Repeat::Each { count: 1, unit: Unit::Week }), repeat) => repeat,
            // "every month, on the first Monday of every month"
            (Some(known), repeat) if known == repeat => repeat,
            _ => return Err(self.twice("repetitions")),
        };
        self.repeat = Some(repeat);
        Ok(())
    }

    /// A day of the week beside a date is kept to be compared with it.
    pub(crate) fn set_date(&mut self, date: DateWord) -> Result<(), WhenError> {
        let date = match (self.date, date) {
            (None, date) => date,
            (Some(DateWord::Weekday { day, .. }), DateWord::Next(Unit::Week))
            | (Some(DateWord::Next(Unit::Week)), DateWord::Weekday { day, .. }) => {
                DateWord::Weekday { day, next: true }
            }
            (Some(DateWord::Weekday { day, .. }), date) | (Some(date), DateWord::Weekday { day, .. })
                if self.weekday.is_none() && !matches!(date, DateWord::Weekday { .. } | DateWord::Next(_)) =>
            {
                self.weekday = Some(day);
                date
            }
            _ => return Err(self.twice("dates")),
        };
        self.date = Some(date);
        Ok(())
    }

    pub(crate) fn set_part(&mut self, part: Part) -> Result<(), WhenError> {
        let part = match (self.part, part) {
            // "midnight tonight"
            (Some(Part::Midnight), Part::Evening | Part::Night)
            | (Some(Part::Evening | Part::Night), Part::Midnight) => Part::Midnight,
            (Some(known), part) if known != part => return Err(self.twice("parts of the day")),
            (_, part) => part,
        };
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

    /// A time of day in the light of the part of the day, which it must not contradict.
    pub(crate) fn read(&self, time: TimeOfDay) -> Result<TimeOfDay, WhenError> {
        let read = time.within(self.part);
        self.part.map_or(Ok(()), |part| self.check_part(read, part)).map(|()| read)
    }

    /// # Errors
    /// The time of day is not in that part of the day.
    pub(crate) fn check_part(&self, time: TimeOfDay, part: Part) -> Result<(), WhenError> {
        let TimeOfDay { hour, minute, .. } = time;
        if part.has(hour) || part == Part::Evening && self.tonight && hour < 6 {
            return Ok(());
        }
        Err(WhenError::Contradiction { text: self.text.clone(), hour, minute, part: part.name() })
    }

    /// The only time of day, read in the light of the part of the day; `None` where none was given.
    pub(crate) fn only_time(&self) -> Result<Option<TimeOfDay>, WhenError> {
        match self.times.as_slice() {
            [] => Ok(None),
            [time] => self.read(*time).map(Some),
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
