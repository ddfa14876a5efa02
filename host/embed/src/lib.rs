//! Turns texts into vectors whose nearness is nearness of meaning: by a model on this machine, or by a server with
//! OpenAI's embeddings.
//!
//! Nothing here knows what the texts are, where they lie or who asks. Read `embedder` first: it is all that callers
//! need to see.

mod embedder;
mod endpoint;
mod error;
mod http;
mod local;
pub mod models;
mod retry;
#[cfg(test)]
mod stand_in;

pub use embedder::{Embedder, ModelId, Purpose};
pub use endpoint::{Endpoint, EndpointConfig};
pub use error::EmbedError;
pub use local::{LocalModel, LocalOptions, give_back};
