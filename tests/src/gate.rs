//! A gate in a stand-in: whoever comes to it stands still until the test opens it. So a test can stop the program at
//! an exact step of its work without any sleeping.

use std::sync::Arc;

use tokio::sync::watch;

use crate::patience::wait_for;

/// A gate that is closed at first. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    arrived: usize,
    open: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { state: Arc::new(watch::Sender::new(State::default())) }
    }

    /// For the stand-in: tells that it is here and waits until the gate is open.
    pub async fn pass(&self) {
        let mut seen = self.state.subscribe();
        self.state.send_modify(|state| state.arrived += 1);
        // The sender lives as long as this gate does, so waiting cannot fail.
        let _ = seen.wait_for(|state| state.open).await;
    }

    /// For the test: waits until somebody stands before the gate, or has passed it.
    ///
    /// # Panics
    /// When nobody comes in time.
    pub async fn reached(&self) {
        let mut seen = self.state.subscribe();
        let _ = wait_for(seen.wait_for(|state| state.arrived > 0), || "Nobody came to the gate.".to_owned()).await;
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.state.send_modify(|state| state.open = true);
    }

    /// Whether somebody stands before it or has passed it.
    pub fn is_reached(&self) -> bool {
        self.state.borrow().arrived > 0
    }
}
