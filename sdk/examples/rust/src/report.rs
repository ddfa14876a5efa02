//! What the person gets to read and to take away: a line for each habit, the same as JSON, and a table of all days.

use std::fmt::Write as _;

use steward_sdk::Output;
use steward_sdk::serde_json::{Value, json};

use crate::days::{Days, number};

pub(crate) struct Habit {
    pub(crate) name: String,
    pub(crate) days: Days,
}

pub(crate) fn report(habits: &[Habit]) -> Output {
    let kept: Vec<_> = habits.iter().filter(|habit| !habit.days.is_empty()).collect();
    if kept.is_empty() {
        return Output::text("No habit has been kept yet.");
    }
    let (mut text, mut table) = (String::new(), String::from("habit,day\n"));
    for Habit { name, days } in &kept {
        let last = days.last().map(|day| day.to_string()).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}: {}, streak {}, last on {last}", number(days.count()), number(days.streak()));
        for day in days.iter() {
            let _ = writeln!(table, "{},{day}", field(name));
        }
    }
    let structured: Vec<Value> = kept.iter().map(|habit| habit.json()).collect();
    Output::text(text.trim_end()).structured(structured.into()).attach("habits.csv", "text/csv", table)
}

impl Habit {
    fn json(&self) -> Value {
        let days: Vec<_> = self.days.iter().map(|day| day.to_string()).collect();
        json!({ "habit": self.name, "days": days, "streak": self.days.streak() })
    }
}

/// A field of CSV. A spreadsheet must not take it for a formula.
fn field(text: &str) -> String {
    let harmless = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if harmless.contains([',', '"']) { format!("\"{}\"", harmless.replace('"', "\"\"")) } else { harmless }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_day_is_a_line_of_the_table() {
        let mut days = Days::default();
        days.add(date(2026, 11, 20));
        let habits =
            [Habit { name: "=cmd, \"x\"".to_owned(), days }, Habit { name: "gone".to_owned(), days: Days::default() }];
        let output = report(&habits);
        assert_eq!(output.text, "=cmd, \"x\": 1 day, streak 1 day, last on 2026-11-20");
        assert_eq!(output.attachments[0].data, b"habit,day\n\"'=cmd, \"\"x\"\"\",2026-11-20\n");
        assert!(output.structured.is_some_and(|value| value[0]["streak"] == 1));
    }
}
