//! Lines for the host's log, which the owner of the installation reads. They never reach the model or the person.
//!
//! ```no_run
//! steward_sdk::log::info(format!("{} rows read", 12));
//! ```

use crate::bindings::steward::plugin::log as host;

pub use host::{Level, write};

/// What only helps to find a fault.
pub fn debug(line: impl AsRef<str>) {
    write(Level::Debug, line.as_ref());
}

/// What is worth knowing.
pub fn info(line: impl AsRef<str>) {
    write(Level::Info, line.as_ref());
}

/// What may be wrong.
pub fn warn(line: impl AsRef<str>) {
    write(Level::Warn, line.as_ref());
}

/// What is wrong.
pub fn error(line: impl AsRef<str>) {
    write(Level::Error, line.as_ref());
}
