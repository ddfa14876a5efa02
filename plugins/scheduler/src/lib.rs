//! The scheduler plugin: reminders and work for later, with dates and repetitions in words.
//!
//! What the words mean is decided by `steward-when` against the caller's wall clock; when it is due, and that it is
//! done once, is the host's business.

pub mod view;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use steward_sdk::schedule::{self, NewJob};
use steward_sdk::{Failure, NoArguments, Output, run};
use steward_when::{Due, When, WhenError};

steward_sdk::plugin! {
    /// Schedules a reminder, or with `prompt` work for yourself, once or repeated. Pass the person's own words for the
    /// time on instead of computing a date.
    schedule_task: write, requires ["schedule"] => schedule_task;

    /// Lists what is scheduled, with ids.
    list_scheduled: read, requires ["schedule"] => list_scheduled;

    /// Cancels something scheduled, by its id in list_scheduled.
    cancel_task: write, requires ["schedule"] => cancel_task;
}

/// What is to happen when.
#[derive(Deserialize, JsonSchema)]
pub struct ScheduleTask {
    /// What to remind of.
    title: String,
    /// `in an hour`, `Nov 25 at 14:30`, `завтра в 9`, `every weekday at 8`, or cron; on the person's clock.
    time: String,
    /// What you are to do then, complete in itself: this conversation is not remembered.
    prompt: Option<String>,
    /// If not in `time`: `daily`, `каждый день`, cron.
    repeat: Option<String>,
    /// Names or ids; else who asks.
    recipients: Option<Vec<String>>,
    model: Option<String>,
}

fn schedule_task(arguments: ScheduleTask) -> Result<Output, Failure> {
    let title = arguments.title.trim();
    if title.is_empty() {
        return Err(Failure::invalid("`title` is empty: say what the reminder is about"));
    }
    let when = when(&arguments.time, arguments.repeat.as_deref(), now()?)?;
    let job = schedule::create(&NewJob {
        title: title.to_owned(),
        prompt: given(arguments.prompt),
        due: due(when.due),
        recipients: arguments.recipients.unwrap_or_default(),
        model: given(arguments.model),
    })?;
    let mut text = format!("Scheduled {}", view::sentence(&job, &run::time_zone()));
    for note in when.notes {
        text.push(' ');
        text.push_str(&note);
    }
    Ok(Output::from(text).structured(view::row(&job)))
}

fn list_scheduled(_: NoArguments) -> Result<Output, Failure> {
    let jobs = schedule::list()?;
    if jobs.is_empty() {
        return Ok(Output::from("Nothing is scheduled.").structured(json!([])));
    }
    let lines: Vec<_> = jobs.iter().map(view::line).collect();
    Ok(Output::from(lines.join("\n")).structured(Value::Array(jobs.iter().map(view::row).collect())))
}

/// What to cancel.
#[derive(Deserialize, JsonSchema)]
pub struct CancelTask {
    task_id: String,
}

fn cancel_task(arguments: CancelTask) -> Result<Output, Failure> {
    let id = arguments.task_id.trim().trim_start_matches('#');
    if id.is_empty() {
        return Err(Failure::invalid("`task_id` is empty: list_scheduled shows the ids"));
    }
    let job = schedule::cancel(id)?;
    Ok(Output::from(format!("Cancelled \"{}\" (id {}).", job.title, job.id)).structured(view::row(&job)))
}

fn now() -> Result<DateTime, Failure> {
    let now = run::now();
    now.parse().map_err(|_| Failure::failed(format!("the host's clock reads `{now}`, which is not a date and time")))
}

fn when(time: &str, repeat: Option<&str>, now: DateTime) -> Result<When, Failure> {
    let when = match repeat {
        Some(repeat) => steward_when::parse_with_repeat(time, repeat, now),
        None => steward_when::parse(time, now),
    };
    when.map_err(|error| {
        let argument = if matches!(error, WhenError::NoRepetition(_)) { "repeat" } else { "time" };
        Failure::invalid(format!("`{argument}`: {error}"))
    })
}

fn due(due: Due) -> schedule::Due {
    match due {
        Due::After(seconds) => schedule::Due::After(seconds),
        Due::At(at) => schedule::Due::At(at.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        Due::Instant(at) => schedule::Due::At(at.to_string()),
        Due::Cron(expression) => schedule::Due::Cron(expression),
        Due::Every(seconds) => schedule::Due::Every(seconds),
    }
}

/// An argument that models leave blank is none.
fn given(argument: Option<String>) -> Option<String> {
    argument.filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(time: &str, repeat: Option<&str>) -> Result<schedule::Due, Failure> {
        let now = jiff::civil::date(2026, 11, 20).at(14, 5, 0, 0);
        when(time, repeat, now).map(|when| due(when.due))
    }

    #[test]
    fn words_become_what_the_host_understands() {
        assert_eq!(check("in one minute", None).unwrap(), schedule::Due::After(60));
        assert_eq!(check("завтра в 9", None).unwrap(), schedule::Due::At("2026-11-21T09:00:00".to_owned()));
        assert_eq!(check("every weekday at 8", None).unwrap(), schedule::Due::Cron("0 8 * * 1-5".to_owned()));
        assert_eq!(check("каждые 30 минут", None).unwrap(), schedule::Due::Every(1800));
        assert_eq!(
            check("2026-11-25T14:30+03:00", None).unwrap(),
            schedule::Due::At("2026-11-25T11:30:00Z".to_owned())
        );
        assert_eq!(check("at 9", Some("daily")).unwrap(), schedule::Due::Cron("0 9 * * *".to_owned()));
    }

    #[test]
    fn what_is_wrong_names_the_argument() {
        assert!(check("someday", None).unwrap_err().text().starts_with("`time`: `someday`"));
        assert!(check("at 9", Some("tomorrow")).unwrap_err().text().starts_with("`repeat`: `tomorrow`"));
        let past = check("2026-11-20 09:00", None).unwrap_err();
        assert!(past.text().contains("it is Friday 2026-11-20 14:05 now"));
    }

    #[test]
    fn blank_arguments_are_none() {
        assert_eq!(given(Some(" ".to_owned())), None);
        assert_eq!(given(Some("sonnet".to_owned())).as_deref(), Some("sonnet"));
    }
}
