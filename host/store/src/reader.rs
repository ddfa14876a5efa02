//! A few read-only connections. Reading never waits for the writer. A query goes to a blocking thread; one that looks up a
//! few rows by an index is made where it is asked, for the way to another thread and back costs several times as much.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::error::{Result, StoreError};
use crate::open;
use crate::transaction::Transaction;

/// The most queries at a time.
const READERS: usize = 4;

/// Connections are opened when first needed and kept.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    made: AtomicU64,
    elsewhere: AtomicU64,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(READERS)),
            made: AtomicU64::new(0),
            elsewhere: AtomicU64::new(0),
        }
    }

    /// Makes a query here if that takes no longer than the query itself: a connection rests, and no other process holds
    /// the database. Otherwise it goes the way of all others.
    pub(crate) async fn look_up<T, F>(self: Arc<Self>, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T> + Send + 'static,
    {
        match self.at_once(&query) {
            Some(answer) => answer,
            None => self.read(query).await,
        }
    }

    fn at_once<T>(&self, query: impl Fn(&Connection) -> Result<T>) -> Option<Result<T>> {
        let place = self.places.try_acquire().ok()?;
        let connection = self.idle().pop()?;
        let answer = unwaiting(&connection, query);
        self.put_back(connection);
        drop(place);
        if matches!(answer, Err(StoreError::Busy)) {
            return None;
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        Some(answer)
    }

    /// How many queries were made, and how many of them on a blocking thread.
    pub(crate) fn counted(&self) -> (u64, u64) {
        (self.made.load(Ordering::Relaxed), self.elsewhere.load(Ordering::Relaxed))
    }

    pub(crate) async fn read<T, F>(self: Arc<Self>, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        self.made.fetch_add(1, Ordering::Relaxed);
        self.elsewhere.fetch_add(1, Ordering::Relaxed);
        tokio::task::spawn_blocking(move || {
            let connection = self.take()?;
            let answer = snapshot(&connection, query);
            self.put_back(connection);
            // Held to here, for whoever asked may have gone while the query went on.
            drop(place);
            answer
        })
        .await
        .map_err(|error| StoreError::Internal(format!("a query was given up: {error}")))?
    }

    /// Takes no more queries and closes the connections that rest; one at work is closed when it is done.
    pub(crate) fn close(&self) {
        self.places.close();
        self.idle().clear();
    }

    fn take(&self) -> Result<Connection> {
        let idle = self.idle().pop();
        idle.map_or_else(|| open::for_reading(&self.path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        if !self.places.is_closed() {
            self.idle().push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Within one transaction, so that several statements of a query see the same state.
fn snapshot<T>(connection: &Connection, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let tx = Transaction::reading(connection)?;
    query(&tx)
}

/// The same, failing where it would have to wait for another process.
fn unwaiting<T>(connection: &Connection, query: impl Fn(&Connection) -> Result<T>) -> Result<T> {
    connection.busy_timeout(Duration::ZERO)?;
    let answer = snapshot(connection, query);
    connection.busy_timeout(open::BUSY_TIMEOUT)?;
    answer
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use crate::fixture::{Fixture, at};
    use crate::{Result, Store, StoreError};

    /// How many queries went to another thread while this was done.
    async fn elsewhere<T>(store: &Store, done: impl AsyncFnOnce(&Store) -> Result<T>) -> u64 {
        let before = store.readers.counted().1;
        done(store).await.unwrap();
        store.readers.counted().1 - before
    }

    #[tokio::test]
    async fn what_every_message_asks_for_is_looked_up_where_it_is_asked() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await);
        let (id, address) = (anna.id, anna.address.unwrap());
        assert_eq!(elsewhere(store, async |store| store.secrets().await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.enabled_plugins().await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.standing(id, &address).await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.standing_changes().await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.user_data().of(id).await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.person(id).await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.pending_inbox(None).await).await, 0);
        assert_eq!(elsewhere(store, async |store| store.outlook(at(0), 10).await).await, 0);
    }

    #[tokio::test]
    async fn a_ban_is_seen_by_the_next_look_whoever_made_it() {
        let fixture = Fixture::new();
        let (store, anna) = (&fixture.store, fixture.meet("Anna", None).await);
        let address = anna.address.unwrap();
        let banned = async || store.standing(anna.id, &address).await.unwrap().unwrap().banned;
        assert!(!banned().await);
        fixture.second_process().set_banned(anna.id, true).await.unwrap();
        assert!(banned().await);
        store.set_banned(anna.id, false).await.unwrap();
        assert!(!banned().await);
    }

    #[tokio::test]
    async fn a_look_waits_for_nobody() {
        let fixture = Fixture::new();
        let store = &fixture.store;
        store.secrets().await.unwrap();
        let (held, holds) = mpsc::channel::<()>();
        let (release, released) = mpsc::channel::<()>();
        let other = store.clone();
        let reading = tokio::spawn(async move {
            let wait = move |_: &rusqlite::Connection| {
                held.send(()).unwrap();
                released.recv().map_err(|_| StoreError::Closed)
            };
            other.read(wait).await
        });
        tokio::task::spawn_blocking(move || holds.recv()).await.unwrap().unwrap();
        // The one connection that rested is in use: another one is opened, on another thread.
        assert_eq!(elsewhere(store, async |store| store.secrets().await).await, 1);
        release.send(()).unwrap();
        reading.await.unwrap().unwrap();
    }
}
