//! The native code of a plugin. Of one that ships it is made or read when it is first needed, for its tools are known
//! from the build; of any other it is there before the plugin is.

use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};
use wasmtime::component::Component;

use crate::binary::Binary;
use crate::compile::Cache;
use crate::component;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::limits::Limits;
use crate::specs::{self, Known};

pub(crate) struct Code {
    component: OnceCell<Result<Component, Arc<LoadError>>>,
    shipped: Option<Shipped>,
}

/// What the code of a plugin that ships is made from, and what it must say of itself then.
pub(crate) struct Shipped {
    pub(crate) cache: Arc<Cache>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) binary: Binary,
    pub(crate) known: Known,
    pub(crate) limits: Limits,
    /// Held while it is compiled, so that nobody compiles it a second time meanwhile.
    pub(crate) turn: Mutex<()>,
}

impl Code {
    pub(crate) fn ready(component: Component) -> Self {
        Self { component: OnceCell::new_with(Some(Ok(component))), shipped: None }
    }

    pub(crate) fn later(shipped: Shipped) -> Self {
        Self { component: OnceCell::new(), shipped: Some(shipped) }
    }

    /// Whether a call need not wait for it.
    pub(crate) fn is_ready(&self) -> bool {
        self.component.initialized()
    }

    /// The component, compiled now if it never was.
    ///
    /// # Errors
    /// It cannot be compiled, or says something else of its tools than is known of it. It stays so.
    pub(crate) async fn component(&self) -> Result<&Component, Arc<LoadError>> {
        let Some(shipped) = &self.shipped else {
            return match self.component.get() {
                Some(there) => there.as_ref().map_err(Arc::clone),
                None => Err(Arc::new(LoadError::Specs("it was never compiled".to_owned()))),
            };
        };
        // Boxed, for it is large and seldom needed.
        let made = self.component.get_or_init(|| Box::pin(async { shipped.component().await.map_err(Arc::new) })).await;
        made.as_ref().map_err(Arc::clone)
    }

    /// Whether its code is still to be compiled for this machine. Blocks.
    pub(crate) fn is_missing(&self) -> bool {
        !self.is_ready() && self.shipped.as_ref().is_some_and(|shipped| !shipped.cache.is_kept(&shipped.binary))
    }

    /// Compiles it without loading it, at a pace that leaves the machine to others.
    ///
    /// # Errors
    /// It cannot be compiled.
    pub(crate) async fn compile_ahead(&self) -> Result<(), LoadError> {
        let Some(shipped) = self.shipped.as_ref().filter(|_| !self.is_ready()) else { return Ok(()) };
        let _turn = shipped.turn.lock().await;
        Ok(shipped.cache.compile_ahead(shipped.binary.clone()).await?)
    }
}

impl Shipped {
    async fn component(&self) -> Result<Component, LoadError> {
        let turn = self.turn.lock().await;
        let component = self.cache.component(self.binary.clone()).await?;
        drop(turn);
        self.known.are_names(component::names(&component))?;
        let said = specs::ask(&self.engine, &component, &self.limits).await?;
        self.known.are_tools(said)?;
        Ok(component)
    }
}
