//! One small tool, called through the whole sandbox and as a plain function: fresh instance, grants, limits and audit
//! row on one side, nothing of that on the other.

use std::hint::black_box;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steward_sandbox::{Call, Catalogue, Outcome};

use crate::busy::Busy;
use crate::figures::{Samples, number, print, rate, ratio, time};
use crate::guest;
use crate::sandbox::Sandbox;

const CALLS: usize = 20_000;
/// Calls before the first one that counts.
const WARM_UP: usize = 1_000;
/// Calls made in one go where there are pauses.
const BURST: usize = 100;
/// Long enough for the audit rows of a burst to reach the disk.
const PAUSE: Duration = Duration::from_millis(30);
const TOOL: &str = "split_bill";

pub(crate) fn input() -> Value {
    json!({ "total": 4250, "people": ["Ann", "Bob", "Eve", "Olga"] })
}

pub(crate) async fn take() -> anyhow::Result<()> {
    let sandbox = Sandbox::open(vec![guest::small()]).await?;
    let (catalogue, call) = (&sandbox.catalogue, &sandbox.call(TOOL, input()));
    sandboxed(catalogue, call, WARM_UP).await?;
    native(WARM_UP, 1)?;

    let alone = (Samples::new(native(CALLS, 1)?)?, in_bursts(|| sandboxed(catalogue, call, BURST)).await?);
    let steady = (Samples::new(native(CALLS, 1)?)?, Samples::new(sandboxed(catalogue, call, CALLS).await?)?);
    let cores = available_parallelism().map_or(1, usize::from);
    let (native_times, native_rate) = native_at_once(cores)?;
    let (times, rate) = sandboxed_at_once(catalogue, call, cores).await?;
    // So many native calls take as long as one through the sandbox.
    let as_long = (alone.1.median().as_nanos() / alone.0.median().as_nanos().max(1)).max(1);
    let busy = Busy::start(cores);
    let besides = in_bursts(|| sandboxed(catalogue, call, BURST)).await?;
    let long = in_bursts(|| native_in_task(BURST, as_long as usize)).await?;
    let once = Samples::new(native(CALLS, 1)?)?;
    busy.end();

    let rows = vec![
        row("alone, in bursts of 100", &alone.0, &alone.1),
        row("alone, without a pause", &steady.0, &steady.1),
        row(&format!("every core calling all the time ({cores} at once)"), &native_times, &times),
        row("every core busy with other work, in bursts of 100", &once, &besides),
        row(&format!("the same, with {as_long} native calls for one"), &long, &besides),
    ];
    print(["one call", "native p50", "native p99", "sandbox p50", "sandbox p99", "ratio of p50"], rows);
    let row = [format!("calls a second, {cores} at once"), number(native_rate), number(rate), ratio(native_rate, rate)];
    print(["all at once", "native", "sandbox", "ratio"], vec![row]);

    catalogue.close().await;
    let made = WARM_UP + 3 * CALLS + cores * CALLS;
    println!("audit rows: {} of {made} calls\n", sandbox.store.recent_calls(2 * made).await?.len());
    sandbox.close().await;
    Ok(())
}

fn row(what: &str, native: &Samples, sandboxed: &Samples) -> [String; 6] {
    [
        what.to_owned(),
        time(native.median()),
        time(native.quantile(0.99)),
        time(sandboxed.median()),
        time(sandboxed.quantile(0.99)),
        ratio(sandboxed.median().as_secs_f64(), native.median().as_secs_f64()),
    ]
}

/// The tool as a function of this program: JSON in, text and JSON out, as the SDK dispatches it.
fn call_natively(input: &Value) -> anyhow::Result<()> {
    let output = steward_sdk::call(guest_small::TOOLS, TOOL, &black_box(input).to_string());
    let output = output.map_err(|failure| anyhow::anyhow!("the tool fails: {}", failure.text()))?;
    black_box(output);
    Ok(())
}

/// Each of the times is that of `number` calls.
fn native(times: usize, number: usize) -> anyhow::Result<Vec<Duration>> {
    let input = input();
    let one = |_| {
        let started = Instant::now();
        (0..number).try_for_each(|_| call_natively(&input))?;
        Ok(started.elapsed())
    };
    (0..times).map(one).collect()
}

async fn native_in_task(times: usize, number: usize) -> anyhow::Result<Vec<Duration>> {
    tokio::spawn(async move { native(times, number) }).await?
}

/// As many as [`CALLS`], with pauses.
async fn in_bursts<F>(burst: impl Fn() -> F) -> anyhow::Result<Samples>
where
    F: Future<Output = anyhow::Result<Vec<Duration>>>,
{
    let mut times = Vec::with_capacity(CALLS);
    while times.len() < CALLS {
        times.extend(burst().await?);
        tokio::time::sleep(PAUSE).await;
    }
    Samples::new(times)
}

/// In a task, as runs make their calls.
async fn sandboxed(catalogue: &Arc<Catalogue>, call: &Call, calls: usize) -> anyhow::Result<Vec<Duration>> {
    let (catalogue, call) = (Arc::clone(catalogue), call.clone());
    let called = tokio::spawn(async move {
        let mut times = Vec::with_capacity(calls);
        for _ in 0..calls {
            let call = call.clone();
            let started = Instant::now();
            let answer = catalogue.call(call).await;
            times.push(started.elapsed());
            anyhow::ensure!(answer.outcome == Outcome::Ok, "the tool fails: {}", answer.text);
            black_box(answer);
        }
        Ok(times)
    });
    called.await?
}

/// The times of all, and how many calls a second they came to.
fn native_at_once(threads: usize) -> anyhow::Result<(Samples, f64)> {
    let started = Instant::now();
    let threads: Vec<_> = (0..threads).map(|_| std::thread::spawn(|| native(CALLS, 1))).collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| anyhow::anyhow!("a thread broke off"))??);
    }
    let rate = rate(times.len(), started.elapsed());
    Ok((Samples::new(times)?, rate))
}

async fn sandboxed_at_once(catalogue: &Arc<Catalogue>, call: &Call, tasks: usize) -> anyhow::Result<(Samples, f64)> {
    let started = Instant::now();
    let tasks = (0..tasks).map(|_| sandboxed(catalogue, call, CALLS));
    let times = futures::future::try_join_all(tasks).await?.concat();
    let rate = rate(times.len(), started.elapsed());
    Ok((Samples::new(times)?, rate))
}
