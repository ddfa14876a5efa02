//! Repetitions from a draft: a cron expression where the calendar counts, a distance in seconds where it does not.

use jiff::civil::{Date, DateTime, Time, Weekday};

use crate::draft::{DateWord, Draft, InMonth, Place, Repeat, TimeOfDay};
use crate::error::WhenError;
use crate::once::{self, DEFAULT_HOUR};
use crate::token::Unit;
use crate::{Due, When};

const SHORTEST_SECONDS: u32 = 60;

/// The most days apart: ten years.
pub(crate) const MOST_DAYS: u32 = 3650;

/// Whether what was given as a repetition says that there is none.
pub(crate) fn is_none(repeat: &str) -> bool {
    let plain = repeat.trim().to_lowercase();
    matches!(plain.as_str(), "" | "no" | "none" | "never" | "once" | "null" | "false" | "нет" | "никогда" | "один раз")
}

/// Puts a time and a repetition that were given apart together.
pub(crate) fn combine(time: Draft, repetition: Draft, now: DateTime) -> Result<When, WhenError> {
    let repeated_twice = time.repeat.is_some();
    let merged = Draft {
        repeat: repetition.repeat,
        date: repetition.date.or(time.date),
        times: if repetition.times.is_empty() { time.times.clone() } else { repetition.times },
        part: repetition.part.or(time.part),
        ..time.clone()
    };
    let when = resolve_repeated(&merged, now)?;
    // Saying the same twice is no contradiction.
    if repeated_twice && resolve_repeated(&time, now)?.due != when.due {
        return Err(WhenError::TwoRepetitions);
    }
    Ok(when)
}

fn resolve_repeated(draft: &Draft, now: DateTime) -> Result<When, WhenError> {
    match &draft.repeat {
        Some(repetition) => resolve(draft, repetition, now),
        None => Err(WhenError::NoRepetition(draft.text.clone())),
    }
}

/// When a draft with a repetition is due.
pub(crate) fn resolve(draft: &Draft, repetition: &Repeat, now: DateTime) -> Result<When, WhenError> {
    let notes = draft.notes.iter().map(|note| (*note).to_owned()).collect();
    let resolver = Resolver { draft, now, notes };
    match repetition {
        Repeat::Weekdays { weeks: 0, .. } => Err(WhenError::Zero),
        Repeat::Weekdays { days, weeks } => resolver.on_weekdays(days, *weeks),
        Repeat::Each { count: 0, .. } => Err(WhenError::Zero),
        Repeat::Each { count, unit } => match unit {
            Unit::Second => resolver.apart(*count, 1),
            Unit::Minute => resolver.apart(*count, 60),
            Unit::Hour if draft.window.is_some() => resolver.within_hours(*count),
            Unit::Hour => resolver.apart(*count, 3600),
            Unit::Day => resolver.each_day(*count),
            Unit::Week => resolver.each_week(*count),
            Unit::Month => resolver.each_month(*count),
            Unit::Year => resolver.each_year(*count),
        },
    }
}

struct Resolver<'a> {
    draft: &'a Draft,
    now: DateTime,
    notes: Vec<String>,
}

