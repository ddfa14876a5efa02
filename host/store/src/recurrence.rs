//! When repeated work comes next, on a wall clock whose days are not all 24 hours long.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::error::{Result, StoreError};

/// How often work repeats.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// A cron expression of five fields, read on the owner's wall clock. It may end with `every 2 weeks from
    /// 2026-11-23`: then it holds in every second week only, counted from the week of that date and not before it. With
    /// `every 3 days from 2026-11-23` it holds on that date and every third day after it.
    Cron(String),
    /// This many seconds apart, whatever the wall clock does.
    Every(u32),
}

impl Repeat {
    /// Checks an expression of five fields: minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] says what is wrong with it, also if it never comes true.
    pub fn parse_cron(expression: &str) -> Result<Self> {
        let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let invalid = |reason: &str| {
            StoreError::Invalid(format!(
                "\"{expression}\" is not a cron expression ({reason}): give minute, hour, day of month, month and day \
                 of the week, such as \"0 8 * * 1-5\""
            ))
        };
        let (fields, distance) = Distance::split(&expression).map_err(&invalid)?;
        let count = fields.split(' ').count();
        if count != 5 {
            return Err(invalid(&format!("it has {count} fields instead of 5")));
        }
        let cron = parser().parse(fields).map_err(|error| invalid(&error.to_string()))?;
        let matched = match distance {
            None => next_match(&cron, &TimeZone::UTC, Timestamp::UNIX_EPOCH),
            Some(distance) => distance.next_match(&cron, &TimeZone::UTC, Timestamp::UNIX_EPOCH),
        };
        if matched.is_none() {
            return Err(invalid("that day never comes"));
        }
        Ok(Self::Cron(expression))
    }

    /// The first time after `after`; `None` if there is none before the end of the calendar.
    ///
    /// A wall-clock time that a change to summer time skips comes at the first moment after the gap; one that the
    /// change back repeats comes once, at its first passing. Expressions that come every hour or every few minutes
    /// go by elapsed time over both.
    pub fn next_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(expression) => {
                let (fields, distance) = Distance::split(expression).ok()?;
                let cron = parser().parse(fields).ok()?;
                match distance {
                    None => next_match(&cron, zone, after),
                    Some(distance) => distance.next_match(&cron, zone, after),
                }
            }
            Self::Every(seconds) => after.checked_add(SignedDuration::from_secs(i64::from(*seconds).max(1))).ok(),
        }
    }
}

/// The expression as it is, or `every N seconds`.
impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(expression) => f.write_str(expression),
            Self::Every(seconds) => write!(f, "every {seconds} seconds"),
        }
    }
}

/// The weeks or days in which an expression holds.
#[derive(Clone, Copy, Debug)]
struct Distance {
    /// Days apart.
    every: i64,
    from: Date,
    /// Whole weeks are counted, from the Monday of that date on.
    weeks: bool,
}

impl Distance {
    /// The most days apart: ten years.
    const MOST: i64 = 3650;
    /// Matches that are looked at for one that holds; after each that does not comes the next day or week that might.
    const TRIES: usize = 1040;

    /// The fields of an expression, and the distance if it names any.
    fn split(expression: &str) -> std::result::Result<(&str, Option<Self>), &'static str> {
        let Some((fields, rest)) = expression.split_once(" every ") else { return Ok((expression, None)) };
        let wrong = "what follows the fields is not like \"every 2 weeks from 2026-11-23\" or \"every 3 days from \
                     2026-11-23\"";
        let parts = rest.split_once(" weeks from ").map(|parts| (parts, 7));
        let ((every, from), length) =
            parts.or_else(|| rest.split_once(" days from ").map(|parts| (parts, 1))).ok_or(wrong)?;
        let every = every.parse().ok().filter(|every| (1..=Self::MOST / length).contains(every)).ok_or(wrong)?;
        let from: Date = from.parse().map_err(|_| wrong)?;
        let distance = Self { every: every * length, from, weeks: length == 7 };
        (1970..=9000).contains(&from.year()).then_some((fields, Some(distance))).ok_or(wrong)
    }

    fn next_match(self, cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let just_before =
            |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp() - SignedDuration::from_secs(1));
        let mut after = after.max(just_before(self.from)?);
        for _ in 0..Self::TRIES {
            let at = next_match(cron, zone, after)?;
            let date = at.to_zoned(zone.clone()).date();
            let ahead = self.days_to_next(date)?;
            if ahead == 0 {
                return Some(at);
            }
            after = just_before(date.checked_add(ahead.days()).ok()?)?;
        }
        None
    }

    /// How many days after this date the next day comes that holds; none if this one does.
    fn days_to_next(self, date: Date) -> Option<i64> {
        let begin = if self.weeks { monday_of(self.from)? } else { self.from };
        let passed = i64::from(date.since(begin).ok()?.get_days()).rem_euclid(self.every);
        let holds = passed < if self.weeks { 7 } else { 1 };
        Some(if holds { 0 } else { self.every - passed })
    }
}

