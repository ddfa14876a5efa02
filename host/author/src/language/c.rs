//! C: the files of `src`, a program for WASI with the compiler and the C library that come with Zig. It reads its
//! arguments as JSON and prints the answer; what plugin.toml says under `[[tools]]` is what the model is told of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Job, Language, Part, world, zig};
use crate::error::AuthorError;
use crate::toolchain::ZIG;

pub(super) static LANGUAGE: Language =
    Language { name: "c", title: "C", parts: &[Part { tree: SDK, to: "vendor/steward" }], toolchains: &[&ZIG], build };

const SDK: &str = "sdk/c";

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let sdk = world::sdk(SDK, &job.project.folder.join("vendor/steward"), &job.work)?;
        let mut files = sources(&job.project.folder.join("src"))?;
        if files.is_empty() {
            return Err(AuthorError::Build(
                "there is no .c file in the folder src: that is where the tool is".to_owned(),
            ));
        }
        files.extend(sources(&sdk)?);
        let mut compiler = zig::command(job);
        compiler.arg("cc").args(zig::TARGET).args(["-std=c17", "-Os", "-s", "-Wall", "-Wextra"]);
        compiler.arg(format!("-Wl,-z,stack-size={}", zig::STACK));
        compiler.arg("-I").arg(&sdk).args(files).arg("-o").arg(&job.output);
        job.run(compiler).await.map(drop)
    }
    .boxed()
}

/// The .c files of a folder, in the order of their names.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    let entries = std::fs::read_dir(folder).map_err(AuthorError::io(folder))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension() == Some(OsStr::new("c")));
    files.sort();
    Ok(files)
}
