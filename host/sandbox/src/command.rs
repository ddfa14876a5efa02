//! WASI programs as tools: the arguments come as JSON on standard input, the answer is what is printed on standard
//! output. They know nothing of Steward; what they could reach is linked by grant like any plugin's imports.

pub(crate) mod foreign;
pub(crate) mod module;

use wasmtime::{AsContextMut as _, Store};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

use crate::bindings::Failure;
use crate::bindings::tool::Output;
use crate::capability::log::printable;
use crate::stdio::Captured;

/// The most of what a failed program printed that its answer repeats, in bytes.
const WORDS: usize = 2 << 10;

/// Standard streams of one call.
#[derive(Clone)]
pub(crate) struct Pipes {
    /// The answer.
    stdout: Captured,
    /// For the log, and the reason of a failure.
    stderr: Captured,
}

impl Pipes {
    /// An answer of more than `most` bytes is kept to be one byte too long.
    pub(crate) fn new(most: usize, stderr: Captured) -> Self {
        Self { stdout: Captured::first(most.saturating_add(1)), stderr }
    }

    pub(crate) fn attach(&self, wasi: &mut WasiCtxBuilder, tool: &str, arguments: &str) {
        wasi.arg(tool).stdin(MemoryInputPipe::new(arguments.to_owned()));
        wasi.stdout(self.stdout.clone()).stderr(self.stderr.clone());
    }

    pub(crate) fn stdout(&self) -> &Captured {
        &self.stdout
    }

    fn answer(&self, exit: i32) -> Result<Output, Failure> {
        let printed = self.stdout.bytes();
        if exit != 0 {
            return Err(Failure::Failed(self.reason(exit, &printed)));
        }
        let text = String::from_utf8_lossy(&printed).trim_end().to_owned();
        let structured = text.starts_with(['{', '[']).then(|| text.clone());
        // Text that only looks like JSON is text.
        let structured = structured.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        Ok(Output { text, structured, attachments: Vec::new() })
    }

    /// The end of what it wrote to standard error or, if that is nothing, of what it printed.
    fn reason(&self, exit: i32, printed: &[u8]) -> String {
        let ends = [end(&self.stderr.bytes()), end(printed)];
        let words = ends.into_iter().find(|words| !words.is_empty());
        words.unwrap_or_else(|| format!("The program ended with exit code {exit} and says no more."))
    }
}

/// The last whole lines, without what would garble a terminal or a prompt.
fn end(bytes: &[u8]) -> String {
    let tail = &bytes[bytes.len().saturating_sub(WORDS)..];
    let text = String::from_utf8_lossy(tail);
    let whole = if tail.len() < bytes.len() { text.split_once('\n').map_or(&*text, |(_, rest)| rest) } else { &text };
    whole.trim().lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Runs the program in a separate instance.
///
/// # Errors
/// The guest broke down.
pub(crate) async fn run<T: Send>(
    store: &mut Store<T>,
    pre: &CommandPre<T>,
    pipes: &Pipes,
) -> wasmtime::Result<Result<Output, Failure>> {
    let command = pre.instantiate_async(&mut *store).await?;
    let exit = match command.wasi_cli_run().call_run(store.as_context_mut()).await {
        Ok(Ok(())) => 0,
        Ok(Err(())) => 1,
        // Programs of some languages always end by saying so.
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => *code,
            None => return Err(error),
        },
    };
    Ok(pipes.answer(exit))
}

#[cfg(test)]
mod tests;
