//! Messages that come during a run: made ready side by side, given to the turn in the order they came, and with all that
//! belongs with them. One that the run ends before keeps what was fetched for it.

use std::sync::Arc;

use steward_agent::turn::Event;
use tokio::task::JoinError;
use tokio::time::sleep;

use super::{Done, Run};
use crate::session::{MORE, Work, prepared};

/// A message on its way into the run.
pub(super) struct Joining {
    pub(super) work: Work,
    /// Its files are here, and what was to come with it had its time.
    pub(super) due: bool,
    /// The turn has it.
    given: bool,
}

impl Run {
    /// Messages for the turn in the order they came: none before an earlier one, and none before all that belongs with
    /// it. `now` does not wait for what may still come.
    pub(super) fn arrived(&mut self, now: bool) -> Vec<Event> {
        let open: Vec<&Joining> = self.joining.values().filter(|one| !one.given).collect();
        let ready = open.iter().take_while(|one| (now || one.due) && one.work.prepared.initialized()).count();
        let ends = |at: &usize| now || open.get(at + 1).is_none_or(|next| !open[*at].work.goes_on_in(&next.work));
        let count = (0..ready).rev().find(ends).map_or(0, |last| last + 1);
        let mut events = Vec::new();
        for one in self.joining.values_mut().filter(|one| !one.given).take(count) {
            if let Some(message) = one.work.prepared.get() {
                one.given = true;
                events.push(Event::Joined { tag: one.work.row.0, message: message.clone() });
            }
        }
        events
    }

    /// Makes a message ready and gives it to the turn when it is its time.
    pub(super) fn join_when_ready(&mut self, work: Work) {
        let (host, row, more) = (Arc::clone(&self.host), work.row, work.part.goes_on());
        self.joining.insert(row, Joining { work: work.clone(), due: false, given: false });
        // Not a task of this run: what it fetches goes on when the run ends, and is not fetched again after it.
        let preparing = tokio::spawn(async move {
            prepared(&host, &work).await;
        });
        self.tasks.spawn(async move {
            if more {
                sleep(MORE).await;
            }
            match preparing.await.map_err(JoinError::try_into_panic) {
                Ok(()) => Done::Prepared(row),
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                Err(Err(_)) => Done::Nothing,
            }
        });
    }
}
