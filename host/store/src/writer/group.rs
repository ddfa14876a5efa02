//! Jobs that share a transaction. All that can be done are committed together; one that fails leaves nothing behind.

use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::{Changes, Job, Touched, Tx};
use crate::error::{Result, StoreError};
use crate::transaction::Transaction;

/// Commits a group together; where that fails, each of its jobs alone, so that only those fail that cannot be done.
pub(super) fn write(connection: &mut Connection, mut group: Vec<Box<dyn Job>>, changes: &Changes) {
    let committed = match transact(connection, &mut group) {
        Ok(touched) => {
            changes.commits.fetch_add(1, Ordering::Relaxed);
            announce(changes, touched);
            Ok(())
        }
        Err(error) if group.len() == 1 || error == StoreError::Busy => Err(error),
        Err(error) => {
            tracing::warn!(%error, jobs = group.len(), "a group of changes was rolled back; making them one by one");
            return group.into_iter().for_each(|job| write(connection, vec![job], changes));
        }
    };
    for job in group {
        job.finish(committed.clone());
    }
}

/// Runs the jobs in one transaction. An error means that none of them is committed.
fn transact(connection: &mut Connection, group: &mut [Box<dyn Job>]) -> Result<Touched> {
    // Few jobs fail. Only when one does, the others run once more, each within a savepoint.
    if let Some(touched) = run_all(connection, group, run_job)? {
        return Ok(touched);
    }
    match group {
        // What it did was rolled back with the transaction.
        [_] => Ok(Touched::default()),
        _ => Ok(run_all(connection, group, run_within_savepoint)?.unwrap_or_default()),
    }
}

/// Whether the transaction can go on. An error means that it cannot be committed, for whatever it holds.
type Run = fn(&Transaction<'_>, &mut dyn Job, &mut Touched) -> Result<bool>;

/// Runs the jobs and commits them, or none of them if the transaction cannot go on.
fn run_all(connection: &mut Connection, group: &mut [Box<dyn Job>], run: Run) -> Result<Option<Touched>> {
    let tx = Transaction::writing(connection)?;
    let mut touched = Touched::default();
    for job in group {
        if !run(&tx, job.as_mut(), &mut touched)? {
            return Ok(None);
        }
    }
    tx.commit()?;
    Ok(Some(touched))
}

fn run_job(tx: &Transaction<'_>, job: &mut dyn Job, touched: &mut Touched) -> Result<bool> {
    let mut own = Tx { connection: tx, touched: Touched::default() };
    let done = job.run(&mut own);
    if done {
        touched.inbox |= own.touched.inbox;
        touched.outbox |= own.touched.outbox;
        touched.jobs |= own.touched.jobs;
        touched.runs |= own.touched.runs;
        touched.standing |= own.touched.standing;
        touched.letters |= own.touched.letters;
        touched.tasks |= own.touched.tasks;
        touched.subscriptions |= own.touched.subscriptions;
    }
    Ok(done)
}

/// What a job that fails has done is lost; the transaction goes on.
fn run_within_savepoint(tx: &Transaction<'_>, job: &mut dyn Job, touched: &mut Touched) -> Result<bool> {
    let savepoint = |sql| tx.prepare_cached(sql)?.execute(());
    savepoint("SAVEPOINT job")?;
    let done = run_job(tx, job, touched)?;
    // On a full disk SQLite may end the whole transaction by itself.
    if tx.is_autocommit() {
        return Err(StoreError::DiskFull("the transaction was rolled back".to_owned()));
    }
    if !done {
        savepoint("ROLLBACK TO job")?;
    }
    savepoint("RELEASE job")?;
    Ok(true)
}

fn announce(changes: &Changes, touched: Touched) {
    // One loop waits for each. If it is just between looking and waiting, this is remembered for it.
    let tell = Notify::notify_one;
    if touched.inbox {
        tell(&changes.inbox);
    }
    if touched.outbox {
        tell(&changes.outbox);
    }
    if touched.jobs {
        tell(&changes.jobs);
    }
    if touched.runs {
        tell(&changes.runs);
    }
    if touched.standing {
        tell(&changes.standing);
    }
    if touched.letters {
        tell(&changes.letters);
    }
    if touched.tasks {
        tell(&changes.tasks);
    }
    if touched.subscriptions {
        tell(&changes.subscriptions);
    }
}
