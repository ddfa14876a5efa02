//! How much memory a Steward takes that has nothing to do.

use std::time::Duration;

use steward_tests::Telegram;

use crate::figures::{mebibytes, number, print};
use crate::process::{Memory, used};
use crate::steward::Home;

/// After being ready: what a start leaves behind is tidied by then.
const IDLE: Duration = Duration::from_secs(6);
const STARTS: usize = 5;

pub(crate) async fn take() -> anyhow::Result<()> {
    let without = idle(&Home::new()?).await?;
    let telegram = Telegram::start().await;
    let with = idle(&Home::new()?.telegram(&telegram)).await?;
    let rows = vec![row("Telegram off", &without), row("Telegram on", &with)];
    print(["idle", "resident (VmRSS)", "its own (RssAnon)", "mapped files", "threads", "CPU in 6 s"], rows);
    println!("Least and most of {STARTS} starts.\n");
    Ok(())
}

fn row(what: &str, starts: &[(Memory, Duration)]) -> [String; 6] {
    let range = |of: fn(&Memory) -> u64| {
        let of = starts.iter().map(|(memory, _)| of(memory));
        of.clone().min().unwrap_or_default()..=of.max().unwrap_or_default()
    };
    let size = |of| {
        let range = range(of);
        format!("{} to {}", number(*range.start() as f64 / 1024.0), mebibytes(*range.end()))
    };
    let most = starts.iter().map(|(_, busy)| busy.as_millis()).max().unwrap_or_default();
    [
        what.to_owned(),
        size(|memory| memory.resident),
        size(|memory| memory.anonymous),
        size(|memory| memory.resident - memory.anonymous),
        range(|memory| memory.threads).end().to_string(),
        format!("{most} ms"),
    ]
}

/// Memory of starts with compiled plugins, and the processor time each takes to do nothing.
async fn idle(home: &Home) -> anyhow::Result<Vec<(Memory, Duration)>> {
    home.prepare().await?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let steward = home.start().await?;
        let before = used(steward.process())?;
        tokio::time::sleep(IDLE).await;
        let busy = used(steward.process())?.saturating_sub(before);
        starts.push((Memory::of(steward.process())?, busy));
        steward.stop().await?;
    }
    Ok(starts)
}
