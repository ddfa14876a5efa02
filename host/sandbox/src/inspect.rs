//! Looking at a binary before anything is decided about it: it is compiled and read, and a plugin is asked for its
//! tools in an instance that holds nothing. The functions of other components are read off their types.

use wasmtime::Module;
use wasmtime::component::Component;

use crate::bindings::tool::Spec;
use crate::command::module;
use crate::component::{self, Inspection, Kind, OfferedTool};
use crate::engine::Engine;
use crate::error::{LoadError, SandboxError};
use crate::limits::Limits;
use crate::specs;
use crate::typed::{self, Function};

/// Tells what a binary is, what it exports and what it could reach. Blocks for as long as compiling takes.
///
/// # Errors
/// The bytes are no WebAssembly this program can read.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, SandboxError> {
    let engine = Engine::new()?;
    let unreadable = |error: wasmtime::Error| SandboxError::NotAComponent(format!("{error:#}"));
    let Ok(code) = module::component(wasm) else {
        // Not even what it is would be said of bytes that are no module either.
        component::is_module(wasm)?;
        let module = Module::new(engine.wasmtime(), wasm).map_err(unreadable)?;
        let imports = module.imports().map(|one| format!("{}.{}", one.module(), one.name())).collect();
        let exports = module.exports().map(|one| one.name().to_owned()).collect();
        return Ok(Inspection::new(Kind::Module, wasm.len(), imports, exports));
    };
    let component = Component::new(engine.wasmtime(), &code).map_err(unreadable)?;
    let (imports, exports) = component::names(&component);
    let kind = component::kind(&exports);
    let mut inspection = Inspection::new(kind, wasm.len(), imports, exports);
    match kind {
        Kind::Plugin => {
            inspection.tools = tools(&engine, &component)?.map(specs::offered).map_err(|error| error.to_string());
        }
        Kind::Library => {
            let found = typed::functions(&component, wasm);
            inspection.tools = Ok(found.functions.iter().map(offered).collect());
            inspection.skipped = found.skipped;
        }
        Kind::Command | Kind::Module => {}
    }
    Ok(inspection)
}

fn offered(function: &Function) -> OfferedTool {
    let (name, description) = (function.name.clone(), function.description.clone());
    OfferedTool { name, description, requires: Vec::new() }
}

/// Asks for the tools on a thread of its own, so that it also works within an async runtime.
fn tools(engine: &Engine, component: &Component) -> Result<Result<Vec<Spec>, LoadError>, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::Engine(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let ask = || runtime.block_on(specs::ask(engine, component, &Limits::default()));
    std::thread::scope(|threads| match threads.spawn(ask).join() {
        Ok(asked) => Ok(asked),
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
