//! Python: `tools.py` and what it imports, frozen into a component together with the interpreter. It is run once when
//! it is built; what it has imported then is all there is later.

use std::collections::BTreeSet;
use std::iter;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::{Job, Language, Part, world};
use crate::error::AuthorError;
use crate::toolchain::PYTHON;

pub(super) static LANGUAGE: Language = Language {
    name: "python",
    title: "Python",
    parts: &[Part { tree: SDK, to: "vendor" }],
    toolchains: &[&PYTHON],
    build,
};

const SDK: &str = "sdk/python";

/// The module of the SDK that exports the tools; it imports `tools`.
const ENTRY: &str = "steward.component";

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let project = &job.project.folder;
        if !project.join("tools.py").is_file() {
            return Err(AuthorError::Build(format!(
                "{} has no tools.py: that is where its tools are",
                project.display()
            )));
        }
        let vendored = project.join("vendor");
        let sdk = world::sdk(SDK, &vendored, &job.work)?;
        let imports = imports(&job.project.manifest)?;
        let wit = world::write(&job.work.join("wit"), &imports, str::to_owned)?;
        let mut builder = job.command(job.toolchains.program(&PYTHON, "componentize-py"));
        builder.arg("--quiet").arg("--wit-path").arg(wit).args(["--world", world::WORLD]);
        // Two interfaces are called `types`; the SDK knows them by these names.
        builder.args(["--import-interface-name", &format!("{}=steward_types", world::interface("types"))]);
        if imports.contains(&world::wasi(world::HTTP)) {
            builder.args(["--import-interface-name", &format!("{}=http_types", world::wasi("http/types"))]);
        }
        builder.args(["componentize", ENTRY]);
        let folders = BTreeSet::from([vendored, sdk]);
        for folder in iter::once(project).chain(folders.iter().filter(|folder| folder.is_dir())) {
            builder.arg("--python-path").arg(folder);
        }
        builder.arg("--output").arg(&job.output);
        // Nothing of the developer's own packages gets in by chance, and a mistake is told without the builder's own
        // stack.
        builder.env_remove("VIRTUAL_ENV").env("RUST_BACKTRACE", "0");
        job.run(builder).await.map(drop)
    }
    .boxed()
}

/// What the manifest grants decides what can be imported, for Python's own imports say nothing about that.
#[derive(Deserialize)]
struct Granting {
    #[serde(default)]
    capabilities: toml::Table,
}

fn imports(manifest: &str) -> Result<BTreeSet<String>, AuthorError> {
    let read: Granting = toml::from_str(manifest).map_err(|error| AuthorError::Build(error.to_string()))?;
    let granted = read.capabilities.iter().filter(|(_, scope)| scope.as_bool() != Some(false));
    let granted = granted.filter_map(|(name, _)| world::of_capability(name));
    Ok(["run", "log"].map(world::interface).into_iter().chain(granted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_granted_can_be_imported_and_nothing_else() {
        let manifest = "[capabilities]\nkv = {}\nhttp = { hosts = [\"example.org\"] }\nfiles = false\nmemory = false";
        let imports = imports(manifest).unwrap();
        let expected = ["kv", "log", "run"].map(world::interface);
        assert_eq!(imports, expected.into_iter().chain([world::wasi(world::HTTP)]).collect());
    }
}
