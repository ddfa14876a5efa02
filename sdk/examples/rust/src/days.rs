//! The days on which a habit was done, and what follows from them. Nothing is read or kept here.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Days(BTreeSet<Date>);

impl Days {
    pub(crate) fn add(&mut self, day: Date) {
        self.0.insert(day);
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, day: Date) -> bool {
        self.0.remove(&day)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn last(&self) -> Option<Date> {
        self.0.last().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Date> {
        self.0.iter().copied()
    }

    /// The most days one after the other.
    pub(crate) fn streak(&self) -> usize {
        let (mut longest, mut current, mut before) = (0, 0, None);
        for day in self.iter() {
            let follows = before.and_then(|before: Date| before.tomorrow().ok()) == Some(day);
            current = if follows { current + 1 } else { 1 };
            longest = longest.max(current);
            before = Some(day);
        }
        longest
    }

    pub(crate) fn summary(&self) -> String {
        format!("{} in all, the longest streak is {}.", number(self.count()), number(self.streak()))
    }
}

/// `1 day`, `2 days`.
pub(crate) fn number(days: usize) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_streak_crosses_months_and_ends_at_a_gap() {
        let mut days = Days::default();
        for day in [date(2026, 11, 2), date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 4)] {
            days.add(day);
        }
        assert_eq!((days.count(), days.streak(), days.last()), (4, 3, Some(date(2026, 11, 4))));
        assert_eq!(days.summary(), "4 days in all, the longest streak is 3 days.");
        assert!(days.remove(date(2026, 11, 1)) && !days.remove(date(2026, 11, 1)));
        assert_eq!(days.streak(), 1);
        assert_eq!(Days::default().streak(), 0);
    }
}
