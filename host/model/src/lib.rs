//! Speaks to language models: servers with OpenAI's or Anthropic's wire format, and the built-in rehearsal model.
//!
//! Nothing here knows sessions, people or what a tool does; only the rehearsal model knows some tools by name. Read
//! `gateway` first: it chooses the model, asks again when that may help, and falls back to the next one.

mod answer;
mod anthropic;
mod arguments;
mod calls;
mod config;
mod conversation;
mod discover;
mod events;
mod fault;
mod gateway;
mod http;
mod ids;
mod lenient;
mod literal;
mod local;
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

pub use config::{GatewayConfig, ModelConfig, ModelDescription, Secret};
pub use discover::{DISCOVERY_TIMEOUT, LOCAL_SERVERS, LocalServer, discover};
pub use gateway::Gateway;
