//! What can go wrong in the store, in words that name the remedy.

use std::path::PathBuf;

use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::allowance::Resource;
use crate::column::{InboxId, RunId};

/// The crate's result.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the store did not do what it was asked. Nothing committed earlier is affected by any of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database file or its folder cannot be made or opened.
    #[error("cannot open the database {}: {reason}; check that its folder may be written to", path.display())]
    Open { path: PathBuf, reason: String },
    /// A newer program wrote the database.
    #[error(
        "the database has format {found} and this program knows formats up to {known}: start the newer version of \
         Steward, or restore the backup made before the update"
    )]
    Newer { found: u32, known: u32 },
    /// The file is not a database, is corrupt, or holds a row that cannot be understood.
    #[error("the database is damaged ({0}): stop Steward and restore a backup")]
    Damaged(String),
    /// Nothing more could be written. The change was not made; what was committed before is safe.
    #[error("the disk is full or failing ({0}): nothing was changed; free some space and try again")]
    DiskFull(String),
    /// Another process held the database for too long.
    #[error("another process is keeping the database locked: end it or try again in a moment")]
    Busy,
    /// The store was closed.
    #[error("the store is closed because Steward is shutting down: try again after the restart")]
    Closed,
    /// The thing named does not exist or is not the caller's.
    #[error("{0}")]
    NotFound(String),
    /// A query for one person fits several.
    #[error("\"{query}\" fits several people: {}; say which one by id or @username", names.join(", "))]
    Ambiguous { query: String, names: Vec<String> },
    /// A query fits only somebody who is not identified by it.
    #[error(
        "\"{query}\" fits only a name that somebody gave themselves: {}. The owner has not dealt with them under it, and \
         what people call themselves does not say who they are: name whom you mean by id or @username",
        names.join(", ")
    )]
    Stranger { query: String, names: Vec<String> },
    /// A message that a run has taken, or that was settled, cannot be taken again.
    #[error("incoming message {0} is already being handled or done: read the inbox again")]
    Taken(InboxId),
    /// The run has ended; nothing can be added to it.
    #[error("run {0} has ended or never was: begin a new one")]
    RunClosed(RunId),
    /// Too many wrong pairing codes.
    #[error("too many wrong codes: try again after {until}, or ask the owner for a new code then")]
    TooManyTries { until: Timestamp },
    /// Somebody who is not an owner has used up what they may use of this today.
    #[error(
        "what this person may use in a day ({}) is used up; nothing was changed. Tell them that it goes on tomorrow",
        .0.as_str()
    )]
    Exhausted(Resource),
    /// An argument does not fit: the text says which, and what would.
    #[error("{0}")]
    Invalid(String),
    /// Anything else SQLite reports, or a fault in this program.
    #[error("the database reported an error: {0}; the log has more, and `steward doctor` checks the database")]
    Internal(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let text = error.to_string();
        match error {
            E::SqliteFailure(failure, _) | E::SqlInputError { error: failure, .. } => {
                Self::from_code(failure.code, text)
            }
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..) => Self::Damaged(text),
            _ => Self::Internal(text),
        }
    }
}

impl StoreError {
    fn from_code(code: ErrorCode, text: String) -> Self {
        match code {
            ErrorCode::DiskFull | ErrorCode::SystemIoFailure => Self::DiskFull(text),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged(text),
            _ => Self::Internal(text),
        }
    }
}
