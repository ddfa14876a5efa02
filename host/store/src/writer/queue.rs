//! Jobs on their way to the writer, in the order they came. One that somebody waits for wakes the writer at once. Those
//! that nobody waits for gather for a moment: so neither the disk nor the processor is disturbed for each of them, and
//! whoever hands one over goes on without a call to the system.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::{Result, StoreError};

/// Jobs that may wait; who comes later waits to hand over.
const PLACES: usize = 4096;
/// How long jobs that nobody waits for gather.
const GATHERING: Duration = Duration::from_millis(20);
/// So many are not left to gather any longer.
const MANY: usize = PLACES / 4;

pub(super) struct Queue<J> {
    line: Mutex<Line<J>>,
    changed: Condvar,
    places: Semaphore,
}

struct Line<J> {
    jobs: Vec<J>,
    /// Somebody waits for one of them.
    pressing: bool,
    closed: bool,
    writer: Writer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// It looks by itself when it is done.
    AtWork,
    /// It sleeps until anything comes.
    Idle,
    /// It sleeps for a moment, or until something is pressing.
    Gathering,
}

impl<J> Line<J> {
    fn due(&self) -> bool {
        self.pressing || self.closed || self.jobs.len() >= MANY
    }
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        let line = Line { jobs: Vec::with_capacity(MANY), pressing: false, closed: false, writer: Writer::AtWork };
        Self { line: Mutex::new(line), changed: Condvar::new(), places: Semaphore::new(PLACES) }
    }

    /// Adds a job, when there is a place for it.
    pub(super) async fn push(&self, job: J, pressing: bool) -> Result<()> {
        let place = self.places.acquire().await.map_err(|_| StoreError::Closed)?;
        place.forget();
        self.put(job, pressing)
    }

    /// The same at once or not at all.
    pub(super) fn try_push(&self, job: J, pressing: bool) -> Result<()> {
        let place = self.places.try_acquire().map_err(|_| StoreError::Busy)?;
        place.forget();
        self.put(job, pressing)
    }

    fn put(&self, job: J, pressing: bool) -> Result<()> {
        let mut line = self.line();
        if line.closed {
            return Err(StoreError::Closed);
        }
        line.jobs.push(job);
        line.pressing |= pressing;
        let wake = match line.writer {
            Writer::AtWork => false,
            Writer::Idle => true,
            Writer::Gathering => line.due(),
        };
        if wake {
            line.writer = Writer::AtWork;
            drop(line);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Moves all that waits into `taken`, which is empty, when it is time. `false` when nothing will come any more.
    /// Blocks; for the writer alone.
    pub(super) fn take(&self, taken: &mut Vec<J>) -> bool {
        let mut line = self.line();
        if line.jobs.is_empty() && !line.closed {
            line.writer = Writer::Idle;
            let waited = self.changed.wait_while(line, |line| line.jobs.is_empty() && !line.closed);
            line = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if !line.due() {
            line.writer = Writer::Gathering;
            let waited = self.changed.wait_timeout_while(line, GATHERING, |line| !line.due());
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        line.writer = Writer::AtWork;
        line.pressing = false;
        mem::swap(&mut line.jobs, taken);
        drop(line);
        self.places.add_permits(taken.len());
        !taken.is_empty()
    }

    /// Takes no more jobs; those that wait are not left to gather.
    pub(super) fn close(&self) {
        self.line().closed = true;
        self.changed.notify_one();
    }

    fn line(&self) -> MutexGuard<'_, Line<J>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;
    use std::thread::JoinHandle;

    fn take(queue: &Queue<u32>) -> Vec<u32> {
        let mut taken = Vec::new();
        queue.take(&mut taken);
        taken
    }

    /// Takes in a separate thread, once that sleeps.
    fn taker(queue: &Arc<Queue<u32>>, asleep: Writer) -> JoinHandle<Vec<u32>> {
        let own = Arc::clone(queue);
        let taker = std::thread::spawn(move || take(&own));
        while queue.line().writer != asleep {
            std::thread::yield_now();
        }
        taker
    }

    #[test]
    fn what_nobody_waits_for_is_taken_together_with_what_comes_soon_after() {
        let queue = Arc::new(Queue::new());
        queue.try_push(1, false).unwrap();
        let taker = taker(&queue, Writer::Gathering);
        queue.try_push(2, false).unwrap();
        queue.try_push(3, true).unwrap();
        assert_eq!(taker.join().unwrap(), [1, 2, 3], "what is pressing goes at once, and nothing overtakes");
    }

    #[test]
    fn the_writer_is_woken_by_the_first_job() {
        let queue = Arc::new(Queue::new());
        let taker = taker(&queue, Writer::Idle);
        queue.try_push(1, false).unwrap();
        assert_eq!(taker.join().unwrap(), [1]);
    }

    #[test]
    fn who_finds_no_place_is_told_or_waits_for_one() {
        let queue = Queue::new();
        let number = u32::try_from(PLACES).unwrap();
        (0..number).for_each(|job| queue.try_push(job, false).unwrap());
        assert_eq!(queue.try_push(number, true), Err(StoreError::Busy));
        let mut waiting = at_once(queue.push(number, true));
        assert!(waiting.is_none());
        assert_eq!(take(&queue).len(), PLACES);
        waiting = at_once(queue.push(number, true));
        assert_eq!((waiting, take(&queue)), (Some(Ok(())), vec![number]));
    }

    /// What the future comes to at once.
    fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn closing_lets_go_of_what_waits_and_refuses_the_rest() {
        let queue = Queue::new();
        queue.try_push(1, false).unwrap();
        queue.close();
        assert_eq!(queue.try_push(2, false), Err(StoreError::Closed));
        let mut taken = Vec::new();
        assert!(queue.take(&mut taken) && taken == [1]);
        assert!(!queue.take(&mut Vec::new()));
    }
}
