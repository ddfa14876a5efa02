//! What one caller, and all together, may take: sizes, times and connections.

use std::time::Duration;

/// Bounds of the listener. The defaults fit small requests of people and programs nearby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the head of a request; at least 8192.
    pub head: usize,
    /// For the head of a request to arrive, and for an idle connection to send the next one.
    pub head_time: Duration,
    /// Bytes of the body of a request.
    pub body: usize,
    /// From the head of a request to the head of its response, the body of the request included.
    pub request_time: Duration,
    /// Connections at the same time; further ones wait until one ends.
    pub connections: usize,
    /// For requests that are being answered when the listener ends.
    pub ending: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 32 << 10,
            head_time: Duration::from_secs(10),
            body: 1 << 20,
            request_time: Duration::from_secs(30),
            connections: 64,
            ending: Duration::from_secs(5),
        }
    }
}
