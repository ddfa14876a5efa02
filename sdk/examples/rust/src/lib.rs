//! Keeps track of habits: which were done on which day. The days of a habit lie under one key of the plugin's own data,
//! which the host keeps apart for each person.

mod days;
mod report;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, Output, kv, run};

use crate::days::Days;
use crate::report::Habit;

steward_sdk::plugin! {
    /// Marks a habit as done, today or on another day. Use it when the person says that they have done something they
    /// want to do regularly. Example: `{"habit": "running"}`.
    habit_done: write, requires ["kv"] => done;

    /// Takes back a mark that was made by mistake.
    habit_undo: write, requires ["kv"] => undo;

    /// Tells for every habit how often it was done and the longest streak, with a table as a file. Use it when the
    /// person asks how they are doing.
    habit_report: read, requires ["kv"] => tell;
}

/// What the keys of habits begin with.
const PREFIX: &str = "habit/";

/// The longest name, in characters.
const NAME: usize = 60;

#[derive(Deserialize, JsonSchema)]
struct Mark {
    /// What is done, in a word or a few: `running`.
    habit: String,
    /// The day as YYYY-MM-DD; today if it is left out.
    day: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
struct Report {
    /// Only this habit.
    habit: Option<String>,
}

fn done(mark: Mark) -> Result<String, Failure> {
    let (name, day) = (name(&mark.habit)?, day(mark.day.as_deref())?);
    let mut days = read(&name)?;
    days.add(day);
    keep(&name, &days)?;
    Ok(format!("{}: done on {day}. {}", mark.habit.trim(), days.summary()))
}

fn undo(mark: Mark) -> Result<String, Failure> {
    let (name, day) = (name(&mark.habit)?, day(mark.day.as_deref())?);
    let mut days = read(&name)?;
    if !days.remove(day) {
        return Err(Failure::not_found(format!("`{name}` is not marked as done on {day}: see habit_report")));
    }
    keep(&name, &days)?;
    Ok(format!("{}: not done on {day}. {}", mark.habit.trim(), days.summary()))
}

fn tell(Report { habit }: Report) -> Result<Output, Failure> {
    let names = match habit {
        Some(habit) => vec![name(&habit)?],
        None => kv::list(PREFIX)?.into_iter().map(|key| key[PREFIX.len()..].to_owned()).collect(),
    };
    let habits = names.into_iter().map(|name| Ok(Habit { days: read(&name)?, name }));
    Ok(report::report(&habits.collect::<Result<Vec<_>, Failure>>()?))
}

fn read(name: &str) -> Result<Days, Failure> {
    Ok(kv::get(&format!("{PREFIX}{name}"))?.unwrap_or_default())
}

/// A habit without days is forgotten.
fn keep(name: &str, days: &Days) -> Result<(), Failure> {
    let key = format!("{PREFIX}{name}");
    if days.is_empty() { kv::delete(&key) } else { kv::set(&key, days) }
}

/// The name a habit is kept under: `Running ` and `running` are the same.
fn name(habit: &str) -> Result<String, Failure> {
    let name = habit.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    match name.chars().count() {
        0 => Err(Failure::invalid("`habit` is empty: name what was done, such as `running`")),
        1..=NAME => Ok(name),
        _ => Err(Failure::invalid(format!("`habit` is longer than {NAME} characters: name it in a few words"))),
    }
}

fn day(given: Option<&str>) -> Result<Date, Failure> {
    let now;
    let text = match given {
        Some(day) => day.trim(),
        // Date and time on the caller's wall clock.
        None => {
            now = run::now();
            now.split_once('T').map_or(now.as_str(), |(day, _)| day)
        }
    };
    text.parse().map_err(|_| Failure::invalid(format!("`day` is `{text}`, which is not a date such as 2026-11-20")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_mean_them() {
        assert_eq!(name("  Morning   RUN ").as_deref(), Ok("morning run"));
        assert!(name(&"a".repeat(61)).is_err());
    }

    #[test]
    fn a_day_is_checked() {
        assert!(day(Some("2028-02-29")).is_ok());
        assert!(matches!(day(Some("tomorrow")), Err(Failure::Invalid(text)) if text.contains("`tomorrow`")));
    }
}
