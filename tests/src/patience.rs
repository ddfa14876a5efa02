//! How long a test waits for something that should happen. Nobody waits this long in a run that passes: it only turns
//! a hang into a failure that tells what was missing.

use std::future::Future;
use std::time::Duration;

/// The time a test gives a machine that is busy with other work.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// The time it gives a compiler that begins with nothing.
pub const COMPILING: Duration = Duration::from_secs(280);

/// Waits for `wanted`.
///
/// # Panics
/// When it does not come in time, with the story that `tell` tells then.
pub async fn wait_for<T>(wanted: impl Future<Output = T>, tell: impl FnOnce() -> String) -> T {
    wait_at_most(PATIENCE, wanted, tell).await
}

/// The same with another patience.
///
/// # Panics
/// When it does not come in time, with the story that `tell` tells then.
pub async fn wait_at_most<T>(time: Duration, wanted: impl Future<Output = T>, tell: impl FnOnce() -> String) -> T {
    match tokio::time::timeout(time, wanted).await {
        Ok(found) => found,
        Err(_) => panic!("waited {} s in vain. {}", time.as_secs(), tell()),
    }
}
