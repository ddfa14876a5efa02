//! What the host connects to the sandbox once both are there: the secrets of the installation, the model and what
//! searches memory. Without them the sandbox works, and what needs them says that it is not there.

use std::sync::{Arc, OnceLock};

use crate::bindings::Failure;
use crate::capability::memory::Recall;
use crate::capability::model::AskModel;
use crate::capability::process::Processes;
use crate::secret::{Known, Vault};

#[derive(Default)]
pub(crate) struct Connected {
    pub(crate) vault: OnceLock<Arc<Vault>>,
    pub(crate) memory: OnceLock<Arc<dyn Recall>>,
    pub(crate) model: OnceLock<Arc<dyn AskModel>>,
    pub(crate) processes: Processes,
}

impl Connected {
    /// The secrets as they were known last.
    pub(crate) fn known(&self) -> Arc<Known> {
        self.vault.get().map(|vault| vault.known()).unwrap_or_default()
    }

    /// The secrets as they are now.
    ///
    /// # Errors
    /// They cannot be read.
    pub(crate) async fn refreshed(&self) -> Result<Arc<Known>, Failure> {
        match self.vault.get() {
            Some(vault) => vault.refresh().await.map_err(|error| Failure::Unavailable(error.to_string())),
            None => Ok(Arc::default()),
        }
    }
}
