//! Core modules made components: programs of WASI's first preview, as most languages still build them, and modules that
//! carry the types of their component with them. Nothing is compiled or run here.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::ComponentEncoder;

use super::foreign;
use crate::component;
use crate::error::SandboxError;
use crate::section;

/// What stands between the first preview and the second. The code of an adapted module depends on it.
pub(crate) const ADAPTER: &[u8] = WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER;

/// The component itself, or the one a core module makes.
///
/// # Errors
/// It is a core module that is not a program and does not tell its types.
pub(crate) fn component(wasm: &[u8]) -> Result<Cow<'_, [u8]>, SandboxError> {
    if !component::is_module(wasm)? {
        return Ok(Cow::Borrowed(wasm));
    }
    let typed = section::custom(wasm, |name| name.starts_with("component-type")).is_some();
    let program = adapt(wasm, ADAPTER);
    let made = if typed { program.or_else(|_| adapt(wasm, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER)) } else { program };
    made.map(Cow::Owned).map_err(|detail| {
        let reason = if typed { None } else { foreign::reason(wasm) };
        SandboxError::NotAComponent(format!(
            "it is a core module and no WASI program: {}. Build it as a program for wasip1, or as a component (for Rust: \
             --target wasm32-wasip2)",
            reason.unwrap_or(detail)
        ))
    })
}

fn adapt(module: &[u8], adapter: &[u8]) -> Result<Vec<u8>, String> {
    let encoder = ComponentEncoder::default().module(module);
    let encoder = encoder.and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter));
    encoder.and_then(|encoder| encoder.validate(true).encode()).map_err(|error| format!("{error:#}"))
}
