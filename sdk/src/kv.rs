//! The plugin's own small data, kept between calls: any value that serde can write, under a key.
//!
//! What was kept while acting for one person is not there when acting for another; owners share theirs. Needs the grant
//! `kv`.
//!
//! ```no_run
//! use steward_sdk::{Failure, kv};
//!
//! fn count() -> Result<u32, Failure> {
//!     let count = kv::get::<u32>("count")?.unwrap_or(0) + 1;
//!     kv::set("count", &count)?;
//!     Ok(count)
//! }
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Failure;
use crate::bindings::steward::plugin::kv as host;

/// The value of a key, or nothing where it was never set.
///
/// # Errors
/// The value is of another type than was kept, or the host cannot read it now.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Failure> {
    match get_bytes(key)? {
        Some(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(Failure::from),
        None => Ok(None),
    }
}

/// Keeps a value in place of an earlier one. On disk before it returns.
///
/// # Errors
/// The quota is used up, the value is too long or cannot be written as JSON.
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), Failure> {
    set_bytes(key, &serde_json::to_vec(value)?)
}

/// The value of a key as it lies there.
///
/// # Errors
/// The host cannot read it now.
pub fn get_bytes(key: &str) -> Result<Option<Vec<u8>>, Failure> {
    host::get(key)
}

/// Keeps bytes as they are.
///
/// # Errors
/// The quota is used up or the value is too long.
pub fn set_bytes(key: &str, value: &[u8]) -> Result<(), Failure> {
    host::set(key, value)
}

/// Forgets a key, also one that was never set.
///
/// # Errors
/// The host cannot write now.
pub fn delete(key: &str) -> Result<(), Failure> {
    host::delete(key)
}

/// The keys that begin with `prefix`, in order.
///
/// # Errors
/// The host cannot read them now.
pub fn list(prefix: &str) -> Result<Vec<String>, Failure> {
    host::list(prefix)
}
