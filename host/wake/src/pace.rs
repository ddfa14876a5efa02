//! When each subscription is to be looked at: when it was told and is quiet again, and now and then anyway. Times are those
//! that have passed, not those of the wall clock. No I/O, no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use steward_store::SubscriptionId;

use crate::subject::Stirred;

/// What is being written is looked at when nothing more came for so long.
pub(crate) const QUIET: Duration = Duration::from_millis(500);
/// What is written without end is looked at after this time.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Pace {
    /// It is looked at then, told or not.
    next: Duration,
    /// When it was told first and last since it was looked at.
    told: Option<(Duration, Duration)>,
    /// It rests until then, whatever is told.
    rests: Duration,
    /// Why it could not be looked at last.
    fault: Option<String>,
}

impl Pace {
    /// When it is to be looked at for what was told of it.
    fn stirs(&self) -> Option<Duration> {
        let (first, last) = self.told?;
        Some((last + QUIET).min(first + LONGEST).max(self.rests))
    }

    fn due(&self) -> Duration {
        let next = self.next.max(self.rests);
        self.stirs().map_or(next, |told| told.min(next))
    }
}

/// Those of one kind of event.
#[derive(Debug, Default)]
pub(crate) struct Paces(BTreeMap<SubscriptionId, Pace>);

impl Paces {
    /// These are there now. A new one is looked at at once: what happened while nobody looked is told too.
    pub(crate) fn keep(&mut self, ids: &BTreeSet<SubscriptionId>) {
        self.0.retain(|id, _| ids.contains(id));
        for id in ids {
            self.0.entry(*id).or_default();
        }
    }

    /// Something may have happened.
    pub(crate) fn stir(&mut self, stirred: &Stirred, elapsed: Duration) {
        for (id, pace) in &mut self.0 {
            if matches!(stirred, Stirred::All) || matches!(stirred, Stirred::These(ids) if ids.contains(id)) {
                let first = pace.told.map_or(elapsed, |(first, _)| first);
                pace.told = Some((first, elapsed));
            }
        }
    }

    pub(crate) fn is_due(&self, id: SubscriptionId, elapsed: Duration) -> bool {
        self.0.get(&id).is_some_and(|pace| pace.due() <= elapsed)
    }

    /// The time until something that was told is to be looked at.
    pub(crate) fn until_stirs(&self, elapsed: Duration) -> Option<Duration> {
        self.0.values().filter_map(Pace::stirs).min().map(|at| at.saturating_sub(elapsed))
    }

    /// The time until anything is to be looked at.
    pub(crate) fn until_due(&self, elapsed: Duration) -> Option<Duration> {
        self.0.values().map(Pace::due).min().map(|at| at.saturating_sub(elapsed))
    }

    /// It was looked at, and is again after this time if nothing is told.
    pub(crate) fn looked(&mut self, id: SubscriptionId, elapsed: Duration, again: Duration) {
        if let Some(pace) = self.0.get_mut(&id) {
            *pace = Pace { next: elapsed + again, ..Pace::default() };
        }
    }

    /// It is not looked at for so long, and then is.
    pub(crate) fn rest(&mut self, id: SubscriptionId, elapsed: Duration, time: Duration) {
        if let Some(pace) = self.0.get_mut(&id) {
            *pace = Pace { next: elapsed, rests: elapsed + time, ..Pace::default() };
        }
    }

    /// It could not be looked at; gives whether that is news.
    pub(crate) fn failed(&mut self, id: SubscriptionId, elapsed: Duration, again: Duration, fault: &str) -> bool {
        let Some(pace) = self.0.get_mut(&id) else { return false };
        let before = pace.fault.replace(fault.to_owned());
        (pace.next, pace.told) = (elapsed + again, None);
        before.as_deref() != Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SubscriptionId = SubscriptionId(1);
    const TWO: SubscriptionId = SubscriptionId(2);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn both() -> Paces {
        let mut paces = Paces::default();
        paces.keep(&BTreeSet::from([ONE, TWO]));
        assert!(paces.is_due(ONE, secs(0)) && paces.is_due(TWO, secs(0)), "what is new is looked at at once");
        paces.looked(ONE, secs(0), secs(600));
        paces.looked(TWO, secs(0), secs(600));
        paces
    }

    #[test]
    fn what_is_written_for_long_is_looked_at_once_when_it_is_quiet() {
        let (mut paces, only_one) = (both(), Stirred::These(BTreeSet::from([ONE])));
        let writes: Vec<_> = (0..10).map(|write| Duration::from_millis(write * 300)).collect();
        for at in &writes {
            paces.stir(&only_one, *at);
            assert!(!paces.is_due(ONE, *at));
            assert_eq!(paces.until_stirs(*at), Some(QUIET));
        }
        let quiet = writes[9] + QUIET;
        assert!(paces.is_due(ONE, quiet) && !paces.is_due(TWO, quiet));
        paces.looked(ONE, quiet, secs(600));
        assert_eq!(paces.until_stirs(quiet), None);
        assert_eq!(paces.until_due(quiet), Some(secs(600) - quiet), "the other one");
    }

    #[test]
    fn what_is_written_without_end_is_looked_at_all_the_same() {
        let mut paces = both();
        let mut at = secs(0);
        while !paces.is_due(ONE, at) {
            paces.stir(&Stirred::All, at);
            at += Duration::from_millis(100);
        }
        assert_eq!(at, LONGEST);
    }

    #[test]
    fn one_that_rests_is_looked_at_after_its_rest_and_not_before() {
        let mut paces = both();
        paces.rest(ONE, secs(1), secs(60));
        paces.stir(&Stirred::All, secs(2));
        assert!(!paces.is_due(ONE, secs(60)) && paces.is_due(ONE, secs(61)));
        assert!(paces.is_due(TWO, secs(3)));
        paces.looked(TWO, secs(3), secs(600));
        assert_eq!(paces.until_stirs(secs(3)), Some(secs(58)));
    }

    #[test]
    fn a_fault_is_said_once_until_it_is_another_one() {
        let mut paces = both();
        assert!(paces.failed(ONE, secs(0), secs(30), "too many files"));
        assert!(!paces.failed(ONE, secs(30), secs(30), "too many files"));
        assert!(paces.failed(ONE, secs(60), secs(30), "the disk is broken"));
        paces.looked(ONE, secs(90), secs(600));
        assert!(paces.failed(ONE, secs(700), secs(30), "the disk is broken"));
        assert!(paces.is_due(ONE, secs(730)));
    }
}
