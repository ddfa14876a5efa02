//! What a script reaches outside of the interpreter: the run's tools, and the person's clock. Apart from the rest, so
//! that everything else can be tried without a host.

use steward_sdk::tools::{Answer, Info, Request};
use steward_sdk::{Failure, run, tools};

/// The world outside.
pub trait Reach {
    /// # Errors
    /// There are no tools here.
    fn available(&self) -> Result<Vec<Info>, Failure>;

    /// Makes the calls at the same time; the answers are in their order.
    ///
    /// # Errors
    /// None of them was made.
    fn call_all(&self, requests: &[Request]) -> Result<Vec<Result<Answer, Failure>>, Failure>;

    /// Date and time on the person's clock, without offset: `2026-11-20T14:05:00`.
    fn local_time(&self) -> String;
}

/// The run this call belongs to.
pub struct Run;

impl Reach for Run {
    fn available(&self) -> Result<Vec<Info>, Failure> {
        tools::available()
    }

    fn call_all(&self, requests: &[Request]) -> Result<Vec<Result<Answer, Failure>>, Failure> {
        tools::call_all(requests)
    }

    fn local_time(&self) -> String {
        run::now()
    }
}
