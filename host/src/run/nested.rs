//! The run's tools for a tool that calls them itself, such as a script: each call is the run's own, with its rights,
//! its consent, its audit row and its stop, under its own key. What one of them brings of others counts for the next.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use steward_agent::{Source, ToolSpec, foreign};
use steward_sandbox::{CallTools, NestedAnswer, NestedCall, Sight, ToolPort};

use super::calling::{Caller, Made};

/// The way of one call of this run to its other tools. Clones are the same.
#[derive(Clone)]
pub(super) struct Nested {
    caller: Arc<Caller>,
    /// Shared with the call itself.
    sight: Sight,
    received: Arc<Mutex<Vec<Source>>>,
}

impl Nested {
    pub(super) fn new(caller: &Arc<Caller>, sight: Sight) -> Self {
        Self { caller: Arc::clone(caller), sight, received: Arc::default() }
    }

    pub(super) fn port(&self) -> ToolPort {
        ToolPort::Open(Arc::new(self.clone()))
    }

    /// From where the calls got foreign text.
    pub(super) fn received(&self) -> Vec<Source> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl CallTools for Nested {
    fn available(&self) -> Vec<ToolSpec> {
        let Caller { host, principal, .. } = &*self.caller;
        host.plugins.catalogue().tools_within(&principal.role, principal.origin)
    }

    async fn call(&self, call: NestedCall) -> NestedAnswer {
        let NestedCall { name, input, key } = call;
        let made = self.caller.make(name, input, key, ToolPort::Nested, self.sight.clone()).await;
        let Made { outcome, text, structured, files, foreign } = made;
        foreign::add(&mut self.received.lock().unwrap_or_else(PoisonError::into_inner), foreign);
        NestedAnswer { outcome, text, structured, files }
    }
}
