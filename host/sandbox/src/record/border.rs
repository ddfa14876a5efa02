//! The border of a guest whose calls are recorded or made again: every function it imports is one that notes what
//! crosses, and calls the real one or answers from a tape. The linker of a border holds nothing else, so a call that is
//! made again from a tape cannot reach anything.

use std::sync::Arc;

use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{
    Component, InstancePre, Linker, LinkerInstance, Resource, ResourceAny, ResourceType, Type, Val,
};
use wasmtime::{Store, StoreContextMut};

use super::dry;
use super::recordable::RelayPre;
use super::tape::{Answered, Tape};
use super::value::Value;
use crate::component::unversioned;
use crate::limits::Meter;
use crate::state::CallState;
use crate::stub::{Refused, fresh_resources};

/// What stands for every handle a guest is given.
struct Handle;

/// A guest linked with its border.
pub(crate) struct Border {
    pub(crate) pre: InstancePre<CallState>,
    /// The functions it imports, by number: `wasi:io/poll@0.2.6#poll`.
    pub(crate) functions: Arc<[String]>,
}

/// Links a component with its border.
pub(crate) fn link(component: &Component) -> wasmtime::Result<Border> {
    let mut linker = Linker::new(component.engine());
    let (mut functions, mut seen) = (Vec::new(), Vec::new());
    let (ty, engine) = (component.component_type(), component.engine());
    for (name, item) in ty.imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) => {
                let mut inner = linker.instance(name)?;
                for resource in fresh_resources(engine, &instance, &mut seen) {
                    resource_of(&mut inner, &resource)?;
                }
                for (function, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(_) = item.ty {
                        function_of(&mut inner, name, function, &mut functions)?;
                    }
                }
            }
            ComponentItem::ComponentFunc(_) => function_of(&mut linker.root(), "", name, &mut functions)?,
            ComponentItem::Resource(ty) if !seen.contains(&ty) => {
                seen.push(ty);
                resource_of(&mut linker.root(), name)?;
            }
            _ => {}
        }
    }
    Ok(Border { pre: linker.instantiate_pre(component)?, functions: functions.into() })
}

fn resource_of(linker: &mut LinkerInstance<'_, CallState>, name: &str) -> wasmtime::Result<()> {
    linker.resource_async(name, ResourceType::host::<Handle>(), |store, number| Box::new(dropped(store, number)))
}

fn function_of(
    linker: &mut LinkerInstance<'_, CallState>,
    interface: &str,
    name: &str,
    functions: &mut Vec<String>,
) -> wasmtime::Result<()> {
    let number = u32::try_from(functions.len())?;
    functions.push(super::path(interface, name));
    let held = (!dry::stays_within(unversioned(interface))).then(|| super::path(unversioned(interface), name));
    linker.func_new_async(name, move |store, ty, params, results| {
        Box::new(cross(store, Crossing { number, held: held.clone(), ty }, params, results))
    })
}

/// The guest has let go of a handle.
async fn dropped(mut store: StoreContextMut<'_, CallState>, number: u32) -> wasmtime::Result<()> {
    let handle = match store.data_mut().tape.as_deref_mut() {
        Some(Tape::Recording(recorder)) => recorder.dropped(number),
        _ => None,
    };
    match handle {
        Some(handle) => handle.resource_drop_async(store).await,
        None => Ok(()),
    }
}

/// A function of the border.
struct Crossing {
    number: u32,
    /// Its name, if a dry run does not call it.
    held: Option<String>,
    ty: ComponentFunc,
}

