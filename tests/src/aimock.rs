//! `@copilotkit/aimock`, a model server written by others, as the second opinion next to [`crate::ScriptedModel`]: it
//! speaks the wire formats as its authors understand them.
//!
//! It comes from npm and runs on the loopback address with fixtures from `tests/fixtures/`.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::http;
use crate::process::{Lines, Process};

/// What to do when it is not there.
const REMEDY: &str = "Install Node 20 or newer, then run: npm ci --prefix tests";

/// A running server; it ends with this handle.
pub struct Aimock {
    url: String,
    _process: Process,
}

impl Aimock {
    /// Starts it on a free port with the fixtures of `tests/fixtures/<name>.json`; what no fixture fits is refused.
    ///
    /// # Panics
    /// When it is not installed or does not start.
    pub async fn start(name: &str) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program: PathBuf = tests.join("node_modules/@copilotkit/aimock/dist/cli.js");
        assert!(program.is_file(), "aimock is not installed. {REMEDY}");
        let mut command = Command::new("node");
        command.arg(program).args(["--port", "0", "--strict", "--validate-on-load", "--fixtures"]);
        command.arg(tests.join("fixtures").join(format!("{name}.json")));
        let mut process = Process::spawn(command, Lines::default(), REMEDY);
        let url = process.until_line(0, |line| Some(line.split_once("listening on ")?.1.trim().to_owned())).await;
        Self { url, _process: process }
    }

    /// As `OPENAI_BASE_URL` wants it.
    pub fn openai_url(&self) -> String {
        format!("{}/v1", self.url)
    }

    /// As `ANTHROPIC_BASE_URL` wants it.
    pub fn anthropic_url(&self) -> String {
        self.url.clone()
    }

    /// What it was asked and answered, oldest first: `path`, `body` and `response` of each.
    ///
    /// # Panics
    /// When it does not tell.
    pub async fn journal(&self) -> Vec<Value> {
        let response = http::client().get(format!("{}/__aimock/journal", self.url)).send().await;
        let entries = match response {
            Ok(response) => response.json().await,
            Err(error) => Err(error),
        };
        match entries {
            Ok(entries) => entries,
            Err(error) => panic!("aimock does not tell what it was asked: {error}"),
        }
    }
}
