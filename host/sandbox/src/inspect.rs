//! Looking at a binary before anything is decided about it: it is compiled and read, and a plugin is asked for its
//! tools in an instance that holds nothing.

use wasmtime::Module;
use wasmtime::component::Component;

use crate::component::{self, Inspection, Kind};
use crate::engine::Engine;
use crate::error::SandboxError;
use crate::limits::Limits;
use crate::specs;

/// Tells what a binary is, what it exports and what it could reach. Blocks; it must not be called on a thread of an
/// async runtime.
///
/// # Errors
/// The bytes are no WebAssembly this program can read.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, SandboxError> {
    let engine = Engine::new()?;
    let unreadable = |error: wasmtime::Error| SandboxError::NotAComponent(format!("{error:#}"));
    if component::is_module(wasm)? {
        let module = Module::new(engine.wasmtime(), wasm).map_err(unreadable)?;
        let imports = module.imports().map(|one| format!("{}.{}", one.module(), one.name())).collect();
        let exports = module.exports().map(|one| one.name().to_owned()).collect();
        return Ok(Inspection::new(Kind::Module, wasm.len(), imports, exports));
    }
    let component = Component::new(engine.wasmtime(), wasm).map_err(unreadable)?;
    let (imports, exports) = component::names(&component);
    let kind = component::kind(&exports);
    let mut inspection = Inspection::new(kind, wasm.len(), imports, exports);
    if kind == Kind::Plugin {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| SandboxError::Engine(error.to_string()))?;
        let asked = runtime.block_on(specs::ask(&engine, &component, &Limits::default()));
        inspection.tools = asked.map(specs::offered).map_err(|error| error.to_string());
    }
    Ok(inspection)
}
