//! Functions that refuse, for imports that were not granted. They are made from the component's own types, so a guest
//! gets the refusal as the typed error its code is made for; where the type has no place for one, the call ends it.

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType, Type, Val};

use crate::component::unversioned;

/// Says why a stub refuses, and remembers that it did.
pub(crate) trait Refuse {
    /// The text for the one who called: what is not granted, and what can be done about it.
    fn refuse(&mut self, interface: &str) -> String;
}

/// A guest called a stub that can refuse only by ending it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// Defines a stub for every import of which `linked` does not say that the linker has it.
pub(crate) fn link<T: Refuse + 'static>(
    linker: &mut Linker<T>,
    component: &Component,
    linked: impl Fn(&str) -> bool,
) -> wasmtime::Result<()> {
    // A resource that was seen before is another interface's, used here under the same name: it must not be defined.
    let mut seen = Vec::new();
    let (ty, engine) = (component.component_type(), component.engine());
    for (name, item) in ty.imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                let fresh = fresh_resources(engine, &instance, &mut seen);
                if !linked(name) {
                    instance_stub(&mut linker.instance(name)?, engine, name, &instance, &fresh)?;
                }
            }
            ComponentItem::ComponentFunc(ty) => function_stub(&mut linker.root(), name, name, &ty)?,
            ComponentItem::Resource(ty) if !seen.contains(&ty) => {
                seen.push(ty);
                linker.root().resource(name, ResourceType::host::<Ungranted>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What stands for a resource nobody can have.
struct Ungranted;

/// The resources an instance defines itself, by name.
pub(crate) fn fresh_resources(
    engine: &wasmtime::Engine,
    ty: &ComponentInstance,
    seen: &mut Vec<ResourceType>,
) -> Vec<String> {
    let mut fresh = Vec::new();
    for (name, item) in ty.exports(engine) {
        if let ComponentItem::Resource(resource) = item.ty
            && !seen.contains(&resource)
        {
            seen.push(resource);
            fresh.push(name.to_owned());
        }
    }
    fresh
}

fn instance_stub<T: Refuse + 'static>(
    linker: &mut LinkerInstance<'_, T>,
    engine: &wasmtime::Engine,
    interface: &str,
    ty: &ComponentInstance,
    resources: &[String],
) -> wasmtime::Result<()> {
    for name in resources {
        linker.resource(name, ResourceType::host::<Ungranted>(), |_, _| Ok(()))?;
    }
    for (name, item) in ty.exports(engine) {
        if let ComponentItem::ComponentFunc(ty) = item.ty {
            function_stub(linker, interface, name, &ty)?;
        }
    }
    Ok(())
}

fn function_stub<T: Refuse + 'static>(
    linker: &mut LinkerInstance<'_, T>,
    interface: &str,
    name: &str,
    ty: &ComponentFunc,
) -> wasmtime::Result<()> {
    let interface = unversioned(interface).to_owned();
    let reply = Reply::of(&interface, name, ty);
    linker.func_new(name, move |mut store, _, _, results| {
        let value = match reply {
            Reply::Nothing => return Ok(()),
            Reply::NoFolders => Val::List(Vec::new()),
            Reply::NoErrorCode => Val::Option(None),
            Reply::Denied => {
                let text = store.data_mut().refuse(&interface);
                error(Val::Variant("denied".to_owned(), Some(Box::new(Val::String(text)))))
            }
            Reply::RequestDenied => {
                store.data_mut().refuse(&interface);
                error(Val::Variant(REQUEST_DENIED.to_owned(), None))
            }
            Reply::End => return Err(Refused(store.data_mut().refuse(&interface)).into()),
        };
        if let Some(result) = results.first_mut() {
            *result = value;
        }
        Ok(())
    })
}

fn error(value: Val) -> Val {
    Val::Result(Err(Some(Box::new(value))))
}

/// The case of `wasi:http/types.error-code` that says a request was not allowed.
const REQUEST_DENIED: &str = "HTTP-request-denied";

/// How a function of a certain type can refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reply {
    /// It gives nothing back, so there is nothing to refuse: a line for the log, a sign of progress.
    Nothing,
    /// `wasi:filesystem/preopens`: there are no folders.
    NoFolders,
    /// Whether a stream's error is one of a file: it is not.
    NoErrorCode,
    /// `result<_, failure>` of our own interfaces.
    Denied,
    RequestDenied,
    End,
}

impl Reply {
    fn of(interface: &str, name: &str, ty: &ComponentFunc) -> Self {
        let result = ty.results().next();
        match (interface, name, result) {
            ("wasi:filesystem/preopens", "get-directories", Some(Type::List(_))) => Self::NoFolders,
            ("wasi:filesystem/types", "filesystem-error-code", Some(Type::Option(_))) => Self::NoErrorCode,
            (_, _, None) if interface.starts_with("steward:plugin/") => Self::Nothing,
            (_, _, Some(Type::Result(result))) => Self::by_error(result.err()),
            _ => Self::End,
        }
    }

    fn by_error(ty: Option<Type>) -> Self {
        let Some(Type::Variant(variant)) = ty else { return Self::End };
        let has = |name: &str, text: bool| {
            let mut cases = variant.cases();
            cases.any(|case| case.name == name && if text { case.ty == Some(Type::String) } else { case.ty.is_none() })
        };
        match () {
            () if has("denied", true) => Self::Denied,
            () if has(REQUEST_DENIED, false) => Self::RequestDenied,
            () => Self::End,
        }
    }
}
