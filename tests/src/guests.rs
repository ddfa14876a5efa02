//! Guests made for the tests, compiled to components by the build script.

/// A plugin whose tools break the limits of the sandbox; its source is `tests/guests/hostile`.
pub static HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_hostile.wasm"));

/// Its manifest, which grants it `memory`.
pub static HOSTILE_MANIFEST: &str = include_str!("../guests/hostile/plugin.toml");
