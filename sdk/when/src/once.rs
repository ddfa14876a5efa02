//! One point in time from a draft: the coming one that fits, never one that has passed.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, ToSpan};

use crate::date::date_of;
use crate::draft::{DateWord, Draft, FromNow, InMonth, Place, TimeOfDay};
use crate::error::WhenError;
use crate::repeat::name;
use crate::token::{Part, Unit};
use crate::{Due, When};

/// The time of day that is meant when none is said.
pub(crate) const DEFAULT_HOUR: i8 = 9;

/// When a draft without repetition is due.
pub(crate) fn resolve(draft: &Draft, now: DateTime) -> Result<When, WhenError> {
    if let Some(length) = draft.from_now {
        let is_plain = draft.date.is_none() && draft.times.is_empty() && draft.part.is_none() && draft.from.is_none();
        if is_plain && length.months == 0 && length.days == 0 {
            let seconds = u32::try_from(length.seconds).map_err(|_| WhenError::TooFar)?;
            return if seconds == 0 { Err(WhenError::Zero) } else { Ok(just(Due::After(seconds))) };
        }
    }
    if let Some(at) = draft.instant {
        return Ok(just(Due::Instant(at)));
    }
    let mut notes = Vec::new();
    let at = moment(draft, now, &mut notes)?;
    notes.extend(draft.notes.iter().map(|note| (*note).to_owned()));
    Ok(When { due: Due::At(at), notes })
}

fn just(due: Due) -> When {
    When { due, notes: Vec::new() }
}

/// The date and time a draft means; what had to be assumed is added to the notes.
pub(crate) fn moment(draft: &Draft, now: DateTime, notes: &mut Vec<String>) -> Result<DateTime, WhenError> {
    if let Some(length) = draft.from_now {
        return from_now(draft, length, now);
    }
    let times = candidates(draft, notes)?;
    let at = match draft.date {
        None => today_or_tomorrow(&times, now, notes)?,
        Some(DateWord::Offset(0)) => today(draft, &times, now)?,
        // On another day there is room for the time as it was said.
        Some(date) => {
            check_night(draft, times[0])?;
            on_date(date, &[by_day(draft, times[0], notes)], now)?
        }
    };
    match draft.weekday.filter(|day| *day != at.weekday()) {
        None => Ok(at),
        Some(day) => Err(WhenError::OtherDay { at, said: name(day) }),
    }
}

/// The small hours of "tomorrow night" are those after that day's evening or before its morning: the person is asked.
fn check_night(draft: &Draft, time: Time) -> Result<(), WhenError> {
    let is_night = matches!(draft.part, Some(Part::Night | Part::Midnight)) || draft.tonight && time.hour() == 0;
    if is_night && time.hour() < 6 {
        return Err(WhenError::Unsupported(
            "the night after midnight belongs to two days: name the day it is after midnight with the hour alone, such \
             as \"on Tuesday at 2:00 am\"",
        ));
    }
    Ok(())
}

/// "at one" and "at three", of which the half of the day was not said: one is that after noon.
fn by_day(draft: &Draft, time: Time, notes: &mut Vec<String>) -> Time {
    let said = draft.times.first().filter(|said| !draft.read(**said).is_ok_and(|time| time.settled));
    match said.map(|said| (said.hour, said.minute)) {
        Some((1, minute)) => {
            notes.push(format!("13:{minute:02} is assumed; for the night say \"at 1:{minute:02} am\"."));
            jiff::civil::time(13, minute, 0, 0)
        }
        Some((2..=5, _)) => {
            notes.push(format!("{} at night is assumed; for the afternoon add \"pm\".", time.strftime("%-H:%M")));
            time
        }
        _ => time,
    }
}

/// Today, of which the small hours belong to the night that is still to come: "tonight at 1am", «сегодня в 2 ночи».
fn today(draft: &Draft, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let first = times.first().copied().unwrap_or(Time::midnight());
    let of_the_night = first.hour() < 6
        && (draft.tonight || matches!(draft.part, Some(Part::Night | Part::Midnight)))
        && times.len() == 1;
    pick(now.date(), times, now).or_else(|past| {
        let tomorrow = now.date().tomorrow().map_err(|_| WhenError::TooFar)?;
        if of_the_night { Ok(tomorrow.to_datetime(first)) } else { Err(past) }
    })
}

