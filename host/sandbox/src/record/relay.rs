//! A relay: a component made for one guest that imports what the guest imports and exports each of those functions
//! again, under a plain name. Linked with the guest's own grants it lets the host call, as values, the very functions
//! the guest would have called. It adds nothing and decides nothing.

mod module;
mod world;

use std::collections::HashMap;

use wasmtime::component::{Component, ComponentExportIndex};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};
use wit_parser::{Handle, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem, WorldKey};

use self::world::{EXPORT, export_imports, export_name};

fn told(error: impl std::fmt::Display) -> String {
    format!("{error:#}")
}

/// A relay as a binary.
pub(crate) struct Relay {
    pub(crate) wasm: Vec<u8>,
    /// The functions it relays, in the order of its exports: `wasi:io/poll@0.2.6#poll`.
    functions: Vec<String>,
}

impl Relay {
    /// Makes the relay of a component, given its binary.
    ///
    /// # Errors
    /// What of its imports cannot be relayed.
    pub(crate) fn of(wasm: &[u8]) -> Result<Self, String> {
        let decoded = wit_component::decode(wasm).map_err(told)?;
        let DecodedWasm::Component(mut resolve, world) = decoded else {
            return Err("it is a package of types and no component".to_owned());
        };
        let (key, relayed) = export_imports(&mut resolve, world)?;
        let mut module = module::encode(&resolve, world, &key, &relayed)?;
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(told)?;
        let encoder = ComponentEncoder::default().module(&module).map_err(told)?;
        let wasm = encoder.validate(true).encode().map_err(told)?;
        Ok(Self { wasm, functions: relayed.iter().map(|one| one.path(&resolve)).collect() })
    }

    /// Where each function is found in the compiled relay.
    pub(crate) fn exports(&self, component: &Component) -> HashMap<String, ComponentExportIndex> {
        let within = component.get_export_index(None, EXPORT);
        let find = |number| component.get_export_index(within.as_ref(), export_name(number));
        let paths = self.functions.iter().enumerate();
        paths.filter_map(|(number, path)| Some((path.clone(), find(number)?))).collect()
    }
}

/// The resource behind a handle that is lent for the time of a call.
fn lent(resolve: &Resolve, ty: &Type) -> Option<TypeId> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => lent(resolve, ty),
        TypeDefKind::Handle(Handle::Borrow(resource)) => Some(original(resolve, *resource)),
        _ => None,
    }
}

/// The resource behind the handles of a list that are lent.
fn lent_list(resolve: &Resolve, ty: &Type) -> Option<TypeId> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types[*id].kind {
        TypeDefKind::Type(ty) => lent_list(resolve, ty),
        TypeDefKind::List(ty) => lent(resolve, ty),
        _ => None,
    }
}

/// Whether a handle that is lent is anywhere within a type.
fn lends(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    let within = |ty: &Type| lends(resolve, ty);
    match &resolve.types[*id].kind {
        TypeDefKind::Handle(handle) => matches!(handle, Handle::Borrow(_)),
        TypeDefKind::Type(ty) | TypeDefKind::List(ty) | TypeDefKind::Option(ty) => within(ty),
        TypeDefKind::Record(record) => record.fields.iter().any(|field| within(&field.ty)),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().any(within),
        TypeDefKind::Variant(variant) => variant.cases.iter().filter_map(|case| case.ty.as_ref()).any(within),
        TypeDefKind::Result(result) => [&result.ok, &result.err].into_iter().flatten().any(within),
        TypeDefKind::FixedLengthList(ty, _) => within(ty),
        TypeDefKind::Map(key, value) => within(key) || within(value),
        TypeDefKind::Resource | TypeDefKind::Flags(_) | TypeDefKind::Enum(_) => false,
        TypeDefKind::Future(_) | TypeDefKind::Stream(_) | TypeDefKind::Unknown => false,
    }
}

/// The resource itself where `id` is its name in another interface.
fn original(resolve: &Resolve, id: TypeId) -> TypeId {
    match resolve.types[id].kind {
        TypeDefKind::Type(Type::Id(of)) => original(resolve, of),
        _ => id,
    }
}

/// The import that defines a resource.
fn home(resolve: &Resolve, world: WorldId, resource: TypeId) -> Option<&WorldKey> {
    let TypeOwner::Interface(owner) = resolve.types[resource].owner else { return None };
    let is_it = |item: &WorldItem| matches!(item, WorldItem::Interface { id, .. } if *id == owner);
    resolve.worlds[world].imports.iter().find(|(_, item)| is_it(item)).map(|(key, _)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{self, Guest};

    #[test]
    fn every_built_in_plugin_can_be_relayed() {
        for plugin in steward_builtin::PLUGINS {
            let relay = Relay::of(&plugin.wasm()).unwrap_or_else(|error| panic!("{}: {error}", plugin.name));
            assert!(!relay.functions.is_empty(), "{}", plugin.name);
        }
    }

    #[test]
    fn handmade_components_can_be_relayed() {
        for (body, count) in [(guest::ECHO, 0), (guest::APPEND, 1), (guest::REQUEST, 3), (guest::TELEPORT, 1)] {
            let relay = Relay::of(&Guest::new("any", body).wasm()).unwrap();
            assert_eq!(relay.functions.len(), count, "{:?}", relay.functions);
        }
    }
}
