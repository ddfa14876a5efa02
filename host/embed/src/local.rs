//! A model that runs on this machine's processor, from a folder in the layout of sentence-transformers.

use std::thread::available_parallelism;
use std::time::Duration;

/// How much of the machine a local model may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalOptions {
    /// Threads that compute.
    pub threads: usize,
    /// How long the model stays in memory after it was last used.
    pub idle: Duration,
    /// Tokens that are computed at once, padding among them: memory and the time until a dropped call ends grow with it.
    pub batch_tokens: usize,
}

impl Default for LocalOptions {
    /// Half of the processors, five minutes.
    fn default() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        Self { threads: processors.div_ceil(2), idle: Duration::from_secs(300), batch_tokens: 2048 }
    }
}
