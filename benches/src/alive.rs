//! Instances that are alive at the same time, and the memory each of them takes.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use steward_sandbox::Outcome;
use tokio_util::sync::CancellationToken;

use crate::figures::{number, print};
use crate::guest;
use crate::process::Memory;
use crate::sandbox::Sandbox;

/// A tool of the guest that does not come back by itself.
const TOOL: &str = "sleep_forever";
/// Steward makes up to 240 calls at once.
const ALIVE: [usize; 3] = [10, 100, 240];
/// Memory that did not change for so long will not.
const QUIET: Duration = Duration::from_millis(300);

pub(crate) async fn take() -> anyhow::Result<()> {
    let sandbox = Sandbox::open(vec![guest::hostile()]).await?;
    // What the first call makes, such as threads, is there for all.
    asleep(&sandbox, 1).await?;
    let mut rows = Vec::new();
    for alive in ALIVE {
        let (before, during) = asleep(&sandbox, alive).await?;
        let each = during.saturating_sub(before) as f64 / alive as f64;
        rows.push([
            alive.to_string(),
            format!("{} KiB", number(each)),
            format!("{} KiB", during.saturating_sub(before)),
        ]);
    }
    print(["instances alive at once", "memory of each", "of all"], rows);
    sandbox.close().await;
    Ok(())
}

/// The process's own memory in KiB before, and while so many instances sleep.
async fn asleep(sandbox: &Sandbox, number: usize) -> anyhow::Result<(u64, u64)> {
    let before = settled().await?;
    let cancel = CancellationToken::new();
    let sleepers = (0..number).map(|_| {
        let mut call = sandbox.call(TOOL, json!({}));
        call.cancel = cancel.clone();
        let catalogue = sandbox.catalogue.clone();
        tokio::spawn(async move { catalogue.call(call).await })
    });
    let sleepers: Vec<_> = sleepers.collect();
    let during = settled().await?;
    cancel.cancel();
    for sleeper in join_all(sleepers).await {
        let answer = sleeper?;
        anyhow::ensure!(answer.outcome == Outcome::Cancelled, "it did not sleep: {}", answer.text);
    }
    Ok((before, during))
}

async fn settled() -> anyhow::Result<u64> {
    let mut anonymous = Memory::of(std::process::id())?.anonymous;
    loop {
        tokio::time::sleep(QUIET).await;
        let now = Memory::of(std::process::id())?.anonymous;
        if now == anonymous {
            return Ok(now);
        }
        anonymous = now;
    }
}
