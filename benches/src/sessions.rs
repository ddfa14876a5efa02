//! 200 people who write at the same moment, each with a separate session, against one who is alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::task::AbortOnDropHandle;

use crate::crowd::{at_once, one_after_another, people};
use crate::figures::{mebibytes, print, ratio, time};
use crate::process::{Memory, forget_peak};
use crate::scene::Scene;

const PEOPLE: usize = 200;
const ALONE: usize = 20;
/// Between two messages of those who are alone.
const PACE: Duration = Duration::from_millis(400);
/// Calls of the Bot API that Steward's Telegram channel makes in a second at most, and may make at once after a rest.
const A_SECOND: usize = 25;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn take() -> anyhow::Result<()> {
    let scene = Scene::open().await?;
    let process = scene.steward.process();
    let alone = one_after_another(&people(&scene.telegram, ALONE, 1_000), PACE).await?;
    scene.quiet().await;

    let before = scene.effort()?;
    let idle = Memory::of(process)?;
    forget_peak(process)?;
    let watch = Watch::start(process);
    let crowd = people(&scene.telegram, PEOPLE, 10_000);
    let asked_before = scene.model.requests().len();
    let started = Instant::now();
    let (all, at_model) = tokio::join!(at_once(&crowd), async {
        scene.model.asked(asked_before + PEOPLE).await;
        started.elapsed()
    });
    let all = all?;
    let (peak, most_anonymous) = (Memory::of(process)?.peak, watch.most());
    scene.quiet().await;
    let after = Memory::of(process)?;
    let effort = scene.effort()?.since(before);
    scene.close().await?;

    let rows = [
        ("one person alone", time(alone.waits.median()), time(alone.waits.quantile(0.95)), "—".to_owned()),
        ("200 at once", time(all.waits.median()), time(all.waits.quantile(0.95)), time(all.took)),
        (
            "ratio",
            ratio(all.waits.median().as_secs_f64(), alone.waits.median().as_secs_f64()),
            ratio(all.waits.quantile(0.95).as_secs_f64(), alone.waits.quantile(0.95).as_secs_f64()),
            ratio(all.took.as_secs_f64(), alone.waits.median().as_secs_f64()),
        ),
    ];
    let rows = rows.map(|(what, p50, p95, all)| [what.to_owned(), p50, p95, all]).to_vec();
    print(["sessions", "wait p50", "wait p95", "until all are answered"], rows);
    let rows = vec![
        ["before".to_owned(), mebibytes(idle.resident), mebibytes(idle.anonymous), idle.threads.to_string()],
        ["most with 200 sessions".to_owned(), mebibytes(peak), mebibytes(most_anonymous), "—".to_owned()],
        ["afterwards".to_owned(), mebibytes(after.resident), mebibytes(after.anonymous), after.threads.to_string()],
    ];
    print(["memory", "resident", "of it its own", "threads"], rows);
    println!(
        "All 200 runs had asked the model after {}. Steward used {} of processor time and made {} calls of the Bot \
         API; as it allows itself {A_SECOND} a second, those take {} at least.\n",
        time(at_model),
        time(effort.used),
        effort.calls,
        time(Duration::from_secs_f64(effort.calls.saturating_sub(A_SECOND) as f64 / A_SECOND as f64))
    );
    Ok(())
}

/// Looks at the memory of a process again and again and keeps the most, for Linux keeps no peak of it.
struct Watch {
    most: Arc<AtomicU64>,
    _looking: AbortOnDropHandle<()>,
}

impl Watch {
    fn start(process: u32) -> Self {
        let most = Arc::new(AtomicU64::new(0));
        let kept = Arc::clone(&most);
        let look = async move {
            while let Ok(memory) = Memory::of(process) {
                kept.fetch_max(memory.anonymous, Ordering::Relaxed);
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        Self { most, _looking: AbortOnDropHandle::new(tokio::spawn(look)) }
    }

    /// In KiB.
    fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }
}