fn monday_of(date: Date) -> Option<Date> {
    date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()
}

fn parser() -> CronParser {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build()
}

fn next_match(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    cron.find_next_occurrence(&after.to_zoned(zone.clone()), false).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    /// Berlin's rules: 02:00 becomes 03:00 on 29 March 2026, 03:00 becomes 02:00 on 25 October 2026.
    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    /// The next times after `after`, on Berlin's wall clock.
    fn upcoming(expression: &str, after: &str, count: usize) -> Vec<String> {
        let repeat = Repeat::parse_cron(expression).unwrap();
        let zone = berlin();
        let first: Timestamp = after.parse().unwrap();
        std::iter::successors(Some(first), |at| repeat.next_after(&zone, *at))
            .skip(1)
            .take(count)
            .map(|at| at.to_zoned(zone.clone()).strftime("%a %d %H:%M %:z").to_string())
            .collect()
    }

    #[test]
    fn weekdays_at_eight_stay_at_eight_through_both_changes() {
        assert_eq!(upcoming("0 8 * * 1-5", "2026-03-27T12:00:00Z", 2), ["Mon 30 08:00 +02:00", "Tue 31 08:00 +02:00"]);
        assert_eq!(
            upcoming("0 8 * * *", "2026-10-24T00:00:00Z", 3),
            ["Sat 24 08:00 +02:00", "Sun 25 08:00 +01:00", "Mon 26 08:00 +01:00"]
        );
    }

    #[test]
    fn a_time_that_is_skipped_comes_right_after_the_gap() {
        assert_eq!(
            upcoming("30 2 * * *", "2026-03-28T00:00:00Z", 3),
            ["Sat 28 02:30 +01:00", "Sun 29 03:00 +02:00", "Mon 30 02:30 +02:00"]
        );
    }

    #[test]
    fn a_time_that_is_repeated_comes_once() {
        assert_eq!(upcoming("30 2 * * *", "2026-10-24T12:00:00Z", 2), ["Sun 25 02:30 +02:00", "Mon 26 02:30 +01:00"]);
    }

    #[test]
    fn every_half_hour_goes_on_through_the_repeated_hour() {
        assert_eq!(
            upcoming("*/30 * * * *", "2026-10-24T23:30:00Z", 5),
            [
                "Sun 25 02:00 +02:00",
                "Sun 25 02:30 +02:00",
                "Sun 25 02:00 +01:00",
                "Sun 25 02:30 +01:00",
                "Sun 25 03:00 +01:00"
            ]
        );
    }

    #[test]
    fn every_other_week_stays_at_its_hour_and_in_its_weeks() {
        let mondays = "0 9 * * 1 every 2 weeks from 2026-10-12";
        assert_eq!(
            upcoming(mondays, "2026-10-10T00:00:00Z", 3),
            ["Mon 12 09:00 +02:00", "Mon 26 09:00 +01:00", "Mon 09 09:00 +01:00"]
        );
        assert_eq!(upcoming(mondays, "2026-09-01T00:00:00Z", 1), ["Mon 12 09:00 +02:00"]);
        assert_eq!(upcoming(mondays, "2026-10-13T00:00:00Z", 1), ["Mon 26 09:00 +01:00"]);
        let twice_a_week = "0 8 * * 1,4 every 3 weeks from 2026-11-26";
        assert_eq!(
            upcoming(twice_a_week, "2026-11-20T00:00:00Z", 4),
            ["Thu 26 08:00 +01:00", "Mon 14 08:00 +01:00", "Thu 17 08:00 +01:00", "Mon 04 08:00 +01:00"]
        );
        for wrong in [
            "every week",
            "every 0 weeks from 2026-11-23",
            "every 2 weeks from monday",
            "every 2 weeks from 0001-01-01",
        ] {
            let error = Repeat::parse_cron(&format!("0 9 * * 1 {wrong}")).unwrap_err().to_string();
            assert!(error.contains("every 2 weeks from 2026-11-23"), "{error}");
        }
    }

    #[test]
    fn every_few_days_are_counted_over_the_end_of_the_month_and_both_changes() {
        let every_third = "0 9 * * * every 3 days from 2026-11-29";
        assert_eq!(
            upcoming(every_third, "2026-11-29T09:00:00Z", 3),
            ["Wed 02 09:00 +01:00", "Sat 05 09:00 +01:00", "Tue 08 09:00 +01:00"]
        );
        assert_eq!(upcoming(every_third, "2026-09-01T00:00:00Z", 1), ["Sun 29 09:00 +01:00"]);
        let every_tenth = "30 2 * * * every 10 days from 2026-10-15";
        assert_eq!(
            upcoming(every_tenth, "2026-10-16T00:00:00Z", 3),
            ["Sun 25 02:30 +02:00", "Wed 04 02:30 +01:00", "Sat 14 02:30 +01:00"]
        );
        assert_eq!(upcoming("0 9 * * * every 3650 days from 2020-01-01", "2026-10-16T00:00:00Z", 1).len(), 1);
        for wrong in ["every 0 days from 2026-11-23", "every 3651 days from 2026-11-23", "every 3 days"] {
            let error = Repeat::parse_cron(&format!("0 9 * * * {wrong}")).unwrap_err().to_string();
            assert!(error.contains("every 3 days from 2026-11-23"), "{error}");
        }
    }

    #[test]
    fn days_by_their_place_in_the_month() {
        assert_eq!(upcoming("0 17 * * 5L", "2026-11-20T00:00:00Z", 2), ["Fri 27 17:00 +01:00", "Fri 25 17:00 +01:00"]);
        assert_eq!(upcoming("0 18 L * *", "2027-01-20T00:00:00Z", 2), ["Sun 31 18:00 +01:00", "Sun 28 18:00 +01:00"]);
        assert_eq!(upcoming("0 10 * * 2#2", "2026-11-20T00:00:00Z", 1), ["Tue 08 10:00 +01:00"]);
    }

    #[test]
    fn every_n_seconds_counts_seconds() {
        let at: Timestamp = "2026-03-29T00:59:30Z".parse().unwrap();
        assert_eq!(Repeat::Every(60).next_after(&berlin(), at), Some("2026-03-29T01:00:30Z".parse().unwrap()));
        assert_eq!(Repeat::Every(60).to_string(), "every 60 seconds");
        assert_eq!(Repeat::Every(60).next_after(&berlin(), Timestamp::MAX), None);
    }

    #[test]
    fn what_is_no_expression_of_five_fields_is_refused_with_an_example() {
        for wrong in ["", "0 8 * *", "0 0 8 * * 1-5", "@daily", "61 8 * * *", "0 8 * * someday", "0 0 30 2 *"] {
            let error = Repeat::parse_cron(wrong).unwrap_err();
            assert!(error.to_string().contains("such as \"0 8 * * 1-5\""), "{wrong}: {error}");
        }
        assert_eq!(Repeat::parse_cron("  0  8 * * MON-FRI ").unwrap().to_string(), "0 8 * * MON-FRI");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_accepted_comes(text in "[ 0-9*/,LW#?@A-Z-]{0,24}|\\PC{0,24}") {
            if let Ok(repeat) = Repeat::parse_cron(&text) {
                let now = Timestamp::UNIX_EPOCH;
                prop_assert!(repeat.next_after(&TimeZone::UTC, now).is_some_and(|next| next > now));
            }
        }
    }
}
