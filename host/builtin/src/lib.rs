//! The plugins that ship with Steward, compiled to components by the build script and embedded here.
//!
//! Nothing here runs or reads them: to the sandbox they are plugins like any other.

#![warn(missing_docs)]

/// A plugin that ships: its component and its manifest.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinPlugin {
    /// The name of its folder under `plugins/`.
    pub name: &'static str,
    /// The component's binary.
    pub wasm: &'static [u8],
    /// BLAKE3 of the binary in hexadecimal, so that a start need not read it.
    pub hash: &'static str,
    /// The text of its `plugin.toml`.
    pub manifest: &'static str,
    /// The text of its `tools.json`: its tools as the component describes them, so that they are known before it is
    /// compiled. `make tools` writes it, and a test of the sandbox compares it.
    pub tools: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    /// How the binary of a component, unlike that of a core module, begins.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn every_plugin_is_a_component_with_a_manifest_of_its_name() {
        assert!(PLUGINS.is_sorted_by_key(|plugin| plugin.name) && !PLUGINS.is_empty());
        for plugin in PLUGINS {
            assert!(plugin.wasm.starts_with(COMPONENT), "{} is not a component", plugin.name);
            let name = format!("name = \"{}\"", plugin.name);
            assert_eq!(plugin.hash, blake3::hash(plugin.wasm).to_hex().as_str(), "{}", plugin.name);
            assert!(plugin.manifest.lines().any(|line| line == name), "{}: plugin.toml has no {name}", plugin.name);
        }
    }
}
