//! What a long day of one owner does to the memory of Steward, and what each message costs: messages at a pace through the
//! terminal, which knows no limit, then a rest.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::crowd::QUESTION;
use crate::figures::{mebibytes, print, time};
use crate::process::{Memory, forget_peak, used};
use crate::scene::Scene;
use crate::terminal::Chat;

/// After how many messages it is measured.
const AT: [usize; 4] = [0, 100, 500, 1_000];
/// Between two messages; the environment may name another one in milliseconds, as `STEWARD_BENCH_PACE=600`.
const PACE: Duration = Duration::from_millis(200);
/// Messages before the owner begins a new conversation, as few write all day into one.
const CONVERSATION: usize = 50;
/// After the last message: what was gathered is done and what it took is given back by then.
const REST: Duration = Duration::from_secs(40);

pub(crate) async fn take() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let process = scene.steward.process();
    let pace = match std::env::var("STEWARD_BENCH_PACE") {
        Ok(pace) => Duration::from_millis(pace.parse()?),
        Err(_) => PACE,
    };
    let mut chat = Chat::open(&scene.home.socket()).await?;
    chat.ask(QUESTION).await?;
    tokio::time::sleep(REST).await;
    forget_peak(process)?;
    let mut rows = vec![row("at rest, after one message".to_owned(), process, None)?];
    let mut said = 0;
    let (mut next, mut before) = (Instant::now(), used(process)?);
    for at in AT.into_iter().skip(1) {
        let since = said;
        while said < at {
            sleep_until(next).await;
            next += pace;
            if said % CONVERSATION == CONVERSATION - 1 {
                chat.clear().await?;
            }
            chat.ask(&format!("{QUESTION} number {said}")).await?;
            said += 1;
        }
        let now = used(process)?;
        let each = now.saturating_sub(before) / u32::try_from(said - since)?;
        before = now;
        rows.push(row(format!("{at} messages"), process, Some(each))?);
    }
    tokio::time::sleep(REST).await;
    let after = used(process)?.saturating_sub(before);
    rows.push(row(format!("{} s later", REST.as_secs()), process, None)?);
    scene.close().await?;
    print(["after", "resident (VmRSS)", "its own (RssAnon)", "peak", "CPU a message"], rows);
    println!("One message every {pace:?}; after the last one {} of CPU for what was gathered.\n", time(after));
    Ok(())
}

fn row(what: String, process: u32, each: Option<Duration>) -> anyhow::Result<[String; 5]> {
    let memory = Memory::of(process)?;
    Ok([
        what,
        mebibytes(memory.resident),
        mebibytes(memory.anonymous),
        mebibytes(memory.peak),
        each.map_or("—".to_owned(), time),
    ])
}
