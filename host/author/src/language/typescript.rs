//! TypeScript: `tools.ts`, its types checked first, and then as JavaScript.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Job, Language, javascript};
use crate::error::AuthorError;
use crate::toolchain::{JAVASCRIPT, TYPESCRIPT};

pub(super) static LANGUAGE: Language = Language {
    name: "typescript",
    title: "TypeScript",
    parts: javascript::PARTS,
    toolchains: &[&JAVASCRIPT, &TYPESCRIPT],
    build,
};

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let entry = javascript::entry(job, "tools.ts")?;
        javascript::entry(job, "tsconfig.json")?;
        let mut checker = job.command(job.toolchains.program(&TYPESCRIPT, "tsc"));
        checker.args(["--noEmit", "--pretty", "false", "--project", "tsconfig.json"]);
        job.run(checker).await?;
        javascript::component(job, &entry).await
    }
    .boxed()
}
