//! Questions to the model that runs the assistant: one text in, one text out, few and short. Needs the grant `model`.
//!
//! ```no_run
//! use steward_sdk::{Failure, model, progress};
//!
//! fn summary(text: &str) -> Result<String, Failure> {
//!     progress("Summing it up…");
//!     let reply = model::question(text).system("Sum it up in three sentences.").max_tokens(200).ask()?;
//!     Ok(reply.text)
//! }
//! ```

use crate::Failure;
use crate::bindings::steward::plugin::model as host;

pub use host::{Question, Reply};

/// The most tokens of an answer if nothing else is said.
const TOKENS: u32 = 500;

/// Asks and gives the text of the answer, of at most 500 tokens.
///
/// # Errors
/// No model answers, or this call has asked as often as it may.
pub fn ask(prompt: impl Into<String>) -> Result<String, Failure> {
    Ok(question(prompt).ask()?.text)
}

/// A question to be made more precise.
pub fn question(prompt: impl Into<String>) -> Question {
    Question { system: None, prompt: prompt.into(), max_tokens: TOKENS }
}

impl Question {
    /// What the model should be and do.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = Some(text.into());
        self
    }

    /// The most tokens of the answer.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = tokens;
        self
    }

    /// Asks.
    ///
    /// # Errors
    /// No model answers, or this call has asked as often as it may.
    pub fn ask(&self) -> Result<Reply, Failure> {
        host::ask(self)
    }
}
