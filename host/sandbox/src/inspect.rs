//! Looking at a binary before anything is decided about it: it is compiled and read, and a plugin is asked for its
//! tools in an instance that holds nothing. The functions of other components are read off their types.

use wasmtime::component::Component;

use crate::command::{foreign, module};
use crate::compile;
use crate::component::{self, Kind};
use crate::consent::{AskedTool, Request};
use crate::engine::Engine;
use crate::error::{LoadError, SandboxError};
use crate::inspection::{Inspection, OfferedTool};
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::plugin::{self, Checked};
use crate::specs;
use crate::typed::{self, Function};

/// Tells what a binary is, what it exports and what it could reach. Blocks for as long as compiling takes.
///
/// # Errors
/// The bytes are no WebAssembly this program can read.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, SandboxError> {
    look(wasm, None)
}

/// The same together with a manifest, the text of plugin.toml: whether it covers the imports and what it asks for, where
/// `host` is the most any call may use.
///
/// # Errors
/// The bytes are no WebAssembly this program can read. A manifest that does not fit is part of the inspection.
pub fn inspect_with(wasm: &[u8], manifest: &str, host: &Limits) -> Result<Inspection, SandboxError> {
    look(wasm, Some((manifest, host)))
}

fn look(wasm: &[u8], manifest: Option<(&str, &Limits)>) -> Result<Inspection, SandboxError> {
    let engine = Engine::new()?;
    let unreadable = |error: wasmtime::Error| SandboxError::NotAComponent(format!("{error:#}"));
    let code = match module::component(wasm) {
        Ok(code) => code.into_owned(),
        Err(why) => {
            // Not even what it is would be said of bytes that are no module either.
            component::is_module(wasm)?;
            let (imports, exports) = foreign::names(wasm).ok_or_else(damaged)?;
            let mut inspection = Inspection::new(Kind::Module, wasm, imports, exports);
            inspection.tools = Err(foreign::reason(wasm).unwrap_or_else(|| why.to_string()));
            inspection.request = manifest.map(|_| Err(LoadError::NoTools));
            return Ok(inspection);
        }
    };
    let compiler = engine.wasmtime().clone();
    let component = compile::in_time(wasm.len(), move || Component::new(&compiler, &code))?.map_err(unreadable)?;
    let (imports, exports) = component::names(&component);
    let mut inspection = Inspection::new(component::kind(&exports), wasm, imports, exports);
    if inspection.kind == Kind::Library {
        let found = typed::functions(&component, wasm);
        inspection.tools = Ok(found.functions.iter().map(offered).collect());
        inspection.skipped = found.skipped;
    }
    inspection.request = match manifest {
        None => None,
        Some((manifest, host)) => Some(request(&engine, &component, wasm, manifest, host)?),
    };
    match &inspection.request {
        Some(Ok((request, _))) => inspection.tools = Ok(request.tools.iter().map(asked).collect()),
        _ if inspection.kind == Kind::Plugin => {
            let tools = apart(specs::ask(&engine, &component, &Limits::default()))?;
            inspection.tools = tools.map(specs::offered).map_err(|error| error.to_string());
        }
        _ => {}
    }
    Ok(inspection)
}

fn damaged() -> SandboxError {
    SandboxError::NotAComponent("the file is damaged".to_owned())
}

/// What the component asks for by its manifest, and the limits of its calls.
fn request(
    engine: &Engine,
    component: &Component,
    wasm: &[u8],
    manifest: &str,
    host: &Limits,
) -> Result<Result<(Request, Limits), LoadError>, SandboxError> {
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(Err(error)),
    };
    let checked = apart(plugin::check(engine, host, &manifest, component, wasm))?;
    Ok(checked.map(|Checked { request, limits, .. }| (request, limits)))
}

fn offered(function: &Function) -> OfferedTool {
    let (name, description) = (function.name.clone(), function.description.clone());
    OfferedTool { name, description, requires: Vec::new() }
}

fn asked(tool: &AskedTool) -> OfferedTool {
    let AskedTool { name, description, requires, .. } = tool.clone();
    OfferedTool { name, description, requires }
}

/// Runs work with a guest on a thread of its own, so that it also goes within an async runtime.
fn apart<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, SandboxError> {
    let failed = |error: std::io::Error| SandboxError::Engine(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    std::thread::scope(|threads| match threads.spawn(|| runtime.block_on(work)).join() {
        Ok(done) => Ok(done),
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
