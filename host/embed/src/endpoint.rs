//! Vectors from a server that speaks OpenAI's `/embeddings`. It knows no model by name.

mod config;

pub use config::EndpointConfig;
