//! The run's tools for a tool that calls them itself, such as a script: each call is the run's own, with its rights,
//! its consent, its audit row and its stop, under a key of its own.

use std::sync::Arc;

use async_trait::async_trait;
use steward_agent::ToolSpec;
use steward_sandbox::{CallTools, NestedAnswer, NestedCall, ToolPort};

use super::calling::{Caller, Made};

/// The way of a call of this run to its other tools.
pub(super) fn port(caller: &Arc<Caller>) -> ToolPort {
    ToolPort::Open(Arc::new(Nested(Arc::clone(caller))))
}

struct Nested(Arc<Caller>);

#[async_trait]
impl CallTools for Nested {
    fn available(&self) -> Vec<ToolSpec> {
        let Caller { host, principal, .. } = &*self.0;
        host.plugins.catalogue().tools_within(&principal.role, principal.origin)
    }

    async fn call(&self, call: NestedCall) -> NestedAnswer {
        let NestedCall { name, input, key } = call;
        let Made { outcome, text, structured, files } = self.0.make(name, input, key, ToolPort::Nested).await;
        NestedAnswer { outcome, text, structured, files }
    }
}
