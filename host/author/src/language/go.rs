//! Go: a program for WASI's first preview. It reads its arguments as JSON and prints the answer; what plugin.toml says under
//! `[[tools]]` is what the model is told of it.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Job, Language};
use crate::error::AuthorError;
use crate::toolchain::GO;

pub(super) static LANGUAGE: Language = Language { name: "go", title: "Go", parts: &[], toolchains: &[&GO], build };

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let mut go = job.command(job.toolchains.program(&GO, "go"));
        go.args(["build", "-trimpath", "-ldflags=-s -w", "-o"]).arg(&job.output).arg(".");
        go.env("GOOS", "wasip1").env("GOARCH", "wasm");
        // The standard library is compiled once for all projects, and by this very compiler.
        go.env("GOCACHE", job.toolchains.cache("go")).env("GOTOOLCHAIN", "local").env_remove("GOROOT");
        job.run(go).await.map(drop)
    }
    .boxed()
}
