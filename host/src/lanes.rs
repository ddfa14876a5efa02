//! How much outsiders do at the same time. What they want more than that waits, in the order it came; owners, and whom
//! they gave a role, never wait here, so that the machine and the model are not full of strangers when an owner writes.

use std::sync::Arc;

use steward_agent::Role;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Files of outsiders that are fetched at the same time.
const DOWNLOADS: usize = 2;

pub(crate) struct Lanes {
    runs: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
}

/// A place that is free again when this is dropped; `None` inside for those who need none.
pub(crate) struct Place(#[expect(dead_code, reason = "held until it is dropped")] Option<OwnedSemaphorePermit>);

impl Lanes {
    pub(crate) fn new(runs: u32) -> Self {
        let runs = Arc::new(Semaphore::new(runs.max(1) as usize));
        Self { runs, downloads: Arc::new(Semaphore::new(DOWNLOADS)) }
    }

    /// A place for a run, or nothing if the host stops meanwhile.
    pub(crate) async fn run(&self, role: &Role, stop: &CancellationToken) -> Option<Place> {
        stop.run_until_cancelled(place(&self.runs, role)).await
    }

    /// A place for fetching a file.
    pub(crate) async fn download(&self, role: &Role) -> Place {
        place(&self.downloads, role).await
    }
}

async fn place(places: &Arc<Semaphore>, role: &Role) -> Place {
    Place(match role {
        // Nobody closes it, so this is never an error.
        Role::External | Role::Group => Arc::clone(places).acquire_owned().await.ok(),
        Role::Owner | Role::Named(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn outsiders_wait_for_each_other_and_owners_for_nobody() {
        let (lanes, stop) = (Lanes::new(2), CancellationToken::new());
        let role = Role::External;
        let outsider = || lanes.run(&role, &stop);
        let (first, _second) = (outsider().await.unwrap(), outsider().await.unwrap());
        assert!(outsider().now_or_never().is_none());
        for role in [Role::Owner, Role::Named("family".to_owned())] {
            assert!(lanes.run(&role, &stop).now_or_never().flatten().is_some());
        }
        drop(first);
        let third = outsider().now_or_never().flatten();
        assert!(third.is_some());
        stop.cancel();
        assert!(outsider().await.is_none(), "who waits hears that the host stops");
    }
}
