//! Clears away once a day what is kept for a while: messages that were sent or handled, recordings, what outsiders sent.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::Host;
use crate::uploads;

/// Sent messages and handled ones are kept this long.
const KEEP: SignedDuration = SignedDuration::from_hours(24 * 14);
const CLEAR_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// The wall clock goes on while the machine sleeps, so it is asked more often than that.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

pub(crate) async fn run(host: Arc<Host>) {
    let mut cleared = None;
    loop {
        let now = Timestamp::now();
        if cleared.is_none_or(|at| now - CLEAR_EVERY > at) {
            cleared = Some(now);
            clear(&host, now).await;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = host.stop.cancelled() => return,
        }
    }
}

async fn clear(host: &Host, now: Timestamp) {
    if let Err(error) = host.store.purge(now - KEEP).await {
        tracing::warn!(%error, "old messages were not cleared away");
    }
    forget_outsiders(host, now).await;
    if let Err(error) = host.store.forget_recordings(now - host.config.audit.keep).await {
        tracing::warn!(%error, "old recordings were not cleared away");
    }
}

/// Deletes what outsiders sent longer ago than it is kept.
async fn forget_outsiders(host: &Host, now: Timestamp) {
    let kept = SignedDuration::from_hours(24 * i64::from(host.config.admission.limits.keep_days));
    let outsiders = match host.store.forget_outsiders(now - kept).await {
        Ok(outsiders) => outsiders,
        Err(error) => return tracing::warn!(%error, "what outsiders sent long ago was not cleared away"),
    };
    let (data, before) = (host.config.data.clone(), std::time::SystemTime::from(now - kept));
    if let Err(error) = tokio::task::spawn_blocking(move || uploads::forget(&data, &outsiders, before)).await {
        tracing::warn!(%error, "old files of outsiders were not cleared away");
    }
}
