//! What a source of runs is. It never writes: what it finds is written by the executor.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use steward_store::{Firing, StoreError};

/// Something that sets runs going.
#[async_trait]
pub trait Wakes: Send + Sync {
    /// For the log; of a subject, its kind.
    fn name(&self) -> &'static str;

    /// What is due or has happened. It may be called at any time and tells the same again until that is marked as done.
    ///
    /// # Errors
    /// It cannot be looked at now, and is looked at again soon.
    async fn look(&self, now: Timestamp) -> Result<Look, StoreError>;

    /// Returns when it was told of something it should be looked at for; never, where nothing tells it. Dropped in the
    /// middle, it loses nothing.
    async fn told(&self) {
        std::future::pending().await
    }
}

/// What there was to see.
#[derive(Debug, Default)]
pub struct Look {
    pub found: Vec<Found>,
    /// It should be looked at again after this time, also if nobody asks for it. Each is looked at now and then anyway.
    pub again: Option<Duration>,
}

/// Something that is due or has happened.
#[derive(Debug, PartialEq)]
pub struct Found {
    /// For the log, such as `job 12, buy milk`.
    pub what: String,
    pub firing: Firing,
}
