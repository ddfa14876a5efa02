//! What goes wrong in the store, in the typed words of the contract.

use steward_store::StoreError;

use crate::bindings::Failure;

/// What it says.
pub(crate) fn text(failure: Failure) -> String {
    match failure {
        Failure::Invalid(text)
        | Failure::Denied(text)
        | Failure::NotFound(text)
        | Failure::Unavailable(text)
        | Failure::Failed(text) => text,
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::NotFound(_) => Self::NotFound(text),
            StoreError::Ambiguous { .. } | StoreError::Stranger { .. } | StoreError::Invalid(_) => Self::Invalid(text),
            StoreError::Exhausted(_) => Self::Denied(text),
            StoreError::DiskFull(_) | StoreError::Busy | StoreError::Closed => Self::Unavailable(text),
            _ => Self::Failed(text),
        }
    }
}
