//! JavaScript: `tools.js` and what it imports, bundled, and frozen into a component together with a small interpreter.
//! The world it is built for imports what is left in the bundle, so code that is not used asks for nothing.

mod rename;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::{Job, Language, Part, world};
use crate::error::AuthorError;
use crate::toolchain::JAVASCRIPT;

pub(super) static LANGUAGE: Language =
    Language { name: "javascript", title: "JavaScript", parts: PARTS, toolchains: &[&JAVASCRIPT], build };

pub(super) const PARTS: &[Part] = &[Part { tree: SDK, to: "vendor/steward" }];

const SDK: &str = "sdk/javascript";

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let entry = entry(job, "tools.js")?;
        component(job, &entry).await
    }
    .boxed()
}

/// The file of the project in which its tools are.
///
/// # Errors
/// It is not there.
pub(super) fn entry(job: &Job<'_>, name: &str) -> Result<PathBuf, AuthorError> {
    let path = job.project.folder.join(name);
    let missing = || format!("{} has no {name}: that is where its tools are", job.project.folder.display());
    if path.is_file() { Ok(path) } else { Err(AuthorError::Build(missing())) }
}

/// Makes a component of a JavaScript or TypeScript file.
///
/// # Errors
/// It does not compile, or a program fails.
pub(super) async fn component(job: &Job<'_>, entry: &Path) -> Result<(), AuthorError> {
    let bundle = job.work.join("bundle.js");
    let imports = bundled(job, entry, &bundle).await?;
    let wit = world::write(&job.work.join("wit"), &imports, rename::disguised)?;
    let mut builder = job.command(job.toolchains.program(&JAVASCRIPT, "componentize-qjs"));
    builder.args(["--sync", "--opt-size", "--world", world::WORLD, "--wit"]).arg(wit);
    builder.arg("--js").arg(&bundle).arg("--output").arg(&job.output);
    job.run(builder).await?;
    let built = tokio::fs::read(&job.output).await.map_err(AuthorError::io(&job.output))?;
    let named = rename::undisguised(built).map_err(AuthorError::Build)?;
    tokio::fs::write(&job.output, named).await.map_err(AuthorError::io(&job.output))
}

/// Bundles, and gives the interfaces of the host that the bundle imports.
async fn bundled(job: &Job<'_>, entry: &Path, bundle: &Path) -> Result<BTreeSet<String>, AuthorError> {
    let sdk = world::sdk(SDK, &job.project.folder.join("vendor/steward"), &job.work)?;
    let list = job.work.join("bundle.json");
    let mut bundler = job.command(job.toolchains.program(&JAVASCRIPT, "esbuild"));
    bundler.arg(entry).args(["--bundle", "--format=esm", "--platform=neutral", "--target=es2023"]);
    bundler.args(["--main-fields=module,main", "--log-level=warning"]);
    bundler.args(["steward", "wasi", rename::DISGUISE].map(|package| format!("--external:{package}:*")));
    bundler.arg(format!("--alias:steward={}", sdk.join("index.js").display()));
    bundler.args(world::names().map(|(short, full)| {
        let [short, full] = [short, full].map(|name| rename::disguised(&name));
        format!("--alias:{short}={full}")
    }));
    bundler.arg(format!("--metafile={}", list.display())).arg(format!("--outfile={}", bundle.display()));
    job.run(bundler).await?;
    let list = tokio::fs::read(&list).await.map_err(AuthorError::io(&list))?;
    imports(&list).map_err(|error| AuthorError::Build(format!("esbuild's list of imports cannot be read: {error}")))
}

/// What esbuild says of its work.
#[derive(Deserialize)]
struct List {
    outputs: BTreeMap<String, Written>,
}

#[derive(Deserialize)]
struct Written {
    imports: Vec<Imported>,
}

#[derive(Deserialize)]
struct Imported {
    path: String,
}

fn imports(list: &[u8]) -> Result<BTreeSet<String>, serde_json::Error> {
    let list: List = serde_json::from_slice(list)?;
    let files = list.outputs.into_values();
    Ok(files.flat_map(|file| file.imports).map(|import| import.path).filter(|path| path.contains(':')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_imports_are_those_that_are_left_in_the_bundle() {
        let list = r#"{"inputs":{"a.js":{"imports":[{"path":"steward:plugin/kv@0.1.0"}]}},"outputs":{"b.js":
            {"imports":[{"path":"steward:plugin/log@0.1.0","kind":"import-statement","external":true}],"bytes":1}}}"#;
        let imports = imports(list.as_bytes()).unwrap();
        assert_eq!(imports, BTreeSet::from(["steward:plugin/log@0.1.0".to_owned()]));
    }
}
