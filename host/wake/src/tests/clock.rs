//! A clock that goes on when a test says so.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;

pub(crate) struct StandClock(watch::Sender<Face>);

struct Face {
    wall: Timestamp,
    elapsed: Duration,
    /// Who sleeps, and until when.
    sleepers: BTreeMap<u64, Duration>,
    next: u64,
}

/// Somebody who sleeps, also when they are woken early.
struct Sleeper<'a>(&'a StandClock, u64);

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|face| {
            face.sleepers.remove(&self.1);
        });
    }
}

impl StandClock {
    pub(crate) fn new() -> Self {
        let wall = "2026-11-20T13:05:00Z".parse().unwrap();
        let face = Face { wall, elapsed: Duration::from_secs(100), sleepers: BTreeMap::new(), next: 0 };
        Self(watch::channel(face).0)
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.send_modify(|face| {
            face.wall += time;
            face.elapsed += time;
        });
    }

    /// Sets the wall clock alone.
    pub(crate) fn set(&self, wall: Timestamp) {
        self.0.send_modify(|face| face.wall = wall);
    }

    /// Returns when somebody sleeps for just so long from now.
    pub(crate) async fn until_asleep(&self, time: Duration) {
        let asleep = |face: &Face| face.sleepers.values().any(|until| *until == face.elapsed + time);
        let mut faces = self.0.subscribe();
        let waited = tokio::time::timeout(super::rig::PATIENCE, faces.wait_for(asleep)).await;
        if waited.is_err() {
            let face = self.0.borrow();
            let asleep: Vec<_> = face.sleepers.values().map(|until| until.saturating_sub(face.elapsed)).collect();
            drop(face);
            panic!("nobody sleeps for {time:?}, but for {asleep:?}");
        }
    }
}

#[async_trait]
impl Clock for StandClock {
    fn now(&self) -> Timestamp {
        self.0.borrow().wall
    }

    fn elapsed(&self) -> Duration {
        self.0.borrow().elapsed
    }

    async fn sleep(&self, time: Duration) {
        let mut faces = self.0.subscribe();
        let mut own = (0, Duration::ZERO);
        self.0.send_modify(|face| {
            own = (face.next, face.elapsed + time);
            face.next += 1;
            face.sleepers.insert(own.0, own.1);
        });
        let _sleeper = Sleeper(self, own.0);
        let _ = faces.wait_for(|face| face.elapsed >= own.1).await;
    }
}