fn from_now(draft: &Draft, length: FromNow, now: DateTime) -> Result<DateTime, WhenError> {
    let span = Span::new().try_months(length.months).and_then(|span| span.try_days(length.days));
    let span = span.and_then(|span| span.try_seconds(length.seconds)).map_err(|_| WhenError::TooFar)?;
    if let Some(from) = draft.from {
        return counted_from(draft, from, span, now);
    }
    let at = now.checked_add(span).map_err(|_| WhenError::TooFar)?;
    match draft.date {
        Some(DateWord::Weekday { day, .. }) if length.seconds == 0 && length.days % 7 == 0 => {
            return pick(weeks_ahead(draft, day, at.date(), now)?, &candidates(draft, &mut Vec::new())?, now);
        }
        Some(_) => return Err(WhenError::Twice { what: "dates", text: draft.text.clone() }),
        None => {}
    }
    if draft.times.is_empty() && draft.part.is_none() {
        return if at > now { Ok(at) } else { Err(WhenError::Zero) };
    }
    if length.seconds != 0 {
        return Err(WhenError::Unsupported("a time of day does not go with hours or minutes from now: leave one out"));
    }
    let times = candidates(draft, &mut Vec::new())?;
    pick(at.date(), &times, now)
}

/// "in two weeks on Monday" is said of the Monday of that week, and of the coming Monday two weeks later. One that is
/// further than half a week from what was said is not meant; of two that are near, nobody can tell.
fn weeks_ahead(draft: &Draft, day: Weekday, at: Date, now: DateTime) -> Result<Date, WhenError> {
    let later = |date: Date, days: i32| date.checked_add(days.days()).map_err(|_| WhenError::TooFar);
    let (said, wanted) = (at.weekday().to_monday_zero_offset(), day.to_monday_zero_offset());
    let of_the_week = later(at, i32::from(wanted) - i32::from(said))?;
    let after_coming = later(at, i32::from(day.since(now.weekday())))?;
    match i32::from(wanted) - i32::from(said) {
        _ if of_the_week == after_coming => Ok(of_the_week),
        ..-4 => Ok(after_coming),
        -4 | -3 => Err(WhenError::Weeks { text: draft.text.clone(), first: of_the_week, second: after_coming }),
        _ => Ok(of_the_week),
    }
}

/// "a week from Friday at nine"
fn counted_from(draft: &Draft, from: DateWord, span: Span, now: DateTime) -> Result<DateTime, WhenError> {
    if draft.date.is_some() {
        return Err(WhenError::Twice { what: "dates", text: draft.text.clone() });
    }
    if span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0 {
        return Err(WhenError::Unsupported(
            "hours and minutes are counted from now: give the date and the time of day",
        ));
    }
    let times = candidates(draft, &mut Vec::new())?;
    // The day itself counts, also when the hour of today has passed.
    let start = on_date(from, &[Time::MAX], now)?.date();
    pick(start.checked_add(span).map_err(|_| WhenError::TooFar)?, &times[..1], now)
}

/// The times of day that may be meant, the likeliest first.
fn candidates(draft: &Draft, notes: &mut Vec<String>) -> Result<Vec<Time>, WhenError> {
    if let Some(time) = draft.only_time()? {
        return Ok(readings(time));
    }
    if let Some(part) = draft.part {
        return Ok(part.hours().iter().map(|hour| jiff::civil::time(*hour, 0, 0, 0)).collect());
    }
    notes.push(format!("No time of day was given, so {DEFAULT_HOUR}:00 is assumed."));
    Ok(vec![jiff::civil::time(DEFAULT_HOUR, 0, 0, 0)])
}

/// Eight may be said for 20:00 as well.
fn readings(time: TimeOfDay) -> Vec<Time> {
    let first = jiff::civil::time(time.hour, time.minute, 0, 0);
    if time.settled { vec![first] } else { vec![first, jiff::civil::time(time.hour + 12, time.minute, 0, 0)] }
}

