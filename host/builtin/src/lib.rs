//! The plugins that ship with Steward, compiled to components by the build script, packed and embedded here.
//!
//! Nothing here runs or reads them: to the sandbox they are plugins like any other.

#![warn(missing_docs)]

use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// A plugin that ships: its component and its manifest.
#[derive(Clone, Copy, Debug)]
pub struct BuiltinPlugin {
    /// The name of its folder under `plugins/`.
    pub name: &'static str,
    /// The component's binary, packed (zlib): it is needed only when it is compiled.
    packed: &'static [u8],
    /// Bytes of the binary.
    pub size: usize,
    /// BLAKE3 of the binary in hexadecimal, so that a start need not read it.
    pub hash: &'static str,
    /// The text of its `plugin.toml`.
    pub manifest: &'static str,
    /// The text of its `tools.json`: what it imports and exports, and its tools as the component describes them, so that
    /// they are known before it is compiled. `make tools` writes it, and a test of the sandbox compares it.
    pub tools: Option<&'static str>,
}

impl BuiltinPlugin {
    /// The component's binary, unpacked anew by every call.
    pub fn wasm(&self) -> Vec<u8> {
        let mut wasm = Vec::with_capacity(self.size);
        // It was packed by the build; what comes out is compared with the hash before it is compiled.
        if let Err(error) = ZlibDecoder::new(self.packed).read_to_end(&mut wasm) {
            tracing::error!(%error, plugin = self.name, "a plugin that ships cannot be unpacked");
        }
        wasm
    }
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
            let wasm = plugin.wasm();
            assert!(wasm.starts_with(COMPONENT), "{} is not a component", plugin.name);
            let name = format!("name = \"{}\"", plugin.name);
            assert_eq!(plugin.hash, blake3::hash(&wasm).to_hex().as_str(), "{}", plugin.name);
            assert_eq!(plugin.size, wasm.len(), "{}", plugin.name);
            assert!(plugin.manifest.lines().any(|line| line == name), "{}: plugin.toml has no {name}", plugin.name);
        }
    }
}
