//! Rust: a cargo package whose library is a component of the target wasm32-wasip2. Its SDK is in the project.

use std::path::PathBuf;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::{Job, Language, Part};
use crate::error::AuthorError;
use crate::toolchain::{RUST_TARGET, RUST_WASM};

pub(super) static LANGUAGE: Language = Language {
    name: "rust",
    title: "Rust",
    parts: &[
        Part { tree: "sdk/rust", to: "vendor/steward-sdk" },
        Part { tree: "wit", to: "vendor/wit" },
        Part { tree: "sdk/rust-lock", to: "" },
    ],
    toolchains: &[&RUST_WASM],
    build,
};

fn build<'a>(job: &'a Job<'a>) -> BoxFuture<'a, Result<(), AuthorError>> {
    async move {
        let mut cargo = job.command("cargo");
        cargo.args(["build", "--release", "--target", RUST_TARGET, "--message-format=json-render-diagnostics"]);
        let messages = job.run(cargo).await?;
        let built = artifact(&messages, &job.project.folder.join("Cargo.toml")).ok_or_else(|| {
            AuthorError::Build(
                "cargo built no .wasm file: put `crate-type = [\"cdylib\"]` under [lib] in Cargo.toml".to_owned(),
            )
        })?;
        tokio::fs::copy(&built, &job.output).await.map(drop).map_err(AuthorError::io(&built))
    }
    .boxed()
}

/// What cargo says of each thing it has built.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    filenames: Vec<PathBuf>,
    manifest_path: Option<PathBuf>,
}

/// The .wasm file of this package: wherever the settings of cargo have it put.
fn artifact(messages: &[u8], manifest: &std::path::Path) -> Option<PathBuf> {
    let read = |line: &[u8]| serde_json::from_slice::<Message>(line).ok();
    let messages = messages.split(|&byte| byte == b'\n').filter_map(read);
    let own = messages.filter(|message| message.manifest_path.as_deref() == Some(manifest));
    let mut files = own.flat_map(|message| message.filenames);
    files.rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_component_is_found_among_what_cargo_says() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","manifest_path":"/x/Cargo.toml","filenames":["/t/x.wasm"]}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","filenames":["/t/p.rlib","/t/p.wasm"]}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#
        );
        let found = |manifest: &str| artifact(messages.as_bytes(), Path::new(manifest));
        assert_eq!(found("/p/Cargo.toml"), Some("/t/p.wasm".into()));
        assert_eq!(found("/q/Cargo.toml"), None);
    }
}
