//! What the tests of the whole program are made of: stand-ins for the neighbours that cannot run here, and a harness
//! that runs the real binary against them.
//!
//! Nothing here knows how Steward works inside: it is started as a child process and seen through its channels, its
//! files and the requests it makes. A fault of the harness itself is a panic with the story so far.

#![warn(missing_docs)]

pub mod aimock;
pub mod gate;
pub mod guests;
pub mod host;
pub mod http;
pub mod model;
pub mod patience;
mod process;
pub mod project;
pub mod telegram;

pub use aimock::Aimock;
pub use gate::Gate;
pub use host::Host;
pub use model::ScriptedModel;
pub use telegram::Telegram;
