//! The one thread that writes. Jobs that wait together share a transaction: one call to the disk makes all of them
//! durable, and one that fails takes nothing of its neighbours with it.
//!
//! No job learns its result before the commit, and no change is announced before it.

mod group;
mod queue;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};

use crate::error::{Result, StoreError};
use queue::Queue;

/// The most jobs of one transaction.
const GROUP: usize = 1024;

/// Who is told of commits, and how many there were.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) commits: AtomicU64,
    pub(crate) inbox: Notify,
    pub(crate) outbox: Notify,
    pub(crate) jobs: Notify,
    pub(crate) runs: Notify,
    pub(crate) standing: Notify,
    pub(crate) letters: Notify,
    pub(crate) tasks: Notify,
    pub(crate) subscriptions: Notify,
}

/// What a job changed that others wait for.
#[derive(Clone, Copy, Default)]
struct Touched {
    inbox: bool,
    outbox: bool,
    jobs: bool,
    runs: bool,
    standing: bool,
    letters: bool,
    tasks: bool,
    subscriptions: bool,
}

/// The writing connection as a job sees it.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    touched: Touched,
}

impl Tx<'_> {
    /// The inbox has something new once this is committed.
    pub(crate) fn touch_inbox(&mut self) {
        self.touched.inbox = true;
    }

    /// What can be sent, or when, is different once this is committed.
    pub(crate) fn touch_outbox(&mut self) {
        self.touched.outbox = true;
    }

    /// What is scheduled is different once this is committed.
    pub(crate) fn touch_jobs(&mut self) {
        self.touched.jobs = true;
    }

    /// What somebody may do is different once this is committed, for other processes too.
    pub(crate) fn touch_standing(&mut self) -> Result<()> {
        self.touched.standing = true;
        self.connection.prepare_cached("UPDATE standing SET changes = changes + 1")?.execute(())?;
        Ok(())
    }

    /// A letter waits for its reader once this is committed.
    pub(crate) fn touch_letters(&mut self) {
        self.touched.letters = true;
    }

    /// A task is new or different once this is committed.
    pub(crate) fn touch_tasks(&mut self) {
        self.touched.tasks = true;
    }

    /// What people want to be woken by is different once this is committed.
    pub(crate) fn touch_subscriptions(&mut self) {
        self.touched.subscriptions = true;
    }

    /// A run has ended once this is committed.
    pub(crate) fn touch_runs(&mut self) {
        self.touched.runs = true;
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// The handle of the thread.
pub(crate) struct Writer {
    queue: Arc<Queue<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, changes: Arc<Changes>) -> Result<Self> {
        let queue = Arc::new(Queue::new());
        let jobs = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(connection, &jobs, &changes))
            .map_err(|error| StoreError::Internal(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        self.queue.push(Box::new(Work { work, result: None, reply: Some(reply) }), true).await?;
        result.await.map_err(|_| StoreError::Closed)?
    }

    /// Hands a job over without waiting for its commit, which takes a moment longer than that of jobs somebody waits
    /// for; whatever is handed over later is not committed before it.
    pub(crate) async fn hand_over<F>(&self, work: F) -> Result<()>
    where
        F: FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static,
    {
        self.queue.push(Box::new(Work { work, result: None, reply: None }), false).await
    }

    /// The same for one who cannot wait: it fails when too many jobs are waiting.
    pub(crate) fn try_hand_over<F>(&self, work: F) -> Result<()>
    where
        F: FnMut(&mut Tx<'_>) -> Result<()> + Send + 'static,
    {
        self.queue.try_push(Box::new(Work { work, result: None, reply: None }), false)
    }

    /// Takes no more jobs and waits until those handed over are done and the database is closed.
    pub(crate) async fn close(&self) {
        if let Some(thread) = self.hang_up() {
            // The thread ends by itself now; a runtime that is shutting down may refuse to wait for it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn hang_up(&self) -> Option<JoinHandle<()>> {
        self.queue.close();
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(thread) = self.hang_up() {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

/// A job of any result type.
trait Job: Send {
    /// Runs the work and keeps its result; `false` if it failed.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Tells the result to whoever asked: the kept one, or why it came to nothing.
    fn finish(self: Box<Self>, committed: Result<()>);
}

struct Work<T, F> {
    work: F,
    result: Option<Result<T>>,
    /// To the one who waits, if anybody does.
    reply: Option<oneshot::Sender<Result<T>>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A fault in one job must not end the writer for all.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or_else(|_| {
            tracing::error!("a change panicked and was given up");
            Err(StoreError::Internal("a change was given up because of a fault of this program".to_owned()))
        });
        self.result.insert(result).is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let result = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Internal("a change was not made".to_owned())),
        };
        // Whoever asked may have gone; what was committed stays, and what was not must be known to somebody.
        let unheard = match self.reply {
            Some(reply) => reply.send(result).err(),
            None => Some(result),
        };
        if let Some(Err(error)) = unheard {
            tracing::error!(%error, "a change that nobody waits for was not made");
        }
    }
}

fn write_all(mut connection: Connection, jobs: &Queue<Box<dyn Job>>, changes: &Changes) {
    let mut taken = Vec::new();
    while jobs.take(&mut taken) {
        while !taken.is_empty() {
            let group = taken.drain(..taken.len().min(GROUP)).collect();
            group::write(&mut connection, group, changes);
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database was not closed cleanly; its log is read at the next start");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::mpsc as blocking;

    use tokio::sync::mpsc;

    use crate::Store;
    use crate::fixture::{Fixture, at, message};

    fn note(tx: &Tx<'_>, key: &str) -> Result<()> {
        tx.execute("INSERT INTO effect (key, at) VALUES (?1, 0)", [key])?;
        Ok(())
    }

    async fn notes(store: &Store) -> i64 {
        store.read(|db| Ok(db.query_row("SELECT count(*) FROM effect", [], |row| row.get(0))?)).await.unwrap()
    }

    /// Has the writer in the middle of a job that wrote something, until the sender is dropped; what is handed over
    /// meanwhile becomes one group.
    async fn hold(store: &Store) -> blocking::Sender<()> {
        let (release, held) = blocking::channel::<()>();
        let (begun, mut begins) = mpsc::channel(1);
        let store = store.clone();
        drop(tokio::spawn(async move {
            let work = move |tx: &mut Tx<'_>| {
                note(tx, "held")?;
                begun.blocking_send(()).unwrap();
                let _ = held.recv();
                Err::<(), _>(StoreError::NotFound("it was only held".to_owned()))
            };
            store.write(work).await
        }));
        begins.recv().await.unwrap();
        release
    }

    #[tokio::test]
    async fn what_many_write_at_once_is_all_there_after_a_crash() {
        let fixture = Fixture::new();
        let writers = (0..300).map(|number| {
            let store = fixture.store.clone();
            tokio::spawn(async move { store.write(move |tx| note(tx, &number.to_string())).await })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap().unwrap();
        }
        assert_eq!(notes(&fixture.after_crash().store).await, 300);
    }

    #[tokio::test]
    async fn a_crash_in_the_middle_of_a_change_leaves_nothing_of_it() {
        let fixture = Fixture::new();
        let release = hold(&fixture.store).await;
        assert_eq!(notes(&fixture.after_crash().store).await, 0);
        drop(release);
    }

    #[tokio::test]
    async fn one_that_fails_or_panics_takes_nothing_of_its_neighbours_with_it() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let release = hold(store).await;
        let (first, failing, panicking, last, ()) = tokio::join!(
            store.write(|tx| note(tx, "first")),
            store.write(|tx| -> Result<()> {
                note(tx, "half done")?;
                Err(StoreError::NotFound("as expected".to_owned()))
            }),
            store.write(|tx| -> Result<()> {
                note(tx, "half done too")?;
                panic!("on purpose")
            }),
            store.write(|tx| note(tx, "last")),
            async { drop(release) },
        );
        assert_eq!((first, last), (Ok(()), Ok(())));
        assert_eq!(failing, Err(StoreError::NotFound("as expected".to_owned())));
        assert!(matches!(panicking, Err(StoreError::Internal(_))));
        assert_eq!(notes(&fixture.after_crash().store).await, 2);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_loses_nothing_that_was_committed() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.write(|tx| note(tx, "before")).await.unwrap();
        let limit = |pages: i64| move |tx: &mut Tx<'_>| Ok(tx.pragma_update(None, "max_page_count", pages)?);
        store.write(limit(1)).await.unwrap();

        let release = hold(store).await;
        let (small, large, next, ()) = tokio::join!(
            store.write(|tx| note(tx, "small")),
            store.write(|tx| note(tx, &"large".repeat(100_000))),
            store.write(|tx| note(tx, "next")),
            async { drop(release) },
        );
        assert_eq!((small, next), (Ok(()), Ok(())), "what still fits is written");
        let error = large.unwrap_err();
        assert!(matches!(error, StoreError::DiskFull(_)), "{error:?}");
        assert!(error.to_string().contains("free some space"), "{error}");

        store.write(limit(100_000)).await.unwrap();
        store.write(|tx| note(tx, &"large".repeat(100_000))).await.unwrap();
        let after = fixture.after_crash();
        assert_eq!(notes(&after.store).await, 4);
        after.store.check().await.unwrap();
    }

    #[tokio::test]
    async fn closing_finishes_what_was_handed_over_and_refuses_the_rest() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let release = hold(store).await;
        let (written, (), ()) =
            tokio::join!(store.write(|tx| note(tx, "in time")), store.close(), async { drop(release) });
        assert_eq!(written, Ok(()));
        assert_eq!(store.write(|tx| note(tx, "late")).await, Err(StoreError::Closed));
        assert_eq!(store.read(|_| Ok(())).await, Err(StoreError::Closed));
    }

    #[tokio::test]
    async fn a_change_is_announced_even_to_one_who_comes_to_wait_later() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        let waiting = store.inbox_changed().notified();
        store.receive(&message("hello"), at(0)).await.unwrap();
        waiting.await;
        store.receive(&message("again"), at(0)).await.unwrap();
        store.inbox_changed().notified().await;
    }
}
