//! Zig: `src/main.zig`, a program for WASI. It reads its arguments as JSON and prints the answer; what plugin.toml says
//! under `[[tools]]` is what the model is told of it.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Job, Language};
use crate::error::AuthorError;
use crate::toolchain::ZIG;

pub(super) static LANGUAGE: Language = Language { name: "zig", title: "Zig", parts: &[], toolchains: &[&ZIG], build };

/// Bytes of stack. Zig's own default takes 16 MB of the memory of every call.
pub(super) const STACK: &str = "1048576";

/// What both of its languages are compiled for.
pub(super) const TARGET: [&str; 2] = ["-target", "wasm32-wasi"];

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let mut zig = command(job);
        zig.arg("build-exe").args(TARGET).args(["-O", "ReleaseSmall", "--stack", STACK, "src/main.zig"]);
        zig.arg(format!("-femit-bin={}", job.output.display()));
        job.run(zig).await.map(drop)
    }
    .boxed()
}

/// The compiler, which also compiles C.
pub(super) fn command(job: &Job<'_>) -> tokio::process::Command {
    let mut zig = job.command(job.toolchains.program(&ZIG, "python"));
    // What the standard libraries become is kept for all projects.
    zig.args(["-m", "ziglang"]).env("ZIG_GLOBAL_CACHE_DIR", job.toolchains.cache("zig"));
    zig.env("ZIG_LOCAL_CACHE_DIR", job.work.join("zig"));
    zig
}
