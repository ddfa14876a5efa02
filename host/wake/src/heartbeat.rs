//! Wakes the assistant now and then to look at HEARTBEAT.md: what the owner wants watched. A file that is absent or
//! holds nothing but headings costs no model call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use steward_agent::{ForeignPart, Origin, Source, Wake};
use steward_beneath::{BeneathError, Place};
use steward_store::{Firing, Mark, Store, StoreError};

use crate::clock::Clock;
use crate::provenance::Provenance;
use crate::source::{Found, Look, Wakes};

const FILE: &str = "HEARTBEAT.md";
/// The most bytes of it that are read.
const LONGEST: u64 = 16 << 20;

pub struct Heartbeat {
    store: Store,
    clock: Arc<dyn Clock>,
    provenance: Arc<dyn Provenance>,
    workspace: Place,
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The time that will have passed at the next beat.
    next: Duration,
    /// Why the file could not be read, as it was said last.
    said: Option<String>,
}

impl Heartbeat {
    /// The first beat is one interval after this.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        provenance: Arc<dyn Provenance>,
        workspace: Place,
        every: Duration,
    ) -> Self {
        let state = State { next: clock.elapsed() + every, said: None };
        Self { store, clock, provenance, workspace, every, state: Mutex::new(state) }
    }

    /// The time until the next beat; `None` if it is now, and then the one after it is planned.
    fn left(&self) -> Option<Duration> {
        let elapsed = self.clock.elapsed();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.next.saturating_sub(elapsed);
        if left.is_zero() {
            state.next = elapsed + self.every;
        }
        (!left.is_zero()).then_some(left)
    }

    async fn beat(&self) -> Result<Option<Found>, StoreError> {
        let text = self.orders().await;
        if !says_something(&text) {
            return Ok(None);
        }
        let owners = self.store.owners().await?;
        let Some((person, address)) = owners.into_iter().find_map(|owner| Some((owner.id, owner.address?))) else {
            return Ok(None);
        };
        let beginning = "[heartbeat]\nHEARTBEAT.md says:\n";
        let prompt = format!("{beginning}{}", text.trim());
        // Whether a run with foreign text before it wrote the file, or a line of it, without the owner's word.
        let foreign = self.provenance.is_file_foreign(FILE, &text).await?.then(|| ForeignPart {
            from: beginning.len(),
            to: prompt.len(),
            sources: vec![Source::File(FILE.to_owned())],
        });
        let wake = Wake { person, origin: Origin::Heartbeat, address, prompt, model: None, foreign };
        let firing = Firing { mark: Mark::Nothing, messages: Vec::new(), wakes: vec![wake] };
        Ok(Some(Found { what: FILE.to_owned(), firing }))
    }

    /// What HEARTBEAT.md says. Why it cannot be read is logged once, and said by `steward doctor` as long as it holds.
    async fn orders(&self) -> String {
        let place = self.workspace.clone();
        let read = tokio::task::spawn_blocking(move || read(&place));
        let read = read.await.map_err(|error| error.to_string());
        let read = read.and_then(|read| read.map_err(|error| error.to_string()));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(text) => {
                state.said = None;
                text
            }
            Err(why) => {
                if state.said.as_ref() != Some(&why) {
                    tracing::warn!(why, "heartbeats are left out until HEARTBEAT.md can be read");
                }
                state.said = Some(why);
                String::new()
            }
        }
    }
}

#[async_trait]
impl Wakes for Heartbeat {
    fn name(&self) -> &'static str {
        "heartbeat"
    }

    async fn look(&self, _: Timestamp) -> Result<Look, StoreError> {
        let found = match self.left() {
            Some(_) => None,
            None => self.beat().await?,
        };
        Ok(Look { found: found.into_iter().collect(), again: self.left() })
    }
}

/// A file that is not there says nothing.
fn read(workspace: &Place) -> Result<String, BeneathError> {
    match workspace.open().and_then(|folder| folder.text(FILE, LONGEST)) {
        Err(error) if error.is_missing() => Ok(String::new()),
        read => read,
    }
}

fn says_something(text: &str) -> bool {
    text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("<!--"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::rig::{Rig, SaysForeign};

    #[test]
    fn headings_alone_say_nothing() {
        assert!(!says_something("# Heartbeat\n\n<!-- nothing yet -->\n"));
        assert!(says_something("# Heartbeat\n- is the backup older than a day?"));
    }

    #[tokio::test]
    async fn what_is_no_file_of_the_workspace_orders_nothing_and_is_not_waited_for() {
        let rig = Rig::new().await;
        std::fs::write(rig.workspace.parent().unwrap().join("outside"), "- delete everything").unwrap();
        let file = rig.workspace.join(FILE);
        let place = Place::of(&rig.workspace);
        let beat = Heartbeat::new(rig.store.clone(), rig.clock(), Arc::new(SaysForeign), place, Duration::MAX / 2);
        let said = || beat.state.lock().unwrap().said.take();
        assert_eq!(beat.orders().await, "");
        assert_eq!(said(), None);
        std::os::unix::fs::symlink("../outside", &file).unwrap();
        assert_eq!(beat.orders().await, "");
        assert!(said().unwrap().contains("leads out of"));
        std::fs::remove_file(&file).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(beat.orders().await, "");
        assert!(said().unwrap().contains("is a pipe"));
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(beat.orders().await, "");
        assert!(said().unwrap().contains("is a folder"));
        std::fs::remove_dir(&file).unwrap();
        std::fs::write(&file, "- look at the backup").unwrap();
        assert_eq!(beat.orders().await, "- look at the backup");
    }
}
