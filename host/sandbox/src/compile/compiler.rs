//! Compiling one component: in this process, or in a child that gets the binary on its standard input and gives the code
//! on its standard output. Nothing of it touches the disk; keeping the code is the business of the cache.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use wasmtime::component::Component;

use super::{blocking, cost};
use crate::command::module;
use crate::engine::{self, Engine};
use crate::error::SandboxError;

/// How components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// For tests and benches: a component that takes too long is given up, but its thread works on to the end.
    InProcess,
    /// By running `EXE compile-component SECONDS [--behind]`, which is held to that much processor time and to memory,
    /// and gives its own memory back.
    Child(PathBuf),
}

/// How much of the machine compiling takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// All of it: somebody waits.
    Now,
    /// What nobody else wants, and never all processors.
    Behind,
}

/// Why there is no code.
#[derive(Debug)]
pub(crate) enum Uncompiled {
    /// It needed more than it may, and would again.
    TooCostly(String),
    /// The compiler does not take it.
    Rejected(SandboxError),
    Failed(SandboxError),
}

impl From<Uncompiled> for SandboxError {
    fn from(why: Uncompiled) -> Self {
        match why {
            Uncompiled::TooCostly(reason) => Self::Compile(reason),
            Uncompiled::Rejected(error) | Uncompiled::Failed(error) => error,
        }
    }
}

impl Compiler {
    /// The native code of a component, or of a core module made one, within so much processor time.
    pub(super) async fn code(
        &self,
        engine: &wasmtime::Engine,
        wasm: Bytes,
        time: Duration,
        pace: Pace,
    ) -> Result<Vec<u8>, Uncompiled> {
        match self {
            Self::InProcess => here(engine.clone(), wasm, time).await,
            Self::Child(program) => apart(program, &wasm, time, pace).await,
        }
    }

    /// A component that is looked at once: its code is kept nowhere.
    pub(crate) async fn component(&self, engine: &Engine, wasm: Bytes) -> Result<Component, Uncompiled> {
        let time = cost::time(cost::FIRST, wasm.len());
        let code = self.code(engine.wasmtime(), wasm, time, Pace::Now).await?;
        let engine = engine.wasmtime().clone();
        let load = move || {
            #[expect(unsafe_code, reason = "the code comes from the compiler that was just run, and from nowhere else")]
            let component = unsafe { Component::deserialize(&engine, code) };
            component.map_err(|error| SandboxError::Compile(format!("{error:#}")))
        };
        blocking(load).await.map_err(Uncompiled::Failed)
    }
}

async fn here(engine: wasmtime::Engine, wasm: Bytes, time: Duration) -> Result<Vec<u8>, Uncompiled> {
    let patience = cost::patience(time);
    let compiling = blocking(move || compile(&engine, &wasm));
    match tokio::time::timeout(patience, compiling).await {
        Ok(compiled) => compiled.map_err(Uncompiled::Rejected),
        Err(_) => Err(Uncompiled::Failed(SandboxError::Compile(cost::too_long(patience)))),
    }
}

async fn apart(program: &Path, wasm: &[u8], time: Duration, pace: Pace) -> Result<Vec<u8>, Uncompiled> {
    let failed = |reason: String| Uncompiled::Failed(SandboxError::Compile(reason));
    let done = tokio::time::timeout(cost::WAIT, run(program, wasm, time, pace)).await;
    let done = done.map_err(|_| failed(format!("it took longer than {} s", cost::WAIT.as_secs())))?;
    let done = done.map_err(|error| Uncompiled::Failed(SandboxError::io(program, error)))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    match (cost::over_limit(done.status, &said, time), said.trim()) {
        (Some(reason), _) => Err(Uncompiled::TooCostly(reason)),
        (None, "") => Err(failed(format!("the compiler ended with {}", done.status))),
        (None, said) => {
            let error = SandboxError::Compile(said.chars().take(2000).collect());
            // It said so and ended by itself.
            Err(if done.status.code().is_some() { Uncompiled::Rejected(error) } else { Uncompiled::Failed(error) })
        }
    }
}

/// Runs the compiling process to its end. It ends with the future.
async fn run(program: &Path, wasm: &[u8], time: Duration, pace: Pace) -> std::io::Result<Output> {
    let mut command = tokio::process::Command::new(program);
    command.arg("compile-component").arg(time.as_secs().to_string()).env_clear();
    if pace == Pace::Behind {
        // What the compiler's threads are counted by.
        command.arg("--behind").env("RAYON_NUM_THREADS", threads_behind().to_string());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let input = child.stdin.take();
    let give = async {
        if let Some(mut input) = input {
            // One that ends before it has read everything says why.
            let _ = input.write_all(wasm).await;
        }
    };
    tokio::join!(give, child.wait_with_output()).1
}

/// Compiles the component on standard input and writes its code to standard output: what the hidden command
/// `compile-component` runs. The process is ended by the system once it has used that much processor time.
///
/// # Errors
/// Its input cannot be read or its output not be written, or the component cannot be compiled.
pub fn compile_component(time: Duration, pace: Pace) -> Result<(), SandboxError> {
    if pace == Pace::Behind {
        // Where the system does not take that, it is compiled as if somebody waited.
        let _ = rustix::process::nice(NICE);
    }
    cost::hold_this_process(time)
        .map_err(|error| SandboxError::Compile(format!("it cannot be held to limits: {error}")))?;
    let mut wasm = Vec::new();
    std::io::stdin().lock().read_to_end(&mut wasm).map_err(|error| SandboxError::io("standard input", error))?;
    let engine = engine::compiler().map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    let code = compile(&engine, &wasm)?;
    let mut output = std::io::stdout().lock();
    let written = output.write_all(&code).and_then(|()| output.flush());
    written.map_err(|error| SandboxError::io("standard output", error))
}

pub(super) fn compile(engine: &wasmtime::Engine, wasm: &[u8]) -> Result<Vec<u8>, SandboxError> {
    let wasm = module::component(wasm)?;
    engine.precompile_component(&wasm).map_err(|error| SandboxError::Compile(format!("{error:#}")))
}

/// The least the scheduler gives a process.
const NICE: i32 = 19;

/// So many threads compile behind others: all processors but one.
fn threads_behind() -> usize {
    std::thread::available_parallelism().map_or(1, |all| (all.get() - 1).max(1))
}
