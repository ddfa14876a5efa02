//! The guest of the benches as a component.

/// Compiled by the build script.
pub(crate) static WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_small.wasm"));

pub(crate) static MANIFEST: &str = include_str!("../../tests/guests/small/plugin.toml");
