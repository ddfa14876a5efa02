//! How receiving goes. Outgoing calls never touch it: a channel that sends well and hears nothing is ill.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use steward_agent::Health;

/// The [`Health`] of a running channel.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Health>);

impl Pulse {
    pub(crate) fn read(&self) -> Health {
        self.with(|health| health.clone())
    }

    pub(crate) fn received(&self) {
        self.with(|health| {
            health.last_ok = Some(Timestamp::now());
            health.failing_since = None;
        });
    }

    pub(crate) fn failed(&self, reason: impl Into<String>) {
        let reason = reason.into();
        self.with(|health| {
            health.last_error = Some(reason);
            health.failing_since.get_or_insert_with(Timestamp::now);
        });
    }

    pub(crate) fn renewed(&self) {
        self.with(|health| health.renewed = health.renewed.saturating_add(1));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Health) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_lasts_until_something_is_received() {
        let pulse = Pulse::default();
        pulse.failed("first");
        let since = pulse.read().failing_since;
        pulse.failed("second");
        assert_eq!(pulse.read().failing_since, since);
        assert_eq!(pulse.read().last_error.as_deref(), Some("second"));
        pulse.received();
        let health = pulse.read();
        assert_eq!((health.failing_since, health.last_error.as_deref()), (None, Some("second")));
        assert!(health.last_ok.is_some());
    }
}
