//! Makes plugins: a new project, its build in any language, the judging of its test cases. It writes files into
//! projects and starts compilers; it never runs a guest and knows nothing of capabilities.
//!
//! Read `language` first: a language is one file there and one line in [`LANGUAGES`].

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
