//! What can go wrong outside of calls: starting the sandbox, compiling, and loading a plugin. What goes wrong within a
//! call is an `Answer`.

use std::path::PathBuf;

use crate::contract;

/// The sandbox cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("the WebAssembly engine cannot start: {0}")]
    Engine(String),
    #[error("{}: {source}; check that the folder exists and belongs to this user", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the file is not a WebAssembly component this program can read: {0}")]
    NotAComponent(String),
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    #[error("http: {0}")]
    Http(String),
    #[error("limits.{key}: {problem}")]
    Limit { key: &'static str, problem: String },
}

impl SandboxError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }
}

/// A plugin that was not loaded. The others are.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("plugin.toml: {0}")]
    Manifest(String),
    #[error("the manifest in the file: {0}")]
    Packed(String),
    #[error(
        "the file holds no manifest: make one that does with `steward plugin pack`, or give its plugin.toml beside"
    )]
    NotPacked,
    #[error("the signature of the file: {0}")]
    Signature(String),
    #[error(
        "it imports {interface}, which plugin.toml does not grant: add `{line}` under [capabilities], or `{without}` \
         to load it without"
    )]
    NotCovered { interface: String, line: String, without: String },
    #[error(
        "it is built for {interface}, and this Steward offers the contract {offered} and takes what was built for 0.1.0 \
         to {offered}: {remedy}",
        offered = contract::CONTRACT
    )]
    Contract { interface: String, remedy: String },
    #[error("it uses {interface}, and this Steward offers WASI 0.2: build it for that, as wasm32-wasip2 is")]
    Wasi { interface: String },
    #[error(
        "it has no tools: export steward:plugin/tool (the world `plugin` of wit/), functions of your own, or be a WASI \
         program"
    )]
    NoTools,
    #[error("none of its functions can be a tool: {0}")]
    NothingUsable(String),
    #[error("tool `{tool}`: {reason}")]
    Tool { tool: String, reason: String },
    #[error("there is a plugin `{0}` already: give this one another name")]
    NameTaken(String),
    #[error("its file cannot be read ({0}): install it again with `steward plugin install`")]
    Gone(String),
    #[error("its file is not the one that was approved: install it again with `steward plugin install`")]
    Altered,
    #[error(
        "it asks for more than was approved ({0}): install it again with `steward plugin install`, which asks about that"
    )]
    NotApproved(String),
    #[error("it cannot be linked: {0}")]
    Link(String),
    #[error("it failed when asked for its tools: {0}")]
    Specs(String),
    #[error(
        "it says something else of its tools than the tools.json it was built with ({0}): `make tools` writes that anew, \
         then build again"
    )]
    Unknown(String),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}
