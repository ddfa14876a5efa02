//! A plugin as one file: its plugin.toml is in a custom section of the .wasm file. What the manifest says is not judged
//! here; a file whose manifest two readers could take for different ones is refused.

use std::borrow::Cow;

use crate::component;
use crate::error::LoadError;
use crate::plugin::PluginSource;
use crate::section::{self, HEADER, MANIFEST, SIGNATURE, Unclear};

/// The longest manifest, in bytes.
const MOST: usize = 64 << 10;

/// The text of the plugin.toml that is packed into a component or a core module, if there is one.
///
/// # Errors
/// The file is damaged or no .wasm file, or what it holds is not a manifest: too long, not UTF-8, or more than one.
pub fn packed_manifest(wasm: &[u8]) -> Result<Option<&str>, LoadError> {
    component::is_module(wasm)?;
    let found = section::only(wasm, MANIFEST).map_err(|unclear| {
        LoadError::Packed(match unclear {
            Unclear::Damaged => "the file is damaged: fetch or build it again".to_owned(),
            Unclear::Twice => "there is more than one: pack it again".to_owned(),
        })
    })?;
    found.map(text).transpose()
}

/// The .wasm file with the manifest in it, in place of one that was packed before. A signature goes, for it was for the
/// manifest before.
///
/// # Errors
/// The bytes are not a whole .wasm file, or the manifest is too long.
pub fn pack(wasm: &[u8], manifest: &str) -> Result<Vec<u8>, LoadError> {
    text(manifest.as_bytes())?;
    let mut packed = without(wasm, &[MANIFEST, SIGNATURE])?;
    packed.extend_from_slice(&section::written(MANIFEST, manifest.as_bytes()));
    Ok(packed)
}

/// The file without the custom sections of these names.
pub(crate) fn without(wasm: &[u8], names: &[&str]) -> Result<Vec<u8>, LoadError> {
    component::is_module(wasm)?;
    let mut rest = wasm[..HEADER].to_vec();
    for section in section::sections(wasm) {
        let section =
            section.ok_or_else(|| LoadError::Packed("the .wasm file is damaged: build it again".to_owned()))?;
        if !section.custom.is_some_and(|name| names.contains(&name)) {
            rest.extend_from_slice(section.whole);
        }
    }
    Ok(rest)
}

fn text(data: &[u8]) -> Result<&str, LoadError> {
    if data.len() > MOST {
        return Err(LoadError::Packed(format!(
            "it has {} bytes, and at most {MOST} are taken: shorten it",
            data.len()
        )));
    }
    std::str::from_utf8(data).map_err(|_| LoadError::Packed("it is not UTF-8 text: pack it again".to_owned()))
}

impl PluginSource {
    /// A plugin from one packed file.
    ///
    /// # Errors
    /// The manifest cannot be read, or there is none.
    pub fn packed(name: &str, wasm: Vec<u8>) -> Result<Self, LoadError> {
        let manifest = packed_manifest(&wasm)?.ok_or(LoadError::NotPacked)?.to_owned();
        Ok(Self { name: name.to_owned(), wasm: Cow::Owned(wasm), manifest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component() -> Vec<u8> {
        wat::parse_str("(component (core module (memory 1)))").unwrap()
    }

    #[test]
    fn what_was_packed_is_read_again_and_the_rest_stays() {
        for wasm in [component(), wat::parse_str("(module (memory 1))").unwrap()] {
            assert_eq!(packed_manifest(&wasm).unwrap(), None);
            let once = pack(&wasm, "name = \"a\"").unwrap();
            assert_eq!(packed_manifest(&once).unwrap(), Some("name = \"a\""));
            assert!(once.starts_with(&wasm));
            let long = "#".repeat(1000);
            let again = pack(&once, &long).unwrap();
            assert_eq!(packed_manifest(&again).unwrap(), Some(long.as_str()));
            assert_eq!(again, pack(&wasm, &long).unwrap());
            wasmparser_accepts(&again);
        }
    }

    fn wasmparser_accepts(wasm: &[u8]) {
        let engine = wasmtime::Engine::default();
        let component = wasmtime::component::Component::new(&engine, wasm).map(drop);
        component.or_else(|_| wasmtime::Module::new(&engine, wasm).map(drop)).unwrap();
    }

    #[test]
    fn a_manifest_that_is_not_plain_is_refused() {
        let refused = |data: &[u8]| {
            let wasm = [component(), section::written(MANIFEST, data)].concat();
            packed_manifest(&wasm).unwrap_err().to_string()
        };
        assert!(refused(&[b'#'; MOST + 1]).contains("at most 65536"));
        assert!(refused(b"\xff").contains("not UTF-8"));
        let twice = [pack(&component(), "a").unwrap(), section::written(MANIFEST, b"b")].concat();
        assert!(packed_manifest(&twice).unwrap_err().to_string().contains("more than one"));
        let packed = pack(&component(), "name").unwrap();
        assert!(packed_manifest(&packed[..packed.len() - 1]).unwrap_err().to_string().contains("damaged"));
        assert!(packed_manifest(b"name = 1").is_err() && pack(b"", "").is_err());
        assert!(pack(&component(), &"#".repeat(MOST + 1)).is_err());
    }

    #[test]
    fn a_file_without_a_manifest_says_how_to_pack_one() {
        let text = PluginSource::packed("a", component()).unwrap_err().to_string();
        assert!(text.contains("steward plugin pack"), "{text}");
        let packed = PluginSource::packed("a", pack(&component(), "x").unwrap()).unwrap();
        assert_eq!((packed.name.as_str(), packed.manifest.as_str()), ("a", "x"));
    }
}