fn today_or_tomorrow(times: &[Time], now: DateTime, notes: &mut Vec<String>) -> Result<DateTime, WhenError> {
    // Whoever says only "at 8" means the hour they said, be it tomorrow.
    let first = times.first().copied().unwrap_or(Time::midnight());
    let said_a_part = times.iter().all(|time| time.minute() == 0) && times.len() > 1 && first.hour() > 12;
    let usable = if said_a_part { times } else { &times[..1] };
    if let Ok(at) = pick(now.date(), usable, now) {
        return Ok(at);
    }
    let tomorrow = now.date().tomorrow().map_err(|_| WhenError::TooFar)?;
    notes.push(format!("It is past {} today, so tomorrow is meant.", first.strftime("%-H:%M")));
    Ok(tomorrow.to_datetime(first))
}

/// The first of the times that is still to come on that day.
fn pick(date: Date, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let mut moments = times.iter().map(|time| date.to_datetime(*time));
    let first = moments.clone().next().unwrap_or(now);
    moments.find(|at| *at > now).ok_or(WhenError::Past { at: first, now })
}

fn on_date(date: DateWord, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let today = now.date();
    let in_days = |days: i32| today.checked_add(days.days()).map_err(|_| WhenError::TooFar);
    match date {
        DateWord::Offset(days) => pick(in_days(days)?, times, now),
        DateWord::Weekday { day, next: false } => {
            let ahead = i32::from(day.since(today.weekday()));
            pick(in_days(ahead)?, times, now).or_else(|_| pick(in_days(ahead + 7)?, times, now))
        }
        DateWord::Weekday { day, next: true } => {
            let to_monday = 7 - i32::from(today.weekday().to_monday_zero_offset());
            pick(in_days(to_monday + i32::from(day.to_monday_zero_offset()))?, times, now)
        }
        DateWord::Next(unit) => {
            let span = match unit {
                Unit::Week => 7.days(),
                Unit::Month => 1.month(),
                Unit::Year => 1.year(),
                Unit::Day | Unit::Hour | Unit::Minute | Unit::Second => 1.day(),
            };
            pick(today.checked_add(span).map_err(|_| WhenError::TooFar)?, times, now)
        }
        DateWord::MonthDay { year: Some(year), month, day } => {
            let date = date_of(year, month, day).ok_or_else(|| WhenError::NoDate(format!("{year}-{month}-{day}")))?;
            pick(date, times, now)
        }
        DateWord::MonthDay { year: None, month, day } => coming_month_day(month, day, times, now),
        DateWord::DayOfMonth(day) => coming_day(day, times, now),
        DateWord::InMonth { day, month } => in_month(day, month, times, now),
    }
}

/// The first of the months that has the day, and has it still to come.
fn in_month(day: Place, month: InMonth, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let mut past = WhenError::NoDate("that day of the month".to_owned());
    for month in month.months(now.date())? {
        match day.within(month).map(|date| pick(date, times, now)) {
            Some(Ok(at)) => return Ok(at),
            Some(Err(error)) => past = error,
            None => {}
        }
    }
    Err(past)
}

/// This year or the first later one that has the day, for the 29th of February is not in every year.
fn coming_month_day(month: u32, day: u32, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let this_year = u32::try_from(now.year()).map_err(|_| WhenError::TooFar)?;
    let mut dates = (this_year..this_year + 9).filter_map(|year| date_of(year, month, day));
    let coming = dates.find(|date| *date >= now.date()).ok_or(WhenError::TooFar)?;
    pick(coming, times, now)
}

fn coming_day(day: u32, times: &[Time], now: DateTime) -> Result<DateTime, WhenError> {
    let mut first = now.date().first_of_month();
    for _ in 0..13 {
        let date = i8::try_from(day).ok().and_then(|day| Date::new(first.year(), first.month(), day).ok());
        if let Some(at) = date.and_then(|date| pick(date, times, now).ok()) {
            return Ok(at);
        }
        first = first.checked_add(1.month()).map_err(|_| WhenError::TooFar)?;
    }
    Err(WhenError::NoDate(format!("day {day} of a month")))
}

/// So many seconds after now.
pub(crate) fn later(now: DateTime, seconds: i64) -> Result<DateTime, WhenError> {
    let span = Span::new().try_seconds(seconds).map_err(|_| WhenError::TooFar)?;
    now.checked_add(span).map_err(|_| WhenError::TooFar)
}
