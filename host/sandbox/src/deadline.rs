//! Until when a call may go on. While an owner is asked in the middle of it, its time stands still.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The end of one call. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Arc<watch::Sender<State>>);

#[derive(Clone, Copy, Debug)]
struct State {
    at: Instant,
    /// Waits for people that go on.
    waits: u32,
    /// Since when there is at least one.
    since: Option<Instant>,
}

/// Time that is not the call's, until this is dropped.
#[derive(Debug)]
pub(crate) struct Paused(Deadline);

impl Deadline {
    pub(crate) fn new(at: Instant) -> Self {
        Self(Arc::new(watch::Sender::new(State { at, waits: 0, since: None })))
    }

    /// The time that is left.
    pub(crate) fn left(&self) -> Duration {
        let state = *self.0.borrow();
        state.at.saturating_duration_since(state.since.unwrap_or_else(Instant::now))
    }

    /// Leaves at most so much time.
    pub(crate) fn shorten(&self, left: Duration) {
        self.0.send_modify(|state| state.at = state.at.min(state.since.unwrap_or_else(Instant::now) + left));
    }

    /// Stops the clock; it goes on when everything that stopped it has ended.
    pub(crate) fn pause(&self) -> Paused {
        self.0.send_modify(|state| {
            state.waits += 1;
            state.since.get_or_insert_with(Instant::now);
        });
        Paused(self.clone())
    }

    /// Returns when it has passed.
    pub(crate) async fn passed(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let State { at, since, .. } = *changes.borrow_and_update();
            tokio::select! {
                // A pause that came before the time was up is seen first.
                biased;
                // The sender is a field of `self`, so it cannot be gone.
                _ = changes.changed() => {}
                () = sleep_until(at), if since.is_none() => return,
            }
        }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| {
            state.waits = state.waits.saturating_sub(1);
            if state.waits == 0
                && let Some(since) = state.since.take()
            {
                state.at += since.elapsed();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn time_spent_waiting_for_people_is_added() {
        let deadline = Deadline::new(Instant::now() + 10 * SECOND);
        let mut passed = Box::pin(deadline.passed());
        assert!(futures::poll!(&mut passed).is_pending());
        let (one, other) = (deadline.pause(), deadline.pause());
        tokio::time::advance(60 * SECOND).await;
        drop(one);
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(deadline.left(), 10 * SECOND);
        assert!(futures::poll!(&mut passed).is_pending());
        drop(other);
        tokio::time::advance(9 * SECOND).await;
        assert!(futures::poll!(&mut passed).is_pending());
        tokio::time::advance(2 * SECOND).await;
        assert!(futures::poll!(&mut passed).is_ready());
        assert_eq!(deadline.left(), Duration::ZERO);
    }
}
