//! Packed plugins: what one reader finds every reader finds, and what was packed is what is read.

use wasmparser::{Parser, Payload};

use crate::packed::{pack, packed_manifest};
use crate::section::MANIFEST;

/// A .wasm file, and the manifest that is packed into it.
///
/// # Panics
/// What was packed is not read back, more than the manifest was changed, or another reader finds another manifest.
pub fn section(wasm: &[u8], manifest: &str) {
    let found = packed_manifest(wasm);
    if let (Ok(found), Some(others)) = (&found, manifests(wasm)) {
        let others: Vec<_> = others.iter().map(|data| str::from_utf8(data).ok()).collect();
        assert_eq!(others, Vec::from_iter(found.map(Some)), "another reader finds another manifest");
    }
    let Ok(packed) = pack(wasm, manifest) else { return };
    assert_eq!(packed_manifest(&packed).ok().flatten(), Some(manifest), "it is not read back");
    assert_eq!(pack(&packed, manifest).ok().as_ref(), Some(&packed), "packing it again changes it");
    if let Ok(None) = found {
        assert!(packed.starts_with(wasm), "more than a section was added");
    }
    if let (Some(before), Some(after)) = (manifests(wasm), manifests(&packed)) {
        assert_eq!(after, [manifest.as_bytes()], "{} were there before", before.len());
    }
}

/// The contents of all sections of that name on the outermost level, by the parser that wasmtime uses; `None` where it
/// cannot read the file.
fn manifests(wasm: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut found, mut depth) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST => found.push(section.data()),
            _ => {}
        }
    }
    Some(found)
}