/// The guest calls an import.
async fn cross(
    mut store: StoreContextMut<'_, CallState>,
    crossing: Crossing,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let arguments = params.iter().map(|one| Value::of(one, &mut |handle| given(&mut store, handle)));
    let arguments = arguments.collect::<wasmtime::Result<Vec<_>>>()?;
    let answer = match store.data_mut().tape.as_deref_mut() {
        Some(Tape::Playing(player)) => player.play(crossing.number, &arguments)?,
        Some(Tape::Recording(recorder)) => {
            recorder.begin(crossing.number, &arguments);
            let called = match recorder.held.clone().zip(crossing.held.as_deref()) {
                Some((held, name)) => held.instead_of(name, &arguments, &crossing.ty),
                None => live(&mut store, crossing.number, &arguments, results.len()).await,
            };
            let answered = called.as_ref().map_or_else(Answered::of, |value| Answered::Value(value.clone()));
            if let Some(Tape::Recording(recorder)) = store.data_mut().tape.as_deref_mut() {
                recorder.end(&answered);
            }
            called?
        }
        None => return Err(wasmtime::Error::msg("there is no tape at this border")),
    };
    if let (Some(result), Some(answer)) = (results.first_mut(), answer) {
        *result = answer
            .val(&mut |_, number| ResourceAny::try_from_resource(Resource::<Handle>::new_own(number), &mut store))?;
    }
    Ok(())
}

/// The number of a handle the guest gives or lends.
fn given(store: &mut StoreContextMut<'_, CallState>, handle: ResourceAny) -> wasmtime::Result<Value> {
    let handle: Resource<Handle> = handle.try_into_resource(store)?;
    Ok(if handle.owned() { Value::Own(handle.rep()) } else { Value::Lent(handle.rep()) })
}

/// Calls the real function.
async fn live(
    store: &mut StoreContextMut<'_, CallState>,
    number: u32,
    arguments: &[Value],
    results: usize,
) -> wasmtime::Result<Option<Value>> {
    let Some(Tape::Recording(recorder)) = store.data_mut().tape.as_deref_mut() else {
        return Err(wasmtime::Error::msg("there is no recording at this border"));
    };
    let real = recorder.real.get(number as usize).copied().flatten();
    let real = real.ok_or_else(|| wasmtime::Error::msg("the relay lacks a function"))?;
    let arguments = arguments.iter().map(|one| one.val(&mut |value, number| recorder.real(value, number)));
    let arguments = arguments.collect::<wasmtime::Result<Vec<_>>>()?;
    let mut answers = vec![Val::Bool(false); results];
    let meter = std::mem::replace(&mut store.data_mut().meter, Meter::unmetered());
    let called = real.call_async(&mut *store, &arguments, &mut answers).await;
    store.data_mut().meter = meter;
    called?;
    let Some(Tape::Recording(recorder)) = store.data_mut().tape.as_deref_mut() else { return Ok(None) };
    answers.first().map(|one| Value::of(one, &mut |handle| Ok(recorder.adopt(handle)))).transpose()
}

/// Makes the relay of a call that is recorded. What it takes is the host's, so it is not the guest's to account for.
///
/// # Errors
/// It cannot be instantiated.
pub(crate) async fn attach(store: &mut Store<CallState>, relay: &RelayPre) -> wasmtime::Result<()> {
    let meter = std::mem::replace(&mut store.data_mut().meter, Meter::unmetered());
    let instance = relay.pre.instantiate_async(&mut *store).await;
    store.data_mut().meter = meter;
    let instance = instance?;
    let real = relay.functions.iter().map(|index| index.and_then(|index| instance.get_func(&mut *store, index)));
    let real = real.collect();
    if let Some(Tape::Recording(recorder)) = store.data_mut().tape.as_deref_mut() {
        recorder.real = real;
    }
    Ok(())
}

/// The answer of a function that was not called: a failure of the contract where it has a place for one.
pub(crate) fn failed(ty: &ComponentFunc, text: String) -> wasmtime::Result<Option<Value>> {
    match ty.results().next() {
        None => Ok(None),
        Some(Type::Result(result)) if matches!(result.err(), Some(Type::Variant(_))) => {
            let failure = Value::Variant("unavailable".to_owned(), Some(Box::new(Value::String(text))));
            Ok(Some(Value::Err(Some(Box::new(failure)))))
        }
        Some(_) => Err(Refused(text).into()),
    }
}