impl Resolver<'_> {
    fn cron(self, expression: String) -> Result<When, WhenError> {
        Ok(When { due: Due::Cron(expression), notes: self.notes })
    }

    fn says_only_how_often(&self) -> bool {
        let draft = self.draft;
        draft.date.is_none() && draft.times.is_empty() && draft.part.is_none() && draft.from_now.is_none()
    }

    /// So many seconds apart, from now on.
    fn apart(self, count: u32, unit: u32) -> Result<When, WhenError> {
        if !self.says_only_how_often() {
            return Err(WhenError::Unsupported(
                "a repetition within the day starts now and takes no time of day: leave the time out, or use a cron \
                 expression such as `15 9-18 * * *` for every hour from 9:15 to 18:15",
            ));
        }
        if self.draft.window.is_some() {
            return Err(WhenError::Unsupported("the hours of a day go with every hour or every 2, 3 ... hours only"));
        }
        let seconds = count.checked_mul(unit).ok_or(WhenError::TooFar)?;
        if seconds < SHORTEST_SECONDS {
            return Err(WhenError::Unsupported("the shortest repetition is every minute"));
        }
        Ok(When { due: Due::Every(seconds), notes: self.notes })
    }

    /// Every hour from 9 to 17, or every few hours between them.
    fn within_hours(self, count: u32) -> Result<When, WhenError> {
        let Some((first, last)) = self.draft.window.filter(|_| self.says_only_how_often()) else {
            return Err(WhenError::Unsupported("give the hours of the day alone, such as \"every hour from 9 to 17\""));
        };
        // "from 9 to 5" is said of the day.
        let after_noon = first.hour < 12 && last.hour <= first.hour && !last.settled;
        let last_hour = if after_noon { last.hour + 12 } else { last.hour };
        if last_hour <= first.hour || first.minute != last.minute || count > 12 {
            return Err(WhenError::Unsupported(
                "the hours of a day run from an earlier to a later one at the same minute, such as \"every hour from 9:15 \
                 to 18:15\"",
            ));
        }
        let step = if count == 1 { String::new() } else { format!("/{count}") };
        let (minute, first_hour) = (first.minute, first.hour);
        self.cron(format!("{minute} {first_hour}-{last_hour}{step} * * *"))
    }

    fn each_day(mut self, count: u32) -> Result<When, WhenError> {
        if count > 1 && self.says_only_how_often() {
            return self.apart(count, 24 * 3600);
        }
        let clock = self.clock()?;
        if count > MOST_DAYS {
            return Err(WhenError::TooFar);
        }
        if count > 1 {
            let begins = self.first_on(&[])?.strftime("%Y-%m-%d");
            return self.cron(format!("{clock} * * * every {count} days from {begins}"));
        }
        self.note_later_start(&[])?;
        self.cron(format!("{clock} * * *"))
    }

    fn on_weekdays(mut self, days: &[Weekday], weeks: u32) -> Result<When, WhenError> {
        let clock = self.clock()?;
        let expression = format!("{clock} * * {}", numbers(days));
        if weeks > 1 {
            let begins = self.first_on(days)?.strftime("%Y-%m-%d");
            return self.cron(format!("{expression} every {weeks} weeks from {begins}"));
        }
        self.note_later_start(days)?;
        self.cron(expression)
    }

    /// The date on which it first comes: the one that was given, or the coming one of these days, or of all if none are named.
    fn first_on(&mut self, days: &[Weekday]) -> Result<Date, WhenError> {
        if self.draft.date.is_some() {
            return Ok(self.anchor()?.date());
        }
        let last = self.times()?.iter().max_by_key(|time| (time.hour, time.minute)).copied();
        let at_time = last.map_or(Time::midnight(), |time| jiff::civil::time(time.hour, time.minute, 0, 0));
        let mut date = self.now.date();
        while date.to_datetime(at_time) <= self.now || !(days.is_empty() || days.contains(&date.weekday())) {
            date = date.tomorrow().map_err(|_| WhenError::TooFar)?;
        }
        Ok(date)
    }

    fn each_week(mut self, count: u32) -> Result<When, WhenError> {
        if count > 1 && self.says_only_how_often() {
            return self.apart(count, 7 * 24 * 3600);
        }
        let day = self.anchor()?.weekday();
        if self.draft.date.is_none() && self.draft.from_now.is_none() {
            self.notes.push(format!("No day was given, so {}s are assumed.", name(day)));
        }
        self.on_weekdays(&[day], count)
    }

    fn each_month(mut self, count: u32) -> Result<When, WhenError> {
        let months = match count {
            1 => "*".to_owned(),
            2 | 3 | 4 | 6 => format!("1-12/{count}"),
            _ => {
                return Err(WhenError::Unsupported(
                    "a repetition in months goes by every 1, 2, 3, 4 or 6 months, and in years by every year",
                ));
            }
        };
        if count > 1 {
            self.notes.push("The months are counted from January.".to_owned());
        }
        let place = match self.draft.date {
            Some(DateWord::DayOfMonth(day)) => Place::Day(day),
            Some(DateWord::InMonth { month: InMonth::Next | InMonth::Named { .. }, .. }) => {
                return Err(WhenError::Unsupported("a repetition each month takes no month: leave it out"));
            }
            Some(DateWord::InMonth { day, .. }) => day,
            Some(DateWord::Weekday { .. }) if self.draft.repeat.is_some() => {
                return Err(WhenError::Unsupported(
                    "say which of these days of the month: \"the first Monday of every month\", \"the last Friday of \
                     every month\"",
                ));
            }
            _ => Place::Day(self.anchor()?.day().unsigned_abs().into()),
        };
        let clock = self.clock()?;
        let Place::Day(day) = place else {
            let (day, weekday) = place.cron();
            return self.cron(format!("{clock} {day} {months} {weekday}"));
        };
        if self.draft.date.is_none() && self.draft.from_now.is_none() {
            self.notes.push(format!("No day was given, so day {day} of the month is assumed."));
        }
        if day > 28 {
            self.notes.push(format!("Months without a day {day} are left out."));
        }
        self.cron(format!("{clock} {day} {months} *"))
    }

    fn each_year(mut self, count: u32) -> Result<When, WhenError> {
        if count > 1 {
            return Err(WhenError::Unsupported("a repetition of several years is not possible: say every year"));
        }
        let clock = self.clock()?;
        if let Some(DateWord::InMonth { day, month: InMonth::Named { month, .. } }) = self.draft.date {
            let (day, weekday) = day.cron();
            return self.cron(format!("{clock} {day} {month} {weekday}"));
        }
        let anchor = self.anchor()?;
        self.cron(format!("{clock} {} {} *", anchor.day(), anchor.month()))
    }

    /// The minutes and hours of a cron expression.
    fn clock(&mut self) -> Result<String, WhenError> {
        let times = self.times()?;
        let minute = times.first().map_or(0, |time| time.minute);
        if times.iter().any(|time| time.minute != minute) {
            return Err(WhenError::Unsupported(
                "several times a day must have the same minute, such as 9:30 and 18:30: make one task for each",
            ));
        }
        let mut hours: Vec<_> = times.iter().map(|time| time.hour).collect();
        hours.sort_unstable();
        hours.dedup();
        let hours: Vec<_> = hours.iter().map(ToString::to_string).collect();
        Ok(format!("{minute} {}", hours.join(",")))
    }

    fn times(&mut self) -> Result<Vec<TimeOfDay>, WhenError> {
        let at_hour = |hour: i8| TimeOfDay { hour, minute: 0, settled: true };
        if self.draft.from_now.is_some() {
            let at = self.anchor()?;
            return Ok(vec![TimeOfDay { minute: at.minute(), ..at_hour(at.hour()) }]);
        }
        if !self.draft.times.is_empty() {
            return self.draft.times.iter().map(|time| self.draft.read(*time)).collect();
        }
        if let Some(part) = self.draft.part {
            return Ok(vec![at_hour(part.hours().first().copied().unwrap_or(DEFAULT_HOUR))]);
        }
        let note = format!("No time of day was given, so {DEFAULT_HOUR}:00 is assumed.");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(vec![at_hour(DEFAULT_HOUR)])
    }

    /// The date the draft names, or today: from it the day of the week, month or year is taken.
    fn anchor(&self) -> Result<DateTime, WhenError> {
        if self.draft.date.is_none() && self.draft.from_now.is_none() {
            return Ok(self.now);
        }
        let single = Draft { times: self.draft.times.iter().take(1).copied().collect(), ..self.draft.clone() };
        match once::moment(&single, self.now, &mut Vec::new()) {
            // That it has passed today does not matter to what comes again.
            Err(WhenError::Past { at, .. }) if at.date() == self.now.date() => Ok(at),
            other => other,
        }
    }

    /// Says so when a date was given that lies after the first time. `days` are those of the week, empty for all.
    fn note_later_start(&mut self, days: &[Weekday]) -> Result<(), WhenError> {
        if self.draft.date.is_none() {
            return Ok(());
        }
        let Some(time) = self.times()?.first().copied() else { return Ok(()) };
        let wanted = self.anchor()?.date();
        let mut date = self.now.date();
        let at_time = jiff::civil::time(time.hour, time.minute, 0, 0);
        while date.to_datetime(at_time) <= self.now || !(days.is_empty() || days.contains(&date.weekday())) {
            date = date.tomorrow().map_err(|_| WhenError::TooFar)?;
        }
        if date < wanted {
            let begins = date.strftime("%A %Y-%m-%d");
            self.notes.push(format!("A repetition cannot be told to begin later: it begins on {begins}."));
        }
        Ok(())
    }
}

fn numbers(days: &[Weekday]) -> String {
    let mut numbers: Vec<_> = days.iter().map(|day| day.to_sunday_zero_offset()).collect();
    numbers.sort_unstable();
    if numbers == [1, 2, 3, 4, 5] {
        return "1-5".to_owned();
    }
    let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(",")
}

pub(crate) fn name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
