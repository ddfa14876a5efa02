//! How scheduled work is shown: always with the exact day and time. Pure.

use jiff::civil::DateTime;
use serde_json::{Value, json};
use steward_sdk::schedule::Job;

/// `"Buy milk" (id 5) for Saturday 2026-11-21 09:00 (Europe/Berlin).`
pub fn sentence(job: &Job, time_zone: &str) -> String {
    let at = moment(&job.next);
    let when = match &job.repeat {
        None => format!("for {at} ({time_zone})"),
        Some(repeat) => format!("to repeat {}, first on {at} ({time_zone})", repetition(repeat)),
    };
    let for_whom =
        if job.recipients.is_empty() { String::new() } else { format!(" for {}", job.recipients.join(", ")) };
    format!("\"{}\" (id {}){for_whom} {when}.", job.title, job.id)
}

/// One line of the list.
pub fn line(job: &Job) -> String {
    let mut line = format!("- {} (id {}): {}", job.title, job.id, moment(&job.next));
    if let Some(repeat) = &job.repeat {
        line.push_str(&format!(", repeats {}", repetition(repeat)));
    }
    if !job.recipients.is_empty() {
        line.push_str(&format!(", for {}", job.recipients.join(", ")));
    }
    if let Some(prompt) = &job.prompt {
        line.push_str(&format!(", to do: {prompt}"));
    }
    line
}

/// The same for programs.
pub fn row(job: &Job) -> Value {
    json!({
        "id": job.id,
        "title": job.title,
        "prompt": job.prompt,
        "next": job.next,
        "repeat": job.repeat,
        "recipients": job.recipients,
    })
}

/// A date and time with its day of the week, seconds only where there are any.
fn moment(at: &str) -> String {
    match at.parse::<DateTime>() {
        Ok(at) if at.second() == 0 => at.strftime("%A %Y-%m-%d %H:%M").to_string(),
        Ok(at) => at.strftime("%A %Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => at.to_owned(),
    }
}

/// The host's words for a repetition, as a person would put them.
fn repetition(repeat: &str) -> String {
    let seconds = repeat.strip_prefix("every ").and_then(|rest| rest.strip_suffix(" seconds"));
    match seconds.and_then(|seconds| seconds.parse::<u32>().ok()) {
        Some(seconds) => every(seconds),
        None => cron(repeat).unwrap_or_else(|| format!("by `{repeat}`")),
    }
}

fn every(seconds: u32) -> String {
    let units = [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (length, name) = units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "second"));
    match seconds / length {
        1 => format!("every {name}"),
        count => format!("every {count} {name}s"),
    }
}

/// Plain daily, weekly and monthly expressions in words; others are shown as they are.
fn cron(expression: &str) -> Option<String> {
    let (fields, distance) = match expression.split_once(" every ") {
        Some((fields, distance)) => (fields, Some(distance.split_once(" from ")?.0)),
        None => (expression, None),
    };
    let [minute, hour, of_month, "*", of_week] = fields.split_whitespace().collect::<Vec<_>>()[..] else { return None };
    let (minute, hour): (u8, u8) = (minute.parse().ok()?, hour.parse().ok()?);
    let days = match (of_month, of_week, distance) {
        ("*", "*", Some(distance)) if distance.ends_with(" days") => format!("every {distance}"),
        ("*", days, Some(distance)) if distance.ends_with(" weeks") => format!("every {distance} on {}", names(days)?),
        ("*", "*", None) => "every day".to_owned(),
        ("*", "1-5", None) => "every weekday".to_owned(),
        ("L", "*", None) => "on the last day of every month".to_owned(),
        ("*", days, None) => match in_month(days) {
            Some(place) => format!("on {place} of every month"),
            None => format!("every {}", names(days)?),
        },
        _ => return None,
    };
    Some(format!("{days} at {hour}:{minute:02}"))
}

fn names(days: &str) -> Option<String> {
    let names: Option<Vec<_>> = days.split(',').map(day).collect();
    names.map(|names| names.join(", "))
}

/// `5L` is the last Friday, `1#2` the second Monday.
fn in_month(days: &str) -> Option<String> {
    const PLACES: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];
    if let Some(number) = days.strip_suffix('L') {
        return day(number).map(|name| format!("the last {name}"));
    }
    let (number, nth) = days.split_once('#')?;
    let place = PLACES.get(nth.parse::<usize>().ok()?.checked_sub(1)?)?;
    day(number).map(|name| format!("the {place} {name}"))
}

fn day(number: &str) -> Option<&'static str> {
    const NAMES: [&str; 8] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    number.parse::<usize>().ok().and_then(|number| NAMES.get(number).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(next: &str, repeat: Option<&str>) -> Job {
        Job {
            id: "5".to_owned(),
            title: "Buy milk".to_owned(),
            prompt: None,
            next: next.to_owned(),
            repeat: repeat.map(ToOwned::to_owned),
            recipients: Vec::new(),
        }
    }

    #[test]
    fn the_answer_says_exactly_when() {
        let check = |next: &str, repeat| sentence(&job(next, repeat), "Europe/Berlin");
        assert_eq!(
            check("2026-11-20T14:06:07", None),
            "\"Buy milk\" (id 5) for Friday 2026-11-20 14:06:07 (Europe/Berlin)."
        );
        assert_eq!(
            check("2026-11-23T08:00:00", Some("0 8 * * 1-5")),
            "\"Buy milk\" (id 5) to repeat every weekday at 8:00, first on Monday 2026-11-23 08:00 (Europe/Berlin)."
        );
    }

    #[test]
    fn repetitions_are_shown_in_words_where_there_are_any() {
        for (repeat, words) in [
            ("every 1800 seconds", "every 30 minutes"),
            ("every 3600 seconds", "every hour"),
            ("every 90 seconds", "every 90 seconds"),
            ("every 1209600 seconds", "every 2 weeks"),
            ("30 9 * * *", "every day at 9:30"),
            ("0 10 * * 1,4", "every Monday, Thursday at 10:00"),
            ("0 9 * * 1 every 2 weeks from 2026-11-23", "every 2 weeks on Monday at 9:00"),
            ("0 9 * * * every 3 days from 2026-11-23", "every 3 days at 9:00"),
            ("0 17 * * 5L", "on the last Friday of every month at 17:00"),
            ("30 9 * * 1#2", "on the second Monday of every month at 9:30"),
            ("0 18 L * *", "on the last day of every month at 18:00"),
            ("0 9 1 * *", "by `0 9 1 * *`"),
            ("*/15 9-18 * * 1-5", "by `*/15 9-18 * * 1-5`"),
        ] {
            assert_eq!(repetition(repeat), words);
        }
    }

    #[test]
    fn the_list_names_everything() {
        let job = Job {
            prompt: Some("Read the news".to_owned()),
            recipients: vec!["Анна".to_owned()],
            ..job("2026-11-21T09:00:00", Some("0 9 * * *"))
        };
        assert_eq!(
            line(&job),
            "- Buy milk (id 5): Saturday 2026-11-21 09:00, repeats every day at 9:00, for Анна, to do: Read the news"
        );
    }
}
