//! The wasmtime engine: one for the process, with the allocator of instances and the one clock by which running
//! guests yield. It knows nothing of plugins and grants.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::SandboxError;

/// How long a guest runs before it lets others run; also how late a time limit is noticed at worst.
const TICK: Duration = Duration::from_millis(10);
/// After this many ticks without a call the clock stands still until the next one.
const IDLE_TICKS: u32 = 100;
/// Instances there can be at the same time.
pub(crate) const INSTANCES: u32 = 256;
/// The most memory any guest can have. Address space is reserved for this much, whatever a call is allowed to use.
pub(crate) const MEMORY: usize = 256 << 20;
const GUARD: u64 = 32 << 20;
/// So much of a guest's memory is overwritten with its first contents after a call. The rest goes back to the system,
/// which takes all processors' time, so it pays for guests to be no larger. To look which pages were written
/// (`pagemap_scan`) would leave those to the next call which the system has swapped out or is just moving.
const KEPT: usize = 256 << 10;

/// The engine and its clock, which stops when this is dropped.
pub(crate) struct Engine {
    engine: wasmtime::Engine,
    clock: Clock,
}

impl Engine {
    /// # Errors
    /// The machine is none wasmtime can run on.
    pub(crate) fn new() -> Result<Self, SandboxError> {
        let engine = wasmtime::Engine::new(config().allocation_strategy(pool())).or_else(|error| {
            tracing::warn!("no pool of instances ({error:#}); calls of tools will be slower");
            compiler()
        });
        let engine = engine.map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let clock = Clock::start(engine.clone())?;
        Ok(Self { engine, clock })
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// Keeps the clock ticking for as long as the guard lives.
    pub(crate) fn running(&self) -> Running<'_> {
        let ticks = &self.clock.shared;
        ticks.running.fetch_add(1, Ordering::SeqCst);
        if ticks.parked.load(Ordering::SeqCst) {
            self.clock.wake();
        }
        Running(ticks)
    }
}

/// An engine that compiles and runs nothing; its code fits the one made by [`Engine::new`].
pub(crate) fn compiler() -> wasmtime::Result<wasmtime::Engine> {
    wasmtime::Engine::new(&config())
}

/// What compiled code depends on besides the component: wasmtime's version, the engine's settings, the processor.
pub(crate) fn fingerprint(engine: &wasmtime::Engine) -> [u8; 32] {
    let mut hasher = Fingerprint(blake3::Hasher::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    *hasher.0.finalize().as_bytes()
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .wasm_threads(false)
        // A type of the component model like any other, though wasmtime leaves it out unless it is asked for.
        .wasm_component_model_map(true)
        .memory_reservation(MEMORY as u64)
        .memory_guard_size(GUARD)
        .memory_reservation_for_growth(0)
        .memory_may_move(false);
    config
}

fn pool() -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(INSTANCES)
        // A Python component brings along up to 38 core modules.
        .total_core_instances(16 * INSTANCES)
        .total_memories(2 * INSTANCES)
        .total_tables(8 * INSTANCES)
        .total_stacks(INSTANCES)
        .max_memory_size(MEMORY)
        .max_memories_per_module(2)
        .max_tables_per_module(8)
        .table_elements(crate::limits::TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(16 << 10);
    InstanceAllocationStrategy::Pooling(pool)
}

/// Advances the engine's epoch while calls are running. A thread of its own: guests may keep all others busy.
struct Clock {
    shared: Arc<Ticks>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Ticks {
    running: AtomicUsize,
    parked: AtomicBool,
    stop: AtomicBool,
}

/// A call is running.
pub(crate) struct Running<'a>(&'a Ticks);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Clock {
    fn start(engine: wasmtime::Engine) -> Result<Self, SandboxError> {
        let shared = Arc::new(Ticks::default());
        let ticks = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("guest-clock".to_owned())
            .spawn(move || tick(&engine, &ticks))
            .map_err(|error| SandboxError::Engine(format!("no thread for its clock: {error}")))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

fn tick(engine: &wasmtime::Engine, ticks: &Ticks) {
    let mut idle = 0;
    while !ticks.stop.load(Ordering::SeqCst) {
        idle = if ticks.running.load(Ordering::SeqCst) == 0 { idle + 1 } else { 0 };
        if idle > IDLE_TICKS {
            // First say so, then look again: a call that began in between either sees it or is seen.
            ticks.parked.store(true, Ordering::SeqCst);
            if ticks.running.load(Ordering::SeqCst) == 0 && !ticks.stop.load(Ordering::SeqCst) {
                std::thread::park();
            }
            ticks.parked.store(false, Ordering::SeqCst);
            idle = 0;
        }
        std::thread::park_timeout(TICK);
        engine.increment_epoch();
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic.
            let _ = thread.join();
        }
    }
}

/// Feeds what is hashed to BLAKE3, whose result is the same in every process.
struct Fingerprint(blake3::Hasher);

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        self.0.finalize().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_compiled_elsewhere_fits_the_engine() {
        let engine = Engine::new().unwrap();
        assert_eq!(fingerprint(engine.wasmtime()), fingerprint(&compiler().unwrap()));
    }
}
