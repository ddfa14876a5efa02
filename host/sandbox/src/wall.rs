//! Times as plugins speak of them: on the wall clock of the configured zone, without offset.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::bindings::Failure;

/// How far ahead anything may be planned.
const HORIZON: SignedDuration = SignedDuration::from_hours(5 * 366 * 24);

/// `2026-11-21T09:00:00`, as the wall clock of the zone shows it at that moment.
pub(crate) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let here = at.to_zoned(zone.clone());
    strtime::format("%Y-%m-%dT%H:%M:%S", &here).unwrap_or_else(|_| here.datetime().to_string())
}

/// The moment a wall clock shows this date and time, or the one that an offset names (`Z`, `+03:00`). Where clocks are put forward and skip it, the moment is as long
/// after the change as it would have been without; where they are put back and show it twice, the first.
///
/// # Errors
/// `invalid` with what was expected.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let wrong = |why: &str| Failure::Invalid(format!("`{text}` {why}: write date and time like 2026-11-21T09:00:00"));
    let text = text.trim();
    if text.contains('[') {
        return Err(wrong("names a zone, and times are meant on the wall clock or with their offset"));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let clock: DateTime = text.parse().map_err(|_| wrong("is not a date and time"))?;
    zone.to_ambiguous_zoned(clock).compatible().map(|at| at.timestamp()).map_err(|_| wrong("is out of range"))
}

/// The moment a deadline has passed: the end of a day that is given without a time.
///
/// # Errors
/// As [`moment`].
pub(crate) fn end_of(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let day: Option<Date> = text.trim().parse::<Date>().ok().filter(|day| day.to_string() == text.trim());
    match day.and_then(|day| day.tomorrow().ok()) {
        Some(next) => moment(&next.to_datetime(jiff::civil::Time::midnight()).to_string(), zone),
        None => moment(text, zone),
    }
}

/// # Errors
/// `invalid` if the moment has passed or is too far off, with the current time.
pub(crate) fn ahead(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let name = zone.iana_name().unwrap_or("UTC");
    let (then, today) = (shown(at, zone), shown(now, zone));
    if at <= now {
        return Err(Failure::Invalid(format!("{then} has passed: it is {today} now ({name}); give a later time")));
    }
    if at.duration_since(now) > HORIZON {
        return Err(Failure::Invalid(format!("{then} is more than five years ahead of {today}: give an earlier time")));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    #[track_caller]
    fn check(text: &str, utc: &str) {
        assert_eq!(moment(text, &berlin()).unwrap().to_string(), utc, "{text}");
    }

    #[test]
    fn a_wall_clock_time_is_a_moment() {
        check("2026-11-21T09:00:00", "2026-11-21T08:00:00Z");
        check("2026-07-01 09:00", "2026-07-01T07:00:00Z");
        check("2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z");
        check("2026-07-01T09:00:00+03:00", "2026-07-01T06:00:00Z");
        // Skipped: the clock goes from two to three. Shown twice: the first.
        check("2026-03-29T02:30:00", "2026-03-29T01:30:00Z");
        check("2026-10-25T02:30:00", "2026-10-25T00:30:00Z");
        assert_eq!(shown("2026-11-21T08:00:00Z".parse().unwrap(), &berlin()), "2026-11-21T09:00:00");
    }

    #[test]
    fn a_deadline_without_time_lasts_to_the_end_of_its_day() {
        assert_eq!(end_of("2026-11-21", &berlin()).unwrap().to_string(), "2026-11-21T23:00:00Z");
        assert_eq!(end_of("2026-11-21T18:00:00", &berlin()).unwrap().to_string(), "2026-11-21T17:00:00Z");
    }

    #[test]
    fn what_is_no_time_is_told_with_an_example() {
        for text in ["tomorrow", "2026-02-30T09:00:00", "2026-11-21T09:00[Asia/Tokyo]", ""] {
            let Err(Failure::Invalid(told)) = moment(text, &berlin()) else { panic!("{text}") };
            assert!(told.contains("2026-11-21T09:00:00"), "{told}");
        }
    }

    #[test]
    fn the_past_and_the_far_future_are_refused_with_the_current_time() {
        let now: Timestamp = "2026-11-20T13:05:00Z".parse().unwrap();
        let past = ahead(now - SignedDuration::from_secs(1), now, &berlin());
        let told = "it is 2026-11-20T14:05:00 now (Europe/Berlin)";
        assert!(matches!(past, Err(Failure::Invalid(text)) if text.contains(told)));
        let far = ahead("2032-01-01T00:00:00Z".parse().unwrap(), now, &berlin());
        assert!(matches!(far, Err(Failure::Invalid(text)) if text.contains("five years")));
    }
}
