//! Speaks to language models: servers with OpenAI's or Anthropic's wire format, and the built-in rehearsal model.
//!
//! Nothing here knows sessions, people or what a tool does; only the rehearsal model knows some tools by name. Read
//! `gateway` first: it chooses the model, asks again when that may help, and falls back to the next one.
//!
//! # The gateway
//!
//! A chain of models, each with retries (full jitter, Retry-After honoured); when one cannot answer, the next is asked.
//! A stream that breaks is an error, and what was shown of it is withdrawn. Requests have a fixed order of fields and
//! begin with the parts that never change, so providers can cache them; the time of a message travels with the message.
//!
//! **Lenient reading.** Every field may be missing or of another type, events come in any frame, and a fault in
//! something nobody needs fails nothing (`events`, `lenient`, `openai/slots`). Arguments are repaired where only one
//! reading is possible (`arguments`, `literal`); what ends too early is never completed. A stream that ends without its
//! mark is an answer if everything begun is complete, or if it ends that way twice.
//!
//! **Server state.** What a server sends with a message and wants back (`reasoning_content`, thought signatures, signed
//! thinking) is kept with it in the history as a `ServerState` and goes back only to the same server and family of
//! models (`owner`). Ids of calls that another server made are adapted for each request (`ids`). What a server cannot
//! handle, or requires, is learnt from its complaint (`openai::another_dialect`).
//!
//! **Answers.** Reasoning and channel marks are taken out of the stream (`answer`). Calls that a model writes as text
//! become calls: one file a dialect in `written/`, one line in its list. They are held back until the answer is over,
//! and are shown as text if they turn out to be quoted: in code or fences, with words behind them, with more than one plain
//! sentence before them, an echo of what the model was given, or naming no tool that was offered; so are all of a model
//! that made calls in its server's own form before.
//!
//! **The window.** The conversation is kept within the window by summarising its oldest part; the entries themselves
//! stay in the store. A long conversation that a server refuses with 400, 413 or 422 is summarised once, whatever the
//! words; after that the error names /clear. A call in an answer that the token limit cut off is never made: the model
//! is told to continue in parts, at most three times in a row. An empty answer is requested once more, and then the
//! reason is reported (`turn::Silence` in `steward-agent`).

#![warn(missing_docs)]

mod answer;
mod anthropic;
mod arguments;
mod calls;
mod config;
mod conversation;
mod discover;
mod events;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod http;
mod ids;
mod kinds;
mod lenient;
mod literal;
mod openai;
mod owner;
mod provider;
mod reading;
mod rehearsal;
mod retry;
mod sink;
#[cfg(test)]
mod stand_in;
mod whole;
mod wording;
mod written;

pub use anthropic::ANTHROPIC;
pub use config::{GatewayConfig, ModelConfig, ModelDescription, Secret};
pub use discover::{LOCAL_SERVERS, LocalServer, discover};
pub use gateway::Gateway;
pub use kinds::PROVIDERS;
pub use openai::OPENAI;
pub use provider::{ProviderKind, ServerKind};
pub use rehearsal::REHEARSAL;
