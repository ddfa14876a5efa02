//! What turns texts into vectors, seen from outside, and by what vectors are known to be comparable.

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::EmbedError;

/// What a text is turned into a vector for. Many models are trained with another prefix for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// It is looked for with this text.
    Query,
    /// This text is to be found.
    Passage,
}

/// Which model made a vector. Vectors may be compared if, and only if, these are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelId {
    /// As people know it.
    pub name: String,
    /// Numbers in a vector; 0 for a server that has not been reached yet.
    pub dimension: usize,
    /// Of the weights and of all else that makes the vectors what they are; empty where nothing of it is known.
    pub fingerprint: String,
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} dimensions", self.name, self.dimension)?;
        let fingerprint: String = self.fingerprint.chars().take(8).collect();
        if fingerprint.is_empty() { f.write_str(")") } else { write!(f, ", {fingerprint})") }
    }
}

/// Turns texts into vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Of what is known by now: see [`Embedder::ready`].
    fn id(&self) -> &ModelId;

    /// The whole id. A server whose dimension was not configured is asked for it once.
    async fn ready(&self) -> Result<&ModelId, EmbedError> {
        Ok(self.id())
    }

    /// Vectors of unit length, one for each text, in their order. Dropping the future stops the work at the next batch.
    async fn embed(&self, texts: &[String], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// Whether the model knows the script of this text well enough for its vector to mean something, from 0 to 1. It
    /// may have to load the model's words, which takes up to some seconds: ask off the async threads.
    fn confidence(&self, _text: &str) -> f32 {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_shown_with_the_beginning_of_its_fingerprint() {
        let id = |fingerprint: &str| ModelId { name: "m".into(), dimension: 384, fingerprint: fingerprint.into() };
        assert_eq!(id("0123456789abcdef").to_string(), "m (384 dimensions, 01234567)");
        assert_eq!(id("").to_string(), "m (384 dimensions)");
    }
}
