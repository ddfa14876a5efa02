//! Plugins whose code is not there yet: a program that starts for the first time need not wait for the compiler. Which
//! of them can be called before all are there is the host's to decide.

use std::sync::Arc;

use futures::future::join_all;

use super::{Catalogue, SandboxConfig};
use crate::error::SandboxError;
use crate::plugin::PluginSource;

impl Catalogue {
    /// As [`Catalogue::load`], with those plugins alone whose code was compiled before. The others are given back, for
    /// [`Catalogue::with_late`].
    ///
    /// # Errors
    /// The sandbox itself cannot work.
    pub async fn load_compiled(
        config: SandboxConfig,
        sources: Vec<PluginSource>,
    ) -> Result<(Self, Vec<PluginSource>), SandboxError> {
        let empty = Self::load(config, Vec::new()).await?;
        let cache = Arc::clone(&empty.cache);
        // Hashes them all, which is megabytes.
        let parted = tokio::task::spawn_blocking(move || {
            sources.into_iter().partition::<Vec<_>, _>(|source| cache.is_kept(&source.wasm))
        });
        let (ready, late) = parted.await.map_err(|error| SandboxError::Engine(error.to_string()))?;
        Ok((empty.with_late(ready).await, late))
    }

    /// A catalogue that shares everything with this one and holds these plugins of the program too. Installed ones are
    /// left out: whoever wants them adds them anew.
    pub async fn with_late(&self, late: Vec<PluginSource>) -> Self {
        let mut catalogue = self.with_own();
        catalogue.take_in(join_all(late.into_iter().map(|source| self.load_one(source, None))).await);
        catalogue.own_refused = catalogue.refused.len();
        catalogue
    }
}
