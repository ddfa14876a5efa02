//! The memory plugin: facts that last go to MEMORY.md, what happened goes to the day's log.
//!
//! How an entry looks and what is read back is decided here, in [`entry`] and [`context`]; the files are the host's.

pub mod context;
pub mod entry;
pub mod path;

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::{Failure, NoArguments, memory, run};

use crate::path::FACTS;

steward_sdk::plugin! {
    /// Saves a lasting fact to long-term memory (MEMORY.md): preferences, names, dates, decisions, anything the person
    /// asks you to remember. Write one self-contained sentence, so that it is understood without this conversation:
    /// `The owner's flat number is 42.` A fact that is there already is not added again.
    memory_append: write, requires ["memory"] => append;

    /// Adds a line with the time to today's log (memory/YYYY-MM-DD.md): what was done, decided or said today. For
    /// lasting facts use memory_append instead.
    memory_log: write, requires ["memory"] => log;

    /// Reads one memory file: `MEMORY.md` for lasting facts, `HEARTBEAT.md` for the standing instructions, a day such
    /// as `2026-11-20` or `today` for that day's log. Use it before answering from memory what you are not sure of.
    memory_read: read, requires ["memory"] => read;

    /// Reads what is remembered in one go: the lasting facts and the logs of the last days, the newest kept when it is
    /// too long. Use it when a question may concern earlier conversations.
    memory_context: read, requires ["memory"] => read_context;
}

/// What to save.
#[derive(Deserialize, JsonSchema)]
pub struct Append {
    /// The fact, as one self-contained sentence or a Markdown block.
    content: String,
}

fn append(arguments: Append) -> Result<String, Failure> {
    let known = read_or_empty(FACTS)?;
    let entry = entry::fact(&arguments.content)?;
    if entry::contains(&known, &entry) {
        return Ok(format!("{FACTS} already says this; nothing was added."));
    }
    memory::append(FACTS, &entry)?;
    Ok(format!("Saved to {FACTS}: {entry}"))
}

/// What happened.
#[derive(Deserialize, JsonSchema)]
pub struct Log {
    /// What happened, in a sentence or two.
    content: String,
}

fn log(arguments: Log) -> Result<String, Failure> {
    let now = run::now();
    let (date, time) = entry::date_and_time(&now)?;
    let line = entry::log_line(time, &arguments.content)?;
    let path = path::of_day(date);
    let is_new = read_or_empty(&path)?.trim().is_empty();
    let text = if is_new { format!("# {date}\n\n{line}") } else { line.clone() };
    memory::append(&path, &text)?;
    Ok(format!("Added to {path}: {line}"))
}

/// Which file.
#[derive(Deserialize, JsonSchema)]
pub struct Read {
    /// `MEMORY.md`, `HEARTBEAT.md`, `today`, a date such as `2026-11-20`, or `memory/2026-11-20.md`.
    path: String,
}

fn read(arguments: Read) -> Result<String, Failure> {
    let now = run::now();
    let path = path::resolve(&arguments.path, entry::date_and_time(&now)?.0)?;
    match memory::read(&path) {
        Ok(text) if text.trim().is_empty() => Ok(format!("{path} is empty.")),
        Ok(text) => Ok(context::shorten_middle(&text, context::READ_LIMIT)),
        Err(Failure::NotFound(_)) => Err(missing(&path)?),
        Err(failure) => Err(failure),
    }
}

fn missing(path: &str) -> Result<Failure, Failure> {
    let there: Vec<_> = memory::files()?.into_iter().take(20).map(|file| file.path).collect();
    let hint = if there.is_empty() {
        "nothing is remembered yet".to_owned()
    } else {
        format!("there are: {}", there.join(", "))
    };
    Ok(Failure::NotFound(format!("there is no {path}; {hint}")))
}

fn read_context(_: NoArguments) -> Result<String, Failure> {
    let days: Vec<_> = memory::files()?.into_iter().map(|file| file.path).filter(|path| path::is_day(path)).collect();
    let facts = read_or_empty(FACTS)?;
    let mut picked = context::Context::new(&facts);
    for day in days.into_iter().take(context::DAYS) {
        if picked.is_full() {
            break;
        }
        picked.add_day(&day, &read_or_empty(&day)?);
    }
    Ok(picked.into_text())
}

fn read_or_empty(path: &str) -> Result<String, Failure> {
    match memory::read(path) {
        Err(Failure::NotFound(_)) => Ok(String::new()),
        other => other,
    }
}
