//! When repeated work comes next, on a wall clock whose days are not all 24 hours long.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Result, StoreError};

/// How often work repeats.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// A cron expression of five fields, read on the owner's wall clock.
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
                "\"{expression}\" is no cron expression ({reason}): give minute, hour, day of the month, month and day \
                 of the week, such as \"0 8 * * 1-5\""
            ))
        };
        let fields = expression.split(' ').count();
        if fields != 5 {
            return Err(invalid(&format!("it has {fields} fields instead of 5")));
        }
        let cron = parser().parse(&expression).map_err(|error| invalid(&error.to_string()))?;
        if next_match(&cron, &TimeZone::UTC, Timestamp::UNIX_EPOCH).is_none() {
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
            Self::Cron(expression) => next_match(&parser().parse(expression).ok()?, zone, after),
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
