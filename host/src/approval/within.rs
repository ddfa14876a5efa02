//! Consent in the middle of a call: a tool that may run any command asks about each, shown as it would be run.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use steward_agent::Source;
use steward_sandbox::{AskOwner, Effect, Leave, Matter, Refusal};

use super::wording::Doing;
use super::{Asker, Rule, asked, wording};
use crate::app::Host;

/// Asks on behalf of one call.
pub(crate) struct WithinCall {
    host: Arc<Host>,
    asker: Asker,
}

impl WithinCall {
    pub(crate) fn new(host: Arc<Host>, asker: Asker) -> Arc<Self> {
        Arc::new(Self { host, asker })
    }
}

#[async_trait]
impl AskOwner for WithinCall {
    /// A policy that refuses what cannot be undone refuses this too; one that lets it pass does not, for the grant says
    /// that it is to be asked about.
    async fn ask(&self, key: &str, what: &str) -> Result<(), Refusal> {
        let (tool, origin) = (&self.asker.tool, self.asker.principal.origin);
        if self.host.config.approval.rule(Effect::Destructive, origin) == Rule::Deny {
            return Err(Refusal::Denied(wording::forbidden(tool, Effect::Destructive, origin)));
        }
        let asker = Asker { key: key.to_owned(), ..self.asker.clone() };
        asked(&self.host, &asker, Doing::Effect(Effect::Destructive), what.to_owned()).await
    }

    async fn ask_foreign(&self, key: &str, matter: Matter, read: &[Source], what: &str) -> Result<Leave, Refusal> {
        match self.host.config.approval.foreign(matter) {
            Rule::Automatic => Ok(Leave::Standing),
            Rule::Deny => Err(Refusal::Denied(wording::forbidden_after_reading(&self.asker.tool, matter, read))),
            Rule::Ask => {
                let asker = Asker { key: key.to_owned(), ..self.asker.clone() };
                asked(&self.host, &asker, Doing::Matter(matter), what.to_owned()).await.map(|()| Leave::Owner)
            }
        }
    }
}

impl fmt::Debug for WithinCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithinCall").field("asker", &self.asker).finish_non_exhaustive()
    }
}
