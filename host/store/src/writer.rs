//! The one thread that writes. Jobs that wait together share a transaction, each within a savepoint: one call to the
//! disk makes all of them durable, and one that fails takes nothing of its neighbours with it.
//!
//! No job learns its result before the commit, and no change is announced before it.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::error::{Result, StoreError};

/// The most jobs of one transaction.
const GROUP: usize = 64;
/// Jobs that may wait; who comes later waits to hand over.
const QUEUE: usize = 1024;

/// Who is told of commits.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) inbox: Notify,
    pub(crate) outbox: Notify,
    pub(crate) jobs: Notify,
}

/// What a job changed that others wait for.
#[derive(Clone, Copy, Default)]
struct Touched {
    inbox: bool,
    outbox: bool,
    jobs: bool,
}

/// The writing connection as a job sees it, within the job's savepoint.
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
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// The handle of the thread.
pub(crate) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(connection: Connection, changes: Arc<Changes>) -> Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(connection, jobs, &changes))
            .map_err(|error| StoreError::Internal(format!("cannot start the writer thread: {error}")))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)?;
        let (reply, result) = oneshot::channel();
        queue.send(Box::new(Work { work, result: None, reply })).await.map_err(|_| StoreError::Closed)?;
        drop(queue);
        result.await.map_err(|_| StoreError::Closed)?
    }

    /// Takes no more jobs and waits until those handed over are done and the database is closed.
    pub(crate) async fn close(&self) {
        if let Some(thread) = self.hang_up() {
            // The thread ends by itself now; a runtime that is shutting down may refuse to wait for it.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    fn hang_up(&self) -> Option<JoinHandle<()>> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
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
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // A fault in one job must not end the writer for all.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)))
            .unwrap_or_else(|_| Err(StoreError::Internal("a change was given up because of a fault".to_owned())));
        self.result.insert(result).is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<()>) {
        let result = match (self.result, committed) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Internal("a change was not made".to_owned())),
        };
        // Whoever asked may have gone; what was committed stays.
        let _ = self.reply.send(result);
    }
}

fn write_all(mut connection: Connection, mut jobs: mpsc::Receiver<Box<dyn Job>>, changes: &Changes) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        write_group(&mut connection, group, changes);
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "the database was not closed cleanly; its log is read at the next start");
    }
}

/// Commits a group together; where that fails, each of its jobs alone, so that only those fail that cannot be done.
fn write_group(connection: &mut Connection, mut group: Vec<Box<dyn Job>>, changes: &Changes) {
    let committed = match transact(connection, &mut group) {
        Ok(touched) => {
            announce(changes, touched);
            Ok(())
        }
        Err(error) if group.len() == 1 || error == StoreError::Busy => Err(error),
        Err(error) => {
            tracing::warn!(%error, jobs = group.len(), "a group of changes was rolled back; making them one by one");
            return group.into_iter().for_each(|job| write_group(connection, vec![job], changes));
        }
    };
    for job in group {
        job.finish(committed.clone());
    }
}

/// Runs the jobs in one transaction. An error means that none of them is committed.
fn transact(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<Touched> {
    let mut tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut touched = Touched::default();
    for job in group {
        run_job(&mut tx, job.as_mut(), &mut touched)?;
        // On a full disk SQLite may end the whole transaction by itself.
        if tx.is_autocommit() {
            return Err(StoreError::DiskFull("the transaction was rolled back".to_owned()));
        }
    }
    tx.commit()?;
    Ok(touched)
}

fn run_job(tx: &mut Transaction<'_>, job: &mut dyn Job, touched: &mut Touched) -> Result<()> {
    let savepoint = tx.savepoint()?;
    let mut own = Tx { connection: &savepoint, touched: Touched::default() };
    if job.run(&mut own) {
        let new = own.touched;
        savepoint.commit()?;
        touched.inbox |= new.inbox;
        touched.outbox |= new.outbox;
        touched.jobs |= new.jobs;
    }
    Ok(())
}

fn announce(changes: &Changes, touched: Touched) {
    let tell = |notify: &Notify| {
        notify.notify_waiters();
        // For the one who is just between looking and waiting.
        notify.notify_one();
    };
    if touched.inbox {
        tell(&changes.inbox);
    }
    if touched.outbox {
        tell(&changes.outbox);
    }
    if touched.jobs {
        tell(&changes.jobs);
    }
}
