//! Looks at every source when it is due or was told, and writes what it found. Each source has a task of its own, so a slow
//! one delays no other.

use std::sync::Arc;
use std::time::Duration;

use steward_store::{Store, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::source::Wakes;

/// Every source is looked at this often: the wall clock may have been set, and nothing tells of what another process
/// writes to the database.
pub(crate) const ANYWAY: Duration = Duration::from_secs(30);
/// After a failure.
const RETRY: Duration = Duration::from_secs(5);

/// Everything that sets runs going.
pub struct Executor {
    store: Store,
    clock: Arc<dyn Clock>,
    sources: Vec<Arc<dyn Wakes>>,
}

impl Executor {
    pub fn new(store: Store, clock: Arc<dyn Clock>, sources: Vec<Arc<dyn Wakes>>) -> Self {
        Self { store, clock, sources }
    }

    /// Works until the stop.
    pub async fn run(self, stop: CancellationToken) {
        let (bell, _) = watch::channel(());
        let mut drivers = JoinSet::new();
        for source in &self.sources {
            let (store, clock) = (self.store.clone(), Arc::clone(&self.clock));
            let driver = Driver { source: Arc::clone(source), store, clock, bell: bell.subscribe() };
            let stop = stop.clone();
            drivers.spawn(async move { stop.run_until_cancelled(driver.drive()).await });
        }
        let ring = self.ring(&bell);
        tokio::pin!(ring);
        loop {
            tokio::select! {
                () = &mut ring => {}
                () = stop.cancelled() => break,
                Some(Err(error)) = drivers.join_next() => tracing::error!(%error, "a source of runs broke off"),
            }
        }
        while drivers.join_next().await.is_some() {}
    }

    /// Has all sources looked at now and then, and when there is more or less to watch.
    async fn ring(&self, bell: &watch::Sender<()>) {
        loop {
            tokio::select! {
                () = self.clock.sleep(ANYWAY) => {}
                () = self.store.subscriptions_changed().notified() => {}
            }
            bell.send_replace(());
        }
    }
}

/// One source at work.
struct Driver {
    source: Arc<dyn Wakes>,
    store: Store,
    clock: Arc<dyn Clock>,
    bell: watch::Receiver<()>,
}

impl Driver {
    async fn drive(mut self) {
        loop {
            // What rings from here on is heard below.
            self.bell.mark_unchanged();
            let again = match self.work().await {
                Ok(again) => again,
                Err(error) => {
                    tracing::error!(source = self.source.name(), %error, "what sets runs going failed; trying again");
                    self.clock.sleep(RETRY).await;
                    continue;
                }
            };
            let due = async {
                match again {
                    Some(time) => self.clock.sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.source.told() => {}
                _ = self.bell.changed() => {}
            }
        }
    }

    /// Writes what there is. One that cannot be written keeps no other back.
    async fn work(&self) -> Result<Option<Duration>, StoreError> {
        let now = self.clock.now();
        let look = self.source.look(now).await?;
        let mut failed = None;
        for found in look.found {
            match self.store.fire(found.firing, now).await {
                Ok(true) => tracing::info!(source = self.source.name(), what = found.what, "fired"),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(look.again), Err)
    }
}
