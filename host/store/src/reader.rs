//! A few read-only connections, used on blocking threads. Reading never waits for the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default(), places: Arc::new(Semaphore::new(READERS)) }
    }

    pub(crate) async fn read<T, F>(self: Arc<Self>, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Closed)?;
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
