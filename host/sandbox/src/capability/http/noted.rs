//! Where the last refusal of a call is kept, so that the answer can say what the guest's own error code cannot.

use std::sync::{Arc, Mutex, PoisonError};

use super::denial::Denial;

/// The last refusal, shared with requests that are on their way.
#[derive(Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<Option<Denial>>>);

impl Noted {
    pub(crate) fn note(&self, denial: Denial) {
        tracing::debug!(%denial, "a plugin's request was refused");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(denial);
    }

    pub(crate) fn last(&self) -> Option<Denial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
