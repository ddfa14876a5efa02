//! How much memory a Steward takes that has nothing to do.

use std::time::Duration;

use steward_tests::Telegram;

use crate::figures::{mebibytes, print};
use crate::process::{Memory, used};
use crate::steward::Home;

/// After being ready: what a start leaves behind is tidied by then.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) async fn take() -> anyhow::Result<()> {
    let without = idle(&Home::new()?).await?;
    let telegram = Telegram::start().await;
    let with = idle(&Home::new()?.telegram(&telegram)).await?;
    let row = |what: &str, (memory, busy): (Memory, Duration)| {
        [
            what.to_owned(),
            mebibytes(memory.resident),
            mebibytes(memory.anonymous),
            memory.threads.to_string(),
            format!("{} ms", busy.as_millis()),
        ]
    };
    let rows = vec![row("Telegram off", without), row("Telegram on", with)];
    print(["idle", "resident (VmRSS)", "of it its own (RssAnon)", "threads", "processor time in 10 s"], rows);
    Ok(())
}

/// Memory of a start with compiled plugins, and the processor time it takes to do nothing.
async fn idle(home: &Home) -> anyhow::Result<(Memory, Duration)> {
    home.start().await?.stop().await?;
    let steward = home.start().await?;
    let before = used(steward.process())?;
    tokio::time::sleep(IDLE).await;
    let busy = used(steward.process())?.saturating_sub(before);
    let memory = Memory::of(steward.process())?;
    steward.stop().await?;
    Ok((memory, busy))
}
