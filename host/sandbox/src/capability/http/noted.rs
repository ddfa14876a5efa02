//! What is kept of a call's requests: the last refusal, so that the answer can say what the guest's own error code
//! cannot, and how many bytes went out and came in.

use std::sync::{Arc, Mutex, PoisonError};

use super::denial::Denial;
use crate::spent::Spent;

/// Shared with requests that are on their way.
#[derive(Clone, Default)]
pub(crate) struct Noted {
    denial: Arc<Mutex<Option<Denial>>>,
    spent: Option<Arc<Spent>>,
}

impl Noted {
    pub(crate) fn counting(self, spent: Arc<Spent>) -> Self {
        Self { spent: Some(spent), ..self }
    }

    pub(crate) fn note(&self, denial: Denial) {
        tracing::debug!(%denial, "a plugin's request was refused");
        *self.denial.lock().unwrap_or_else(PoisonError::into_inner) = Some(denial);
    }

    pub(crate) fn last(&self) -> Option<Denial> {
        self.denial.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// So many bytes of a request's body were handed on.
    pub(crate) fn sent(&self, bytes: usize) {
        if let Some(spent) = &self.spent {
            spent.sent(bytes);
        }
    }

    /// So many bytes of a response's body have come.
    pub(crate) fn received(&self, bytes: usize) {
        if let Some(spent) = &self.spent {
            spent.received(bytes);
        }
    }
}
