//! The time, as whoever makes a source gives it. The wall clock may be set; the time that has passed only grows, and goes
//! by it what is waited for.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;

#[async_trait]
pub trait Clock: Send + Sync {
    /// What the wall clock says.
    fn now(&self) -> Timestamp;

    /// The time that has passed since the clock was made.
    fn elapsed(&self) -> Duration;

    async fn sleep(&self, time: Duration);
}

/// The clock of the machine.
pub struct SystemClock(Instant);

impl SystemClock {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
