//! What sets runs going besides messages: scheduled work, heartbeats, and events that people subscribed to.
//!
//! A source is one file. It says what is due or has happened when it is looked at, and when to look again; it may also be
//! told, and then asks to be looked at. The list of sources is given when the [`Executor`] is made. The executor alone
//! writes: what a source found goes into the inbox in the same transaction that marks it as done ([`Store::fire`]), so it
//! happens once, also over a crash.
//!
//! What people subscribe to is a [`Subject`]: it describes the present as a map from things to whatever would differ if
//! something happened to them. [`Watched`] makes a source of it: it compares that map with the one before.
//!
//! Nothing here knows sessions, models or wasm, or whether a run is wanted: a wake in the inbox is all it makes. Read
//! `source` first.
//!
//! [`Store::fire`]: steward_store::Store::fire

mod clock;
mod executor;
mod fault;
mod file;
mod heartbeat;
mod pace;
mod provenance;
mod schedule;
mod source;
mod subject;
mod task;
mod watched;

#[cfg(test)]
mod tests;

pub use clock::{Clock, SystemClock};
pub use executor::Executor;
pub use fault::Fault;
pub use file::File;
pub use heartbeat::Heartbeat;
pub use provenance::Provenance;
pub use schedule::{Reminders, Schedule, Words};
pub use source::{Found, Look, Wakes};
pub use subject::{Change, Seen, Sight, Stirred, Subject, fit, look};
pub use task::Task;
pub use watched::Watched;

/// Who else gets the result of a run, as the assistant is told.
pub(crate) fn send_result_to(others: &[String]) -> Option<String> {
    (!others.is_empty()).then(|| format!("Send the result to: {}.", others.join(", ")))
}
