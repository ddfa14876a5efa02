//! Runs tools as WebAssembly components that hold exactly the capabilities they were granted.
//!
//! Nothing here knows conversations, models or channels. Read `catalogue` first for the whole, then `link` for how
//! "ungranted is unlinked" is kept, and `capability` for what a plugin can be granted at all.

mod acquaintances;
mod argument;
mod audit;
mod backing;
mod binary;
mod bindings;
#[cfg(test)]
mod builtin;
mod call;
pub mod capability;
mod catalogue;
mod code;
mod command;
mod compact;
mod compile;
mod component;
mod connected;
pub mod consent;
mod contract;
mod deadline;
mod engine;
pub mod error;
mod failure;
#[cfg(test)]
mod fixture;
mod foreign;
mod form;
#[doc(hidden)]
pub mod fuzzing;
pub mod grant;
#[cfg(test)]
mod guest;
mod host_call;
#[cfg(test)]
mod hostile;
mod inspect;
mod inspection;
mod instance;
pub mod limits;
mod lines;
mod link;
mod mail;
mod manifest;
mod notice;
mod offer;
mod packed;
mod part;
mod plugin;
mod private;
mod record;
#[cfg(test)]
mod reference;
mod replay;
mod roles;
mod scope;
pub mod secret;
mod section;
mod short;
mod signature;
mod specs;
mod spent;
mod state;
mod stdio;
mod stub;
mod suggest;
#[cfg(test)]
mod tests;
mod trial;
mod typed;
mod wall;

pub use binary::Binary;
pub use call::{Answer, AskOwner, Call, Outcome, OutputFile, Refusal};
pub use capability::events::{EventFault, EventKind, EventKinds};
pub use capability::http::{HttpPolicy, StandIn, StandIns};
pub use capability::memory::Recall;
pub use capability::model::{AskModel, ModelQuestion, ModelText};
pub use capability::process::{Commands, Namespace, Namespaces, ProcessGrant};
pub use capability::secrets::SecretGrant;
pub use capability::tools::{CallTools, NestedAnswer, NestedCall, ToolPort, ToolsGrant};
pub use capability::{CAPABILITIES, Capability};
pub use catalogue::{Catalogue, Installed, SandboxConfig, ShippedPlugin, Wanted};
pub use compile::{Compiler, Pace, compile_component};
pub use component::Kind;
pub use consent::{Before, Change, Consent, Doubt, Request};
pub use contract::CONTRACT;
pub use error::{LoadError, SandboxError};
pub use foreign::{ForeignMarks, Leave, Matter, Sight};
pub use grant::{Access, CapabilitySet, Grant, GrantedIn, HttpGrant, Requirement};
pub use inspect::{inspect, inspect_with};
pub use inspection::{Inspection, OfferedTool};
pub use limits::Limits;
pub use manifest::check_manifest;
pub use packed::{pack, packed_manifest};
pub use plugin::{Effect, Plugin, PluginSource, Tool};
pub use private::keep_private;
pub use record::dry::{Held, HeldBack};
pub use record::{Kept, KeptFile, RecordPolicy, Recorded};
pub use replay::{ReplayError, Replayed};
pub use roles::{RoleError, Roles};
pub use scope::{Scope, Scopes};
pub use secret::{KeySource, Known, SecretError, SecretInfo, Vault};
pub use short::scope_in_full;
pub use signature::{NewKey, SigningKey, sign, signer};
pub use trial::Trial;
