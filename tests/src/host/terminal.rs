//! The terminal chat with its input and output piped, as a script would use it.

use std::process::ExitStatus;

use tokio::process::Command;

use super::BUILD;
use crate::process::{Lines, Process};

/// A running `steward chat`. It is killed when this handle is dropped.
pub struct Terminal {
    process: Process,
    lines: Lines,
    /// Lines up to here were heard already.
    heard: usize,
}

impl Terminal {
    pub(super) fn new(command: Command) -> Self {
        let lines = Lines::default();
        Self { process: Process::spawn(command, lines.clone(), BUILD), lines, heard: 0 }
    }

    /// Types a line.
    pub async fn says(&mut self, text: &str) {
        self.process.type_line(text).await;
    }

    /// Waits for a line that fits and was not heard before.
    pub async fn hears(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let heard = self.heard;
        let found = self.process.until_line(heard, |line| fits(line).then(|| line.to_owned())).await;
        let (at, _) = self.lines.find(heard, |line| (line == found).then_some(())).await;
        self.heard = at + 1;
        found
    }

    /// Ends the input and waits until the program ends by itself; gives all it has printed.
    pub async fn ends(&mut self) -> (String, ExitStatus) {
        self.process.close_input();
        let status = self.process.ended().await;
        (self.lines.told(), status)
    }

    /// All lines printed so far.
    pub fn printed(&self) -> Vec<String> {
        self.lines.all()
    }
}
