//! One small tool, called through the whole sandbox and as a plain function: fresh instance, grants, limits and audit
//! row on one side, nothing of that on the other.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, available_parallelism};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use steward_agent::{Address, Language, Origin, Principal, Role, Sender, SessionId};
use steward_sandbox::{Call, Catalogue, Compiler, HttpPolicy, Limits, Outcome, PluginSource, RecordPolicy, Roles, SandboxConfig};
use steward_store::{Person, Store};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::figures::{Samples, number, print, rate, ratio, time};
use crate::guest;

const CALLS: usize = 20_000;
/// Calls before the first one that counts.
const WARM_UP: usize = 1_000;
/// Calls made in one go where there are pauses.
const BURST: usize = 100;
/// Long enough for the audit rows of a burst to reach the disk.
const PAUSE: Duration = Duration::from_millis(20);
const TOOL: &str = "split_bill";

fn input() -> Value {
    json!({ "total": 4250, "people": ["Ann", "Bob", "Eve", "Olga"] })
}

pub(crate) async fn take() -> anyhow::Result<()> {
    let folder = TempDir::with_prefix("steward-bench-")?;
    let store = Store::open(&folder.path().join("steward.sqlite"))?;
    let catalogue = Arc::new(load(&folder, &store).await?);
    let call = call(&meet(&store).await?);
    sandboxed(&catalogue, &call, WARM_UP).await?;
    native(WARM_UP)?;

    let mut rows = vec![row("alone, in bursts of 100", &native(CALLS)?, &in_bursts(&catalogue, &call).await?)];
    rows.push(row("alone, without a pause", &native(CALLS)?, &sandboxed(&catalogue, &call, CALLS).await?));
    let busy = Busy::start();
    let cores = busy.0.len();
    rows.push(row("all cores busy, in bursts of 100", &native(CALLS)?, &in_bursts(&catalogue, &call).await?));
    busy.end();
    print(["one call", "native p50", "native p99", "sandbox p50", "sandbox p99", "ratio of p50"], rows);

    let native = native_at_once(cores)?;
    let sandboxed = sandboxed_at_once(&catalogue, &call, cores).await?;
    let row = [format!("calls a second, {cores} at once"), number(native), number(sandboxed), ratio(native, sandboxed)];
    print(["all at once", "native", "sandbox", "ratio"], vec![row]);

    catalogue.close().await;
    let made = WARM_UP + 3 * CALLS + cores * CALLS;
    println!("audit rows: {} of {made} calls\n", store.recent_calls(2 * made).await?.len());
    store.close().await;
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

fn native(calls: usize) -> anyhow::Result<Samples> {
    let input = input();
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let started = Instant::now();
        call_natively(&input)?;
        times.push(started.elapsed());
    }
    Samples::new(times)
}

/// Without a pause, rows of the audit come faster than they can be written, and calls wait for that.
async fn sandboxed(catalogue: &Arc<Catalogue>, call: &Call, calls: usize) -> anyhow::Result<Samples> {
    Samples::new(burst(catalogue, call, calls).await?)
}

async fn in_bursts(catalogue: &Arc<Catalogue>, call: &Call) -> anyhow::Result<Samples> {
    let mut times = Vec::with_capacity(CALLS);
    while times.len() < CALLS {
        times.extend(burst(catalogue, call, BURST).await?);
        tokio::time::sleep(PAUSE).await;
    }
    Samples::new(times)
}

/// In a task, as runs make their calls.
async fn burst(catalogue: &Arc<Catalogue>, call: &Call, calls: usize) -> anyhow::Result<Vec<Duration>> {
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

fn native_at_once(threads: usize) -> anyhow::Result<f64> {
    let started = Instant::now();
    let threads: Vec<JoinHandle<anyhow::Result<Samples>>> =
        (0..threads).map(|_| std::thread::spawn(|| native(CALLS))).collect();
    let made = threads.len() * CALLS;
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a thread broke off"))??;
    }
    Ok(rate(made, started.elapsed()))
}

async fn sandboxed_at_once(catalogue: &Arc<Catalogue>, call: &Call, tasks: usize) -> anyhow::Result<f64> {
    let started = Instant::now();
    let tasks = (0..tasks).map(|_| sandboxed(catalogue, call, CALLS));
    let made = futures::future::try_join_all(tasks).await?.len() * CALLS;
    Ok(rate(made, started.elapsed()))
}

/// Threads that keep every core busy with something else.
struct Busy(Vec<JoinHandle<()>>, Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = available_parallelism().map_or(1, usize::from);
        let spin = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        Self((0..cores).map(spin).collect(), Arc::clone(&stop))
    }

    fn end(self) {
        self.1.store(true, Ordering::Relaxed);
        for thread in self.0 {
            // It does nothing that could panic.
            let _ = thread.join();
        }
    }
}

async fn load(folder: &TempDir, store: &Store) -> anyhow::Result<Catalogue> {
    let workspace = folder.path().join("workspace");
    std::fs::create_dir(&workspace)?;
    let config = SandboxConfig {
        compiled: folder.path().join("compiled"),
        compiler: Compiler::InProcess,
        workspace,
        store: store.clone(),
        time_zone: TimeZone::UTC,
        roles: Roles::default(),
        http: HttpPolicy::default(),
        record: RecordPolicy::default(),
        limits: Limits::default(),
    };
    let source =
        PluginSource { name: "small".to_owned(), wasm: guest::WASM.into(), manifest: guest::MANIFEST.to_owned() };
    let catalogue = Catalogue::load(config, vec![source]).await?;
    anyhow::ensure!(catalogue.refused().is_empty(), "the guest is refused: {:?}", catalogue.refused());
    Ok(catalogue)
}

async fn meet(store: &Store) -> anyhow::Result<Person> {
    let address = Address { channel: "terminal".to_owned(), chat: "1".to_owned() };
    let sender = Sender { id: "1".to_owned(), name: "Olga".to_owned(), username: None, language: None };
    Ok(store.meet("terminal", &sender, Some(Role::Owner), &address, jiff::Timestamp::now()).await?)
}

fn call(owner: &Person) -> Call {
    Call {
        principal: Principal {
            person: owner.id,
            name: owner.name.clone(),
            role: Role::Owner,
            session: SessionId("owner/1/terminal".to_owned()),
            origin: Origin::Chat,
        },
        language: Language::En,
        run: None,
        name: TOOL.to_owned(),
        input: input(),
        key: "1/1/0".to_owned(),
        replayed: false,
        time_limit: Duration::from_secs(30),
        cancel: CancellationToken::new(),
        progress: None,
        owner: None,
        tools: Default::default(),
    }
}
