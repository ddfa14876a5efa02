//! `[access.limits]`: what people who are not owners may use up in a day, and how long what outsiders sent is kept.

use anyhow::bail;
use jiff::tz::TimeZone;
use serde::Deserialize;
use steward_store::{Allowances, Budget, Resource};

/// A megabyte, as budgets and files are told in.
const MB: u64 = 1 << 20;
/// Money is counted in millionths.
const MILLIONTHS: f64 = 1e6;

/// What one person who is not an owner may use up in a day, and what holds for all of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleLimits {
    /// Messages that are handled, per day and person who is not an owner.
    pub messages: u64,
    /// Files that are fetched, per day and person.
    pub files: u64,
    /// Files and messages that are kept, per day and person.
    ///
    /// Values: megabytes
    pub megabytes: u64,
    /// Tokens of models, per day and person.
    pub tokens: u64,
    /// Cost of models, per day and person, in the currency of `price_in` and `price_out`, which each of the `[[models]]`
    /// then needs.
    ///
    /// Default: no limit
    pub money: Option<f64>,
    /// Messages to owners that are sent at once, per day and person; further ones are gathered.
    pub messages_to_owner: u64,
    /// Answers to tasks, per day and person.
    pub task_answers: u64,
    /// What all people together may use up whom no owner has let in.
    pub together: Together,
    /// Outsiders who are answered at the same time, each in one conversation.
    ///
    /// Values: 1 to 1000
    pub runs_at_once: u32,
    /// The shortest time between two gathered messages.
    ///
    /// Values: minutes, 1 to 1440
    pub digest_minutes: u32,
    /// How long what outsiders sent is kept.
    ///
    /// Values: days, 1 to 3650
    pub keep_days: u32,
}

impl Default for PeopleLimits {
    fn default() -> Self {
        Self {
            messages: 200,
            files: 50,
            megabytes: 100,
            tokens: 500_000,
            money: None,
            messages_to_owner: 10,
            task_answers: 50,
            together: Together::default(),
            runs_at_once: 8,
            digest_minutes: 30,
            keep_days: 30,
        }
    }
}

/// See [`PeopleLimits::together`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Together {
    /// Messages that are handled, per day, all strangers together.
    pub messages: u64,
    /// Files that are fetched, likewise.
    pub files: u64,
    /// Files and messages that are kept, likewise.
    ///
    /// Values: megabytes
    pub megabytes: u64,
    /// Tokens of models, likewise.
    pub tokens: u64,
    /// Cost of models, likewise.
    ///
    /// Default: no limit
    pub money: Option<f64>,
    /// Messages to owners that are sent at once, likewise.
    pub messages_to_owner: u64,
}

impl Default for Together {
    fn default() -> Self {
        Self { messages: 2_000, files: 300, megabytes: 500, tokens: 3_000_000, money: None, messages_to_owner: 30 }
    }
}

impl PeopleLimits {
    pub(super) fn checked(self) -> anyhow::Result<Self> {
        let counts = [
            ("messages", self.messages, 1_000_000),
            ("files", self.files, 100_000),
            ("megabytes", self.megabytes, 1_000_000),
            ("tokens", self.tokens, 1_000_000_000),
            ("messages_to_owner", self.messages_to_owner, 10_000),
            ("task_answers", self.task_answers, 10_000),
            ("together.messages", self.together.messages, 10_000_000),
            ("together.files", self.together.files, 1_000_000),
            ("together.megabytes", self.together.megabytes, 10_000_000),
            ("together.tokens", self.together.tokens, 10_000_000_000),
            ("together.messages_to_owner", self.together.messages_to_owner, 100_000),
        ];
        for (key, value, most) in counts {
            if value > most {
                bail!("access.limits.{key}: {value} is out of range. Use 0 (none at all) to {most}.");
            }
        }
        for (key, value, most) in [
            ("runs_at_once", self.runs_at_once, 1_000),
            ("digest_minutes", self.digest_minutes, 1_440),
            ("keep_days", self.keep_days, 3_650),
        ] {
            if !(1..=most).contains(&value) {
                bail!("access.limits.{key}: {value} is out of range. Use 1 to {most}.");
            }
        }
        for (key, value) in [("money", self.money), ("together.money", self.together.money)] {
            if value.is_some_and(|money| !(0.0..=1e6).contains(&money)) {
                bail!("access.limits.{key}: use an amount from 0 to 1000000, or leave it out for no limit.");
            }
        }
        Ok(self)
    }

    /// As the store counts it.
    pub(crate) fn allowances(&self, zone: TimeZone) -> Allowances {
        let each = [
            (Resource::Messages, Some(self.messages)),
            (Resource::Files, Some(self.files)),
            (Resource::Bytes, Some(self.megabytes * MB)),
            (Resource::Tokens, Some(self.tokens)),
            (Resource::Money, self.money.map(millionths)),
            (Resource::Letters, Some(self.messages_to_owner)),
            (Resource::Answers, Some(self.task_answers)),
        ];
        let together = [
            (Resource::Messages, Some(self.together.messages)),
            (Resource::Files, Some(self.together.files)),
            (Resource::Bytes, Some(self.together.megabytes * MB)),
            (Resource::Tokens, Some(self.together.tokens)),
            (Resource::Money, self.together.money.map(millionths)),
            (Resource::Letters, Some(self.together.messages_to_owner)),
        ];
        Allowances { each: budget(each), together: budget(together), zone }
    }
}

fn budget(limits: impl IntoIterator<Item = (Resource, Option<u64>)>) -> Budget {
    Budget(limits.into_iter().filter_map(|(resource, limit)| Some((resource, limit?))).collect())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was checked to be 0 to a million")]
fn millionths(money: f64) -> u64 {
    (money * MILLIONTHS).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_become_budgets_and_money_counts_only_where_it_is_limited() {
        let limits = PeopleLimits { money: Some(0.5), ..PeopleLimits::default() }.checked().unwrap();
        let allowances = limits.allowances(TimeZone::UTC);
        assert_eq!(allowances.each.0[&Resource::Money], 500_000);
        assert_eq!(allowances.each.0[&Resource::Bytes], 100 << 20);
        assert_eq!(allowances.together.0.get(&Resource::Money), None);
        assert_eq!(allowances.together.0.get(&Resource::Answers), None);
    }
}
