//! Makes plugins: a new project, its build in any language, the judging of its test cases. It writes files into
//! projects and starts compilers; it never runs a guest and knows nothing of capabilities.
//!
//! Read `language` first: a language is one file there and one line in [`LANGUAGES`].
//!
//! `steward plugin new` writes a project from the template of its language: a folder of `sdk/templates`, itself a
//! project called `my-plugin`, embedded with the SDK as it is here. For Rust the SDK goes into the project (`vendor/`)
//! with nothing inherited from this workspace and a lock file of the versions tested here, so that a project builds far
//! from this repository. The versions of all toolchains are in `toolchain/pinned.rs`. Downloads go to `data/toolchains`
//! (`STEWARD_TOOLCHAINS`), only on request (`--install`); an unfinished installation counts as none. Compilers run as
//! the developer, each in a process group that ends with the build; a failed build leaves the previous result.
//!
//! A component imports what its project uses, so that the imports stay its list of permissions: for JavaScript the
//! world it is built for has what is left in the bundle, for Python what plugin.toml grants (`language/world.rs`). Two
//! builders need help. The one for JavaScript runs the program once with WASI's streams but without its HTTP, so HTTP
//! has another name until the component is made (`javascript/rename.rs`). Go's runtime assumes that nobody else makes
//! its memory grow, while the adapter to WASI's second preview does: it would overwrite the adapter's state. So its
//! memory is given a fixed size in the binary, and the adapter's pages are behind it (`go/memory.rs`).
//!
//! The host does the rest (`host/src/cli/author_test.rs`, `plugin_file.rs`). `steward plugin test` loads the result
//! through the catalogue like any plugin, under its own plugin.toml, with a workspace and a database that are thrown
//! away; tests.toml is judged in `cases/`. No request leaves such a test: after the policy has let it through, an
//! answer from tests.toml stands in (`sandbox/src/capability/http/stand_in.rs`). `steward plugin pack` loads it the
//! same way and puts plugin.toml into the custom section `steward:manifest` (`sandbox/src/packed.rs`); a file with two
//! such sections, or one that is too long or not text, is refused. `steward plugin run` takes names, tools and limits
//! from a manifest, and grants from the command line alone, unless `--granted` says otherwise.

#![warn(missing_docs)]

mod build;
pub mod cases;
mod embedded;
pub mod error;
pub mod language;
mod program;
mod project;
mod template;
pub mod toolchain;

pub use build::build;
pub use cases::{Case, Cases, Got, Reply};
pub use error::AuthorError;
pub use language::{LANGUAGES, Language};
pub use program::Show;
pub use project::Project;
pub use template::create;
pub use toolchain::{Toolchain, Toolchains};
