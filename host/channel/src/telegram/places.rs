//! Places for calls to the Bot API, all chats together: a bucket that fills again by the second and lets a burst
//! through while it is full. The owners' calls go before all others.
//!
//! Telegram takes about 30 messages a second over all chats, and more for a moment. What it takes for how long it does
//! not say, so after it once asked to wait, bursts are small for a while.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

const PER_SECOND: f64 = 30.0;
const BURST: f64 = 60.0;
/// The burst after Telegram asked to wait, and for how long.
const CAREFUL_BURST: f64 = 5.0;
const CAREFUL: Duration = Duration::from_secs(120);
/// Places that only owners' calls may take.
const KEPT: f64 = 2.0;

pub(super) struct Places {
    bucket: Mutex<Bucket>,
    /// Held by the call that is next; those behind it come in the order they came.
    first: Semaphore,
    others: Semaphore,
    /// Owners' calls that wait.
    waiting_first: AtomicUsize,
}

struct Bucket {
    places: f64,
    filled: Instant,
    careful_until: Instant,
}

impl Places {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self {
            bucket: Mutex::new(Bucket { places: BURST, filled: now, careful_until: now }),
            first: Semaphore::new(1),
            others: Semaphore::new(1),
            waiting_first: AtomicUsize::new(0),
        }
    }

    /// Waits for a place.
    pub(super) async fn take(&self, first: bool) {
        let _waiting = first.then(|| Waiting::new(&self.waiting_first));
        // Nobody closes the lines, so this is never an error.
        let _turn = if first { &self.first } else { &self.others }.acquire().await;
        while let Err(wait) = self.try_take(first) {
            sleep(wait).await;
        }
    }

    /// Takes a place if one is free that nobody waits for who comes before.
    pub(super) fn take_if_free(&self, first: bool) -> bool {
        let line = if first { &self.first } else { &self.others };
        line.try_acquire().is_ok_and(|_turn| self.try_take(first).is_ok())
    }

    /// Telegram asked to wait: what has gathered is given up.
    pub(super) fn be_careful(&self) {
        let now = Instant::now();
        let mut bucket = self.bucket();
        bucket.fill(now);
        bucket.places = bucket.places.min(1.0);
        bucket.careful_until = now + CAREFUL;
    }

    /// Takes a place, or says when to try again.
    fn try_take(&self, first: bool) -> Result<(), Duration> {
        let needed = if first { 1.0 } else { 1.0 + KEPT };
        let overtaken = !first && self.waiting_first.load(Ordering::SeqCst) > 0;
        let mut bucket = self.bucket();
        bucket.fill(Instant::now());
        if !overtaken && bucket.places >= needed {
            bucket.places -= 1.0;
            return Ok(());
        }
        let missing = if overtaken { 1.0 } else { needed - bucket.places };
        // A millisecond is what timers can tell apart.
        Err(Duration::from_secs_f64(missing / PER_SECOND).max(Duration::from_millis(1)))
    }

    fn bucket(&self) -> std::sync::MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        let most = if now < self.careful_until { CAREFUL_BURST } else { BURST };
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.places = (self.places + passed * PER_SECOND).min(most);
        self.filled = now;
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// When each of so many calls got its place, in milliseconds.
    async fn times(places: &Places, calls: usize) -> Vec<u128> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..calls {
            places.take(false).await;
            times.push(start.elapsed().as_millis());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_first_answers_go_out_at_once_and_a_flood_at_thirty_a_second() {
        let places = Places::new();
        assert_eq!(times(&places, 50).await.last(), Some(&0));
        let flood = times(&places, 308).await;
        assert_eq!(flood[7], 0, "the rest of the burst");
        assert!((9_900..=10_400).contains(flood.last().unwrap()), "300 calls, 30 a second: {:?}", flood.last());
    }

    #[tokio::test(start_paused = true)]
    async fn after_telegram_asked_to_wait_bursts_are_small_for_a_while() {
        let places = Places::new();
        places.be_careful();
        sleep(Duration::from_secs(60)).await;
        let burst = |times: Vec<u128>| times.iter().filter(|time| **time == 0).count();
        assert_eq!(burst(times(&places, 20).await), 3);
        sleep(CAREFUL).await;
        assert_eq!(burst(times(&places, 58).await), 58);
    }

    #[tokio::test(start_paused = true)]
    async fn an_owners_call_waits_for_no_strangers() {
        let places = Arc::new(Places::new());
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..200 {
            let (places, order) = (Arc::clone(&places), Arc::clone(&order));
            calls.spawn(async move {
                places.take(false).await;
                order.lock().unwrap().push(number);
            });
        }
        tokio::task::yield_now().await;
        sleep(Duration::from_millis(500)).await;
        let before = order.lock().unwrap().len();
        assert!((60..120).contains(&before), "the others still wait: {before}");
        let start = Instant::now();
        for _ in 0..10 {
            places.take(true).await;
        }
        assert!(start.elapsed() < Duration::from_millis(400), "{:?}", start.elapsed());
        assert!(order.lock().unwrap().len() - before <= 2, "nobody came between");
        while calls.join_next().await.is_some() {}
        let order = order.lock().unwrap();
        assert!(order.is_sorted(), "the others keep their order");
    }
}
