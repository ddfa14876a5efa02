//! The vocabulary of Steward and its decisions: who speaks, what was said, what happens next.
//!
//! Nothing here does I/O, reads a clock or knows a database, a model's wire format or wasm. Read `turn` first: it is
//! the loop of every conversation as a pure state machine.

pub mod budget;
mod calls;
pub mod distil;
pub mod envelope;
pub mod foreign;
pub mod health;
pub mod language;
pub mod memory;
pub mod message;
pub mod model;
pub mod name;
pub mod principal;
pub mod prompt;
pub mod question;
pub mod recalled;
pub mod size;
pub mod turn;
pub mod visible;

pub use envelope::{Address, Attachment, Draft, Envelope, Incoming, Outgoing, Part, Sender, Wake};
pub use foreign::{Boundary, ForeignPart, Source};
pub use health::Health;
pub use language::Language;
pub use memory::{
    Forgetting, MemoryFault, MemoryFound, MemoryHit, MemoryLevel, MemorySource, MemorySpace, MemoryStatus,
};
pub use message::{Message, ServerState, ToolCall, ToolResult, UserMessage};
pub use model::{Ending, ModelError, ModelReply, ModelRequest, StreamEvent, ToolSpec, Usage};
pub use name::{clean_name, name_fits, name_key};
pub use principal::{Origin, PersonId, Principal, Role, SessionId};
pub use question::{Choice, Decision, Question};
pub use recalled::Recalled;
pub use size::bytes;
pub use visible::{for_terminal, is_hidden, visible, visible_json, visible_lines};
