//! What one call may use at most, and the meter that holds a guest to it. It counts; ending the call is `call`'s part.

use std::time::Duration;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;

use crate::compile::cost;
use crate::engine;
use crate::error::SandboxError;

/// The most any call may use. A manifest may ask for less, never for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory, all memories of the instance together.
    pub memory: usize,
    pub time: Duration,
    /// Bytes of text and structured content of an answer, each.
    pub output: usize,
    /// Bytes of all attachments of an answer together.
    pub attachments: usize,
    /// Elements of one table.
    pub table_elements: usize,
    /// Bytes that one host call may copy in.
    pub host_call: usize,
    /// Bytes that may be written to files, with 4 KiB for each new name.
    pub write: u64,
    /// Processor time for compiling a small component; one of many megabytes has 20 seconds more for each.
    pub compile: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            time: Duration::from_secs(60),
            output: 256 << 10,
            attachments: 20 << 20,
            table_elements: TABLE_ELEMENTS,
            host_call: 32 << 20,
            write: 64 << 20,
            compile: cost::FIRST,
        }
    }
}

impl Limits {
    /// # Errors
    /// [`SandboxError::Limit`] for a limit the engine cannot keep.
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        let most = |key, value: usize, most: usize, unit: usize, name| {
            let problem = format!("{} {name} is too much: {} {name} is the most", value.div_ceil(unit), most / unit);
            if value > most { Err(SandboxError::Limit { key, problem }) } else { Ok(()) }
        };
        most("memory", self.memory, engine::MEMORY, 1 << 20, "MB")?;
        most("table_elements", self.table_elements, TABLE_ELEMENTS, 1, "elements")
    }
}

/// The most elements any table can have.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Core instances, tables and memories one component may bring along.
pub(crate) const INSTANCES: usize = 64;

/// Files, requests, timers and the like one call may hold at the same time.
const RESOURCES: usize = 512;

/// The table of what a guest holds by handle. Each entry costs the host memory the guest's own limit does not count.
pub(crate) fn resources() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES);
    table
}

/// The guest asked for more than it may have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OverLimit {
    #[error("it needs more memory than the {} it may use", steward_agent::bytes(*.0 as u64))]
    Memory(usize),
    #[error("it needs a table of more than {0} elements")]
    Table(usize),
}

/// Counts the memory of one call and refuses growth over the limit; refusing ends the guest.
#[derive(Debug)]
pub(crate) struct Meter {
    memory: usize,
    table_elements: usize,
    used: usize,
    /// The most bytes in use at any time.
    pub(crate) peak: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { memory: limits.memory, table_elements: limits.table_elements, used: 0, peak: 0 }
    }

    /// For what is the host's own: it is held to what any instance can have.
    pub(crate) fn unmetered() -> Self {
        Self { memory: engine::MEMORY, table_elements: TABLE_ELEMENTS, used: 0, peak: 0 }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let asked = self.used.saturating_add(desired.saturating_sub(current));
        if asked > self.memory {
            return Err(OverLimit::Memory(self.memory).into());
        }
        self.used = asked;
        self.peak = self.peak.max(asked);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        Err(error)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            return Err(OverLimit::Table(self.table_elements).into());
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        INSTANCES
    }

    fn tables(&self) -> usize {
        INSTANCES
    }

    fn memories(&self) -> usize {
        INSTANCES
    }
}
