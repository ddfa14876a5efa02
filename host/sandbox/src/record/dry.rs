//! A dry run: a call made against copies, whose effects beyond them are held back and told instead. What is not known to
//! stay within the copies is held back.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::types::ComponentFunc;

use super::border;
use super::value::Value;
use crate::capability::Capability;

/// Interfaces of ours that every plugin has: they change nothing.
const ALWAYS: &[&str] = &["steward:plugin/types", "steward:plugin/run", "steward:plugin/log"];

/// Whether a call of this interface (named without version) may be made in a dry run. `wasi:http` has a gate of its own.
pub(super) fn stays_within(interface: &str) -> bool {
    let within = || Capability::of_interface(interface).is_some_and(|one| one.stays_within);
    interface.starts_with("wasi:") || ALWAYS.contains(&interface) || within()
}

/// Something a dry run did not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldBack {
    Request {
        method: String,
        /// With placeholders, never with the value of a secret.
        url: String,
        /// The names of its headers.
        headers: Vec<String>,
        /// The beginning of its body.
        body: String,
        /// Bytes of the whole body, as far as it was read.
        size: usize,
    },
    Call {
        /// `steward:plugin/process#run`
        function: String,
        arguments: Vec<String>,
    },
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, url, headers, body, size } => {
                write!(f, "{method} {url}")?;
                if !headers.is_empty() {
                    write!(f, "\n  headers: {}", headers.join(", "))?;
                }
                if *size > 0 {
                    write!(f, "\n  body, {size} bytes: {body}")?;
                }
                Ok(())
            }
            Self::Call { function, arguments } => write!(f, "{function}({})", arguments.join(", ")),
        }
    }
}

/// What a dry run held back so far.
#[derive(Debug, Default)]
pub struct Held(Mutex<Vec<HeldBack>>);

impl Held {
    pub fn all(&self) -> Vec<HeldBack> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, one: HeldBack) {
        const MOST: usize = 1000;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() < MOST {
            held.push(one);
        }
    }

    /// Notes a call and gives the answer the guest gets instead.
    pub(super) fn instead_of(
        &self,
        function: &str,
        arguments: &[Value],
        ty: &ComponentFunc,
    ) -> wasmtime::Result<Option<Value>> {
        let arguments = arguments.iter().map(Value::to_string).collect();
        self.note(HeldBack::Call { function: function.to_owned(), arguments });
        border::failed(ty, format!("this is a dry run: {function} was held back"))
    }
}
