//! The guests of the benches as components.

use steward_sandbox::PluginSource;

/// One small tool. The build script compiles it.
pub(crate) fn small() -> PluginSource {
    PluginSource {
        name: "small".to_owned(),
        wasm: include_bytes!(concat!(env!("OUT_DIR"), "/guest_small.wasm")).into(),
        manifest: include_str!("../../tests/guests/small/plugin.toml").to_owned(),
    }
}

/// Among others a tool that sleeps.
pub(crate) fn hostile() -> PluginSource {
    PluginSource {
        name: "hostile".to_owned(),
        wasm: steward_tests::guests::HOSTILE.into(),
        manifest: steward_tests::guests::HOSTILE_MANIFEST.to_owned(),
    }
}
