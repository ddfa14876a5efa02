//! The memory of the person the plugin works for: `MEMORY.md`, a log for each day, transcripts, a search over them all,
//! and what is known about the person as keys and values. Needs the grant `memory`.
//!
//! ```no_run
//! use steward_sdk::{Failure, memory};
//!
//! fn learn(fact: &str) -> Result<(), Failure> {
//!     memory::remember(&format!("- {fact}"))?;
//!     memory::note("learnt something")
//! }
//!
//! fn recall(question: &str) -> Result<Vec<String>, Failure> {
//!     let found = memory::search(question, 5)?;
//!     Ok(found.hits.into_iter().map(|hit| format!("{}:{} {}", hit.path, hit.first_line, hit.text)).collect())
//! }
//! ```

use crate::Failure;
use crate::bindings::steward::plugin::{memory as host, run};

pub use host::{
    Entry, File, Forgetting, Found, Hit, Levels, Source, State, append, files, forget, index, read, reindex, search,
    set_user_data, status, unindex, user_data,
};

/// The file of what is always known.
pub const FACTS: &str = "MEMORY.md";

/// Adds Markdown to what is always known.
///
/// # Errors
/// The host cannot write now.
pub fn remember(text: &str) -> Result<(), Failure> {
    append(FACTS, text)
}

/// Adds a line to today's log, with the time, on the caller's wall clock.
///
/// # Errors
/// The host cannot write now.
pub fn note(text: &str) -> Result<(), Failure> {
    let (path, line) = noted(&run::now(), text);
    append(&path, &line)
}

/// The whole text of a file, or nothing where it does not exist yet.
///
/// # Errors
/// There can be no such file, or the host cannot read it now.
pub fn read_if_there(path: &str) -> Result<Option<String>, Failure> {
    match read(path) {
        Err(Failure::NotFound(_)) => Ok(None),
        read => read.map(Some),
    }
}

/// The file of the day and the line to add, from `2026-11-20T14:05:00`.
fn noted(now: &str, text: &str) -> (String, String) {
    let (day, time) = now.split_once('T').unwrap_or((now, ""));
    (format!("memory/{day}.md"), format!("- {} {text}", time.get(..5).unwrap_or(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_goes_to_the_file_of_its_day() {
        let (path, line) = noted("2026-11-20T14:05:00", "met Ann");
        assert_eq!((path.as_str(), line.as_str()), ("memory/2026-11-20.md", "- 14:05 met Ann"));
    }
}
