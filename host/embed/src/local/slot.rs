//! Something large that is made when it is first needed and can be let go.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

pub(super) struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// What is there, or what `make` makes. Who comes meanwhile waits for it: so this is not for async threads.
    pub(super) fn get_or_fill<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(there) => Ok(Arc::clone(there)),
            None => Ok(Arc::clone(slot.insert(Arc::new(make()?)))),
        }
    }

    /// Lets go of what is there, and says whether there was something. Never waits: what is being made stays.
    pub(super) fn empty(&self) -> bool {
        self.try_lock().and_then(|mut slot| slot.take()).is_some()
    }

    #[cfg(test)]
    pub(super) fn is_full(&self) -> bool {
        self.try_lock().is_none_or(|slot| slot.is_some())
    }

    /// `None` while it is being made.
    fn try_lock(&self) -> Option<MutexGuard<'_, Option<Arc<T>>>> {
        match self.0.try_lock() {
            Ok(slot) => Some(slot),
            Err(TryLockError::Poisoned(slot)) => Some(slot.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
