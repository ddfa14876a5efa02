//! The time a run spends waiting for people, which does not count as the run's own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A run's waits. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    open: u32,
    /// Since when at least one is open.
    since: Option<Instant>,
    before: Duration,
}

/// A wait that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting(Waits);

impl Waits {
    pub(crate) fn begin(&self) -> Waiting {
        self.change(|state| {
            state.open += 1;
            state.since.get_or_insert_with(Instant::now);
        });
        Waiting(self.clone())
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.change(|state| state.open > 0)
    }

    /// What is left of `limit` for a run that began at `started`.
    pub(crate) fn left(&self, started: Instant, limit: Duration) -> Duration {
        let now = Instant::now();
        let waited =
            self.change(|state| state.before + state.since.map_or(Duration::ZERO, |since| now.duration_since(since)));
        limit.saturating_sub(now.duration_since(started).saturating_sub(waited))
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.open = state.open.saturating_sub(1);
            if state.open == 0
                && let Some(since) = state.since.take()
            {
                state.before += since.elapsed();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_for_people_is_not_counted_and_two_waits_at_once_are_one() {
        let (started, limit) = (Instant::now(), Duration::from_secs(300));
        let waits = Waits::default();
        tokio::time::advance(Duration::from_secs(100)).await;
        assert_eq!(waits.left(started, limit), Duration::from_secs(200));
        let (one, other) = (waits.begin(), waits.begin());
        assert!(waits.is_waiting());
        tokio::time::advance(Duration::from_secs(1_000)).await;
        assert_eq!(waits.left(started, limit), Duration::from_secs(200));
        drop(one);
        tokio::time::advance(Duration::from_secs(1_000)).await;
        drop(other);
        assert!(!waits.is_waiting());
        tokio::time::advance(Duration::from_secs(150)).await;
        assert_eq!(waits.left(started, limit), Duration::from_secs(50));
    }
}
