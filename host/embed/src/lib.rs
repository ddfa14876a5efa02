//! Turns texts into vectors whose nearness is nearness of meaning: by a model on this machine, or by a server with
//! OpenAI's embeddings.
//!
//! Nothing here knows what the texts are, where they are or who asks. Read `embedder` first: it is all that callers
//! need to see.
//!
//! Vectors may be compared if their [`ModelId`]s are equal: name, dimension, and a fingerprint of everything that makes
//! them what they are.
//!
//! - **On the processor** (`local/`). BERT's forward pass over several texts at once, their tokens one below the other,
//!   so nothing is padded. The encoder's weights are in one allocation; the vectors of words, which for a multilingual
//!   model are hundreds of megabytes, stay in their file and are read row by row. Nothing is loaded before the first
//!   text, and everything is released after five idle minutes. A dedicated pool of half the processors computes, one
//!   call at a time.
//! - **Tokenizers** (`local/tokenizer/`) are our own, WordPiece and Unigram from a tokenizer.json, because of memory:
//!   the library keeps 250,000 pieces in 290 MB and returns next to nothing, a sorted buffer keeps them in 10. Tests
//!   compare the tokens with the library's, and the vectors with those of the reference implementation. Text never
//!   becomes a control token.
//! - **Endpoints** (`endpoint/`). A server that is down at start-up is not an error; the dimension is learnt from its
//!   first answer and holds from then on.
//! - **Installing** (`models/`). `catalogue.rs` holds each model's files with their SHA-256 at one commit. Files are
//!   downloaded into `NAME.part`, resumed with range requests, checked, and renamed to `NAME` in one step.
//!   `steward.json` in the folder records what they must be.

#![warn(missing_docs)]

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
