//! The other tools of the run, called with the same rights, consent and limits as when the model calls them. A plugin
//! that may call tools is called by the model alone.

use serde::Serialize;

use crate::Failure;
use crate::bindings::steward::plugin::tools as host;

pub use host::{Answer, Info, Request};

impl Request {
    /// A call of a tool. `input` becomes its arguments: anything that serde writes as an object.
    ///
    /// # Errors
    /// The arguments cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(name: impl Into<String>, input: &T) -> Result<Self, Failure> {
        Ok(Self { name: name.into(), input: serde_json::to_string(input)? })
    }
}

/// The tools that can be called, by name.
///
/// # Errors
/// There are none here, as in a trial.
pub fn available() -> Result<Vec<Info>, Failure> {
    host::available()
}

/// Makes the calls, several at the same time; the answers are in their order. Meanwhile this call's time stands still.
///
/// # Errors
/// None of them was made: this call has called as often as it may, or there are no tools here.
pub fn call_all(requests: &[Request]) -> Result<Vec<Result<Answer, Failure>>, Failure> {
    host::call_all(requests)
}

/// Makes one call.
///
/// # Errors
/// What the tool says, or that it could not be called.
pub fn call<T: Serialize + ?Sized>(name: &str, input: &T) -> Result<Answer, Failure> {
    let request = Request::new(name, input)?;
    let mut answers = call_all(&[request])?;
    answers.pop().unwrap_or_else(|| Err(Failure::failed("the call was not answered")))
}
