//! Recognising a cron expression and finding its mistakes, so that they are named before anything is scheduled.

use crate::error::WhenError;
use crate::repeat::MOST_DAYS;

/// A field's name, its bounds and the names its values may have, from the lower bound on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "day of the week", least: 0, most: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/// What may follow the fields: `every 2 weeks from 2026-11-23`, `every 3 days from 2026-11-23`.
fn is_distance(rest: &[&str]) -> bool {
    let ["every", count, unit, "from", date] = rest else { return false };
    let most = match *unit {
        "weeks" => 520,
        "days" => MOST_DAYS,
        _ => return false,
    };
    count.parse::<u32>().is_ok_and(|count| (1..=most).contains(&count)) && date.parse::<jiff::civil::Date>().is_ok()
}

/// The expression, if the text is one; a text that looks like one and is none is an error.
pub(crate) fn recognise(text: &str) -> Result<Option<String>, WhenError> {
    let plain = text.trim().trim_matches('`').to_lowercase();
    let fields: Vec<_> = plain.split_whitespace().collect();
    let looks_alike = fields.len() >= 5 && fields.iter().take(3).all(|field| is_numeric(field));
    if !looks_alike {
        return Ok(None);
    }
    let expression = fields.join(" ");
    let fields = if fields.len() == 10 && is_distance(&fields[5..]) { &fields[..5] } else { &fields[..] };
    let wrong = |problem: String| WhenError::Cron { expression: expression.clone(), problem };
    if fields.len() != FIELDS.len() {
        return Err(wrong("it needs five fields: minute, hour, day of the month, month, day of the week".to_owned()));
    }
    for (field, text) in FIELDS.iter().zip(fields) {
        field.check(text).map_err(wrong)?;
    }
    // The signs for the last day and the last of a weekday are capital letters.
    Ok(Some(match expression.split_once(" every ") {
        None => upper_last(&expression),
        Some((fields, rest)) => format!("{} every {rest}", upper_last(fields)),
    }))
}

fn upper_last(fields: &str) -> String {
    let upper = |field: &str| match field.strip_suffix('l') {
        Some(rest) if rest.chars().all(|c| c.is_ascii_digit()) => format!("{rest}L"),
        _ => field.to_owned(),
    };
    fields.split(' ').map(upper).collect::<Vec<_>>().join(" ")
}

fn is_numeric(field: &str) -> bool {
    let plain = field.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c));
    (plain || field == "l") && !field.contains("--") && field.len() < 40
}

impl Field {
    fn check(&self, text: &str) -> Result<(), String> {
        text.split(',').try_for_each(|part| self.check_part(part))
    }

    fn check_part(&self, part: &str) -> Result<(), String> {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        if step.is_some_and(|step| !step.parse::<u32>().is_ok_and(|step| step > 0)) {
            return Err(format!("`{part}` has no step after the slash ({})", self.name));
        }
        if range == "*" || self.is_special(range) {
            return Ok(());
        }
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        if self.value(from)? > self.value(to)? {
            return Err(format!("`{range}` runs backwards ({})", self.name));
        }
        Ok(())
    }

    /// The last day of the month; the second or the last of a weekday in the month.
    fn is_special(&self, text: &str) -> bool {
        match self.name {
            "day of the month" => text == "l",
            "day of the week" => match text.strip_suffix('l').or_else(|| text.strip_suffix("#l")) {
                Some(day) => self.value(day).is_ok(),
                None => text.split_once('#').is_some_and(|(day, nth)| {
                    self.value(day).is_ok() && nth.parse::<u32>().is_ok_and(|nth| (1..=5).contains(&nth))
                }),
            },
            _ => false,
        }
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().position(|name| *name == text).and_then(|at| u32::try_from(at).ok());
        let value = named.map(|at| at + self.least).or_else(|| text.parse().ok());
        value
            .filter(|value| (self.least..=self.most).contains(value))
            .ok_or_else(|| format!("`{text}` is no {}: it goes from {} to {}", self.name, self.least, self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_from_words() {
        for text in
            ["0 8 * * 1-5", "*/15 9-18 * * *", "0 9 1 jan,jul *", "30 7 * * mon-fri", "0 0 29 2 *", " `0 8 * * *` "]
        {
            assert!(recognise(text).unwrap().is_some(), "{text}");
        }
        for text in ["every day at 9 30", "tomorrow", "9", "2026-11-25 14:30", "in 1 hour and 5 minutes"] {
            assert_eq!(recognise(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, problem) in [
            ("60 8 * * *", "`60` is no minute: it goes from 0 to 59"),
            ("0 25 * * *", "`25` is no hour"),
            ("0 8 0 * *", "`0` is no day of the month"),
            ("0 8 * 13 *", "`13` is no month"),
            ("0 8 * * fru", "`fru` is no day of the week"),
            ("*/0 8 * * *", "no step"),
            ("0 18-9 * * *", "runs backwards"),
            ("0 0 8 * * *", "five fields"),
        ] {
            let error = recognise(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
