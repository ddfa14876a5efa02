//! What one call takes beyond its time and memory: work of the processor and bytes over the network. It is kept beside
//! the call, so that it is known also of one that was dropped in the middle. It counts and never refuses.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Counted from all threads a call is worked on by.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    nanoseconds: AtomicU64,
    http_sent: AtomicU64,
    http_received: AtomicU64,
}

impl Spent {
    /// Runs the future and counts the processor's work in it. What others do for it in the meantime, such as writing to
    /// the database, is theirs.
    pub(crate) async fn metering<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        std::future::poll_fn(|context| {
            let before = worked();
            let polled = work.as_mut().poll(context);
            let nanoseconds = worked().saturating_sub(before).as_nanos();
            self.nanoseconds.fetch_add(u64::try_from(nanoseconds).unwrap_or(u64::MAX), Ordering::Relaxed);
            polled
        })
        .await
    }

    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed))
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.http_sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.http_received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Bytes of the bodies of requests and of responses.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.http_sent.load(Ordering::Relaxed), self.http_received.load(Ordering::Relaxed))
    }
}

/// How long this thread has kept a processor busy.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // Neither part is ever negative or too large.
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_counted_across_waiting() {
        let spent = Spent::default();
        let work = || std::hint::black_box((0..200_000_u64).fold(0, |sum, one| std::hint::black_box(sum ^ one)));
        let answer = spent.metering(async {
            work();
            tokio::task::yield_now().await;
            42
        });
        assert_eq!(answer.await, 42);
        let first = spent.cpu();
        assert!(first > Duration::ZERO);
        spent.metering(async { work() }).await;
        assert!(spent.cpu() > first);
    }

    #[tokio::test]
    async fn what_was_done_before_a_call_was_dropped_is_known() {
        let spent = Spent::default();
        let mut work = Box::pin(spent.metering(async {
            std::hint::black_box((0..200_000_u64).fold(0, |sum, one| std::hint::black_box(sum ^ one)));
            std::future::pending::<()>().await;
        }));
        assert!(futures::poll!(&mut work).is_pending());
        drop(work);
        assert!(spent.cpu() > Duration::ZERO);
    }
}
