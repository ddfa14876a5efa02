//! Looking at a binary before anything is decided about it: it is compiled as one that is installed would be, and a plugin
//! is asked for its tools in an instance that holds nothing. The functions of other components are read off their types.

use bytes::Bytes;
use wasmtime::component::Component;

use crate::command::foreign;
use crate::compile::{Compiler, Uncompiled, blocking};
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

/// Tells what a binary is, what it exports and what it could reach. Nothing of it is kept.
///
/// # Errors
/// The bytes are not WebAssembly this program can read, or cost too much to compile.
pub async fn inspect(compiler: &Compiler, wasm: impl Into<Bytes>) -> Result<Inspection, SandboxError> {
    look(compiler, wasm.into(), None).await
}

/// The same together with a manifest, the text of plugin.toml: whether it covers the imports and what it asks for, where
/// `host` is the most any call may use.
///
/// # Errors
/// As [`inspect`]. A manifest that does not fit is part of the inspection.
pub async fn inspect_with(
    compiler: &Compiler,
    wasm: impl Into<Bytes>,
    manifest: &str,
    host: &Limits,
) -> Result<Inspection, SandboxError> {
    look(compiler, wasm.into(), Some((manifest, host))).await
}

async fn look(compiler: &Compiler, wasm: Bytes, manifest: Option<(&str, &Limits)>) -> Result<Inspection, SandboxError> {
    let is_module = component::is_module(&wasm)?;
    let engine = blocking(Engine::new).await?;
    let component = match compiler.component(&engine, wasm.clone()).await {
        Ok(component) => component,
        // A core module that cannot be made a component is one that cannot be used, and is said to be.
        Err(Uncompiled::Rejected(why)) if is_module => return useless(&wasm, &why, manifest.is_some()),
        Err(why) => return Err(why.into()),
    };
    let (imports, exports) = component::names(&component);
    let mut inspection = Inspection::new(component::kind(&exports), &wasm, imports, exports);
    if inspection.kind == Kind::Library {
        let found = typed::functions(&component, &wasm);
        inspection.tools = Ok(found.functions.iter().map(offered).collect());
        inspection.skipped = found.skipped;
    }
    if let Some((manifest, host)) = manifest {
        inspection.request = Some(request(&engine, &component, &wasm, manifest, host).await);
    }
    match &inspection.request {
        Some(Ok((request, _))) => inspection.tools = Ok(request.tools.iter().map(asked).collect()),
        _ if inspection.kind == Kind::Plugin => {
            let tools = specs::ask(&engine, &component, &Limits::default()).await;
            inspection.tools = tools.map(specs::offered).map_err(|error| error.to_string());
        }
        _ => {}
    }
    Ok(inspection)
}

/// What can be said of a core module that is not a program.
fn useless(wasm: &[u8], why: &SandboxError, with_manifest: bool) -> Result<Inspection, SandboxError> {
    let (imports, exports) = foreign::names(wasm).ok_or_else(damaged)?;
    let mut inspection = Inspection::new(Kind::Module, wasm, imports, exports);
    inspection.tools = Err(foreign::reason(wasm).unwrap_or_else(|| why.to_string()));
    inspection.request = with_manifest.then_some(Err(LoadError::NoTools));
    Ok(inspection)
}

fn damaged() -> SandboxError {
    SandboxError::NotAComponent("the file is damaged".to_owned())
}

/// What the component asks for by its manifest, and the limits of its calls.
async fn request(
    engine: &Engine,
    component: &Component,
    wasm: &[u8],
    manifest: &str,
    host: &Limits,
) -> Result<(Request, Limits), LoadError> {
    let manifest = Manifest::parse(manifest)?;
    let Checked { request, limits, .. } =
        plugin::check(engine, host, &manifest, component, (wasm, blake3::hash(wasm))).await?;
    Ok((request, limits))
}

fn offered(function: &Function) -> OfferedTool {
    let (name, description) = (function.name.clone(), function.description.clone());
    OfferedTool { name, description, requires: Vec::new() }
}

fn asked(tool: &AskedTool) -> OfferedTool {
    let AskedTool { name, description, requires, .. } = tool.clone();
    OfferedTool { name, description, requires }
}
