//! What the author of a plugin wrote: its manifest, alone and packed into the file, and the types of its functions. And
//! what a model gives to those.

use std::borrow::Cow;

use anyhow::ensure;
use serde_json::Value;
use steward_sandbox::fuzzing::{self, Functions, Types};

use super::{Check, headed};
use crate::seeds::seeds;

pub(super) fn prepare_manifests() -> anyhow::Result<Check> {
    Ok(Box::new(|input| fuzzing::manifest(&String::from_utf8_lossy(input))))
}

/// The first line is the manifest that is packed into the file behind it. The file may be text of WebAssembly, so that
/// its sections are broken and not their sizes.
pub(super) fn prepare_sections() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let (manifest, file) = headed(input);
        if let Ok(wasm) = wat::parse_bytes(file) {
            fuzzing::section(&wasm, &manifest);
        }
        fuzzing::section(file, &manifest);
    }))
}

/// A component, in bytes or as text.
pub(super) fn prepare_functions() -> anyhow::Result<Check> {
    let types = Types::new()?;
    Ok(Box::new(move |input| {
        if let Some(functions) = wat::parse_bytes(input).ok().and_then(|wasm: Cow<'_, [u8]>| types.functions(&wasm)) {
            functions.check();
        }
    }))
}

/// Arguments as a model writes them, for each function of the components that are seeds of the target above.
pub(super) fn prepare_arguments() -> anyhow::Result<Check> {
    let types = Types::new()?;
    let mut all: Vec<Functions> = Vec::new();
    for (path, seed) in seeds("functions")? {
        let functions = types.functions(&wat::parse_bytes(&seed)?);
        ensure!(functions.as_ref().is_some_and(|found| !found.is_empty()), "{} has no functions", path.display());
        all.extend(functions);
    }
    Ok(Box::new(move |input| {
        if let Ok(json) = serde_json::from_slice::<Value>(input) {
            for functions in &all {
                functions.arguments(&json);
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds that were refused as a whole would lead nowhere.
    #[test]
    fn what_is_mutated_is_right_before() {
        for (path, seed) in seeds("manifests").unwrap() {
            let read = steward_sandbox::check_manifest(&String::from_utf8(seed).unwrap());
            assert!(read.is_ok() || path.ends_with("refused"), "{}: {read:?}", path.display());
        }
        let types = Types::new().unwrap();
        let read = |seed: &[u8]| types.functions(&wat::parse_bytes(seed).unwrap()).unwrap();
        let all: Vec<_> = seeds("functions").unwrap().iter().map(|(_, seed)| read(seed)).collect();
        for (path, seed) in seeds("arguments").unwrap() {
            let json = serde_json::from_slice(&seed).unwrap();
            assert!(all.iter().any(|functions| functions.arguments(&json)), "{}", path.display());
        }
    }
}
