//! Runs tools as WebAssembly components that hold exactly the capabilities they were granted.
//!
//! Nothing here knows conversations, models or channels. Read `catalogue` first for the whole, then `link` for how
//! "ungranted is unlinked" is kept, and `capability` for what a plugin can be granted at all.

mod backing;
mod bindings;
pub mod capability;
pub mod error;
pub mod grant;
pub mod limits;
mod state;

pub use capability::http::HttpPolicy;
pub use capability::{CAPABILITIES, Capability};
pub use error::{LoadError, SandboxError};
pub use grant::{Access, CapabilitySet, Grant, HttpGrant, Requirement, Roles};
pub use limits::Limits;
