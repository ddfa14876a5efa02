//! Guests made for the tests, compiled to components by the build script.

/// A plugin whose tools break the limits of the sandbox; its source is `tests/guests/hostile`.
pub static HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_hostile.wasm"));

/// Its manifest, which grants it `memory`.
pub static HOSTILE_MANIFEST: &str = include_str!("../guests/hostile/plugin.toml");

/// A plugin whose tools reach for what was not granted; its source is `tests/guests/intruder`.
pub static INTRUDER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_intruder.wasm"));

/// Its manifest, which grants it `files` for writing and `http` for every host.
pub static INTRUDER_MANIFEST: &str = include_str!("../guests/intruder/plugin.toml");

/// A plugin that keeps data, uses a secret and asks the model; its source is `tests/guests/keeper`.
pub static KEEPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_keeper.wasm"));

/// Its manifest, which grants it `kv`, `http` for every host, two secrets, and `model`.
pub static KEEPER_MANIFEST: &str = include_str!("../guests/keeper/plugin.toml");

/// A component with its own typed functions that knows nothing of Steward; its source is `tests/guests/ledger`.
pub static LEDGER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_ledger.wasm"));

/// A program that knows nothing of Steward; its source is `tests/guests/words`.
pub static WORDS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest_words.wasm"));

/// A plugin that uses every interface of the contract 0.1.0; its source is in `tests/frozen/contract-0.1.0`.
pub static FROZEN_EVERYTHING: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen_everything.wasm"));

/// Its manifest, which grants it all of them.
pub static FROZEN_EVERYTHING_MANIFEST: &str = include_str!("../frozen/contract-0.1.0/everything/plugin.toml");

/// A plugin that answers in every way the contract 0.1.0 has.
pub static FROZEN_MODEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/frozen_modest.wasm"));

/// Its manifest, which grants it nothing.
pub static FROZEN_MODEST_MANIFEST: &str = include_str!("../frozen/contract-0.1.0/modest/plugin.toml");
