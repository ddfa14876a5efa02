//! Go: a program for WASI's first preview. It reads its arguments as JSON and prints the answer; what plugin.toml says
//! under `[[tools]]` is what the model is told of it.

mod memory;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::{Job, Language};
use crate::error::AuthorError;
use crate::toolchain::GO;

pub(super) static LANGUAGE: Language = Language { name: "go", title: "Go", parts: &[], toolchains: &[&GO], build };

/// Megabytes of memory where the manifest says nothing.
const MEMORY: u32 = 32;

/// Pages of a memory in a megabyte.
const PAGES: u32 = 16;

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let mut go = job.command(job.toolchains.program(&GO, "go"));
        go.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&job.output).arg(".");
        go.env("GOOS", "wasip1").env("GOARCH", "wasm");
        // The standard library is compiled once for all projects, and by this very compiler.
        go.env("GOCACHE", job.toolchains.cache("go")).env("GOTOOLCHAIN", "local").env_remove("GOROOT");
        job.run(go).await?;
        let built = tokio::fs::read(&job.output).await.map_err(AuthorError::io(&job.output))?;
        // A megabyte of what a call may use is left to what stands between the program and the host.
        let pages = megabytes(&job.project.manifest)?.saturating_sub(1).saturating_mul(PAGES);
        let fixed = memory::fixed(&built, pages).map_err(AuthorError::Build)?;
        tokio::fs::write(&job.output, fixed).await.map_err(AuthorError::io(&job.output))
    }
    .boxed()
}

#[derive(Deserialize)]
struct Limited {
    #[serde(default)]
    limits: Limits,
}

#[derive(Default, Deserialize)]
struct Limits {
    memory_mb: Option<u32>,
}

/// What a call may use, by the manifest.
fn megabytes(manifest: &str) -> Result<u32, AuthorError> {
    let read: Limited = toml::from_str(manifest).map_err(|error| AuthorError::Build(error.to_string()))?;
    Ok(read.limits.memory_mb.unwrap_or(MEMORY))
}
