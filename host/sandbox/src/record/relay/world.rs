//! The world of a relay, made of the world of its guest: the same imports, and one exported interface with a function
//! for each imported one. Its types are those of the imports, used under their own names.

use std::collections::HashMap;

use wit_parser::{
    Docs, Function, FunctionKind, Handle, Interface, InterfaceId, Resolve, Result_, Span, Stability, Tuple, Type,
    TypeDef, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem, WorldKey,
};

/// The name of the exported interface.
pub(super) const EXPORT: &str = "relay";

/// The name of the function that relays the import of this number.
pub(super) fn export_name(number: usize) -> String {
    format!("f{number}")
}

/// An imported function and the export that relays it.
pub(super) struct Relayed {
    pub(super) interface: Option<WorldKey>,
    pub(super) imported: Function,
    pub(super) exported: Function,
}

impl Relayed {
    pub(super) fn path(&self, resolve: &Resolve) -> String {
        let interface = self.interface.as_ref().map(|key| resolve.name_world_key(key)).unwrap_or_default();
        crate::record::path(&interface, &self.imported.name)
    }
}

/// Turns the world of a guest into that of its relay.
///
/// # Errors
/// An import that is not of WASI 0.2.
pub(super) fn export_imports(resolve: &mut Resolve, world: WorldId) -> Result<(WorldKey, Vec<Relayed>), String> {
    let interface = resolve.interfaces.alloc(Interface {
        name: None,
        types: Default::default(),
        functions: Default::default(),
        docs: Docs::default(),
        stability: Stability::default(),
        package: resolve.worlds[world].package,
        span: Span::default(),
        clone_of: None,
    });
    let imported = imported(resolve, world);
    let mut borrowing = Borrowing { resolve, interface, names: HashMap::new() };
    let mut relayed = Vec::new();
    for (number, (key, imported)) in imported.into_iter().enumerate() {
        if imported.kind.is_async() {
            return Err(format!("{} is an async function of WASI 0.3", imported.name));
        }
        let mut exported = Function { name: export_name(number), kind: FunctionKind::Freestanding, ..imported.clone() };
        for param in &mut exported.params {
            param.ty = borrowing.ty(param.ty)?;
        }
        exported.result = exported.result.map(|ty| borrowing.ty(ty)).transpose()?;
        borrowing.resolve.interfaces[interface].functions.insert(exported.name.clone(), exported.clone());
        relayed.push(Relayed { interface: key, imported, exported });
    }
    let key = WorldKey::Name(EXPORT.to_owned());
    let item = WorldItem::Interface {
        id: interface,
        stability: Stability::default(),
        external_id: None,
        docs: Docs::default(),
        span: Span::default(),
    };
    resolve.worlds[world].exports = [(key.clone(), item)].into_iter().collect();
    Ok((key, relayed))
}

fn imported(resolve: &Resolve, world: WorldId) -> Vec<(Option<WorldKey>, Function)> {
    let mut found = Vec::new();
    for (key, item) in &resolve.worlds[world].imports {
        match item {
            WorldItem::Function(function) => found.push((None, function.clone())),
            WorldItem::Interface { id, .. } => {
                let functions = resolve.interfaces[*id].functions.values();
                found.extend(functions.map(|function| (Some(key.clone()), function.clone())));
            }
            WorldItem::Type { .. } => {}
        }
    }
    found
}

/// Makes types of the imports usable in the exported interface.
struct Borrowing<'a> {
    resolve: &'a mut Resolve,
    interface: InterfaceId,
    /// The name in the interface of each type of an import.
    names: HashMap<TypeId, TypeId>,
}

impl Borrowing<'_> {
    fn ty(&mut self, ty: Type) -> Result<Type, String> {
        let Type::Id(id) = ty else { return Ok(ty) };
        self.id(id).map(Type::Id)
    }

    fn id(&mut self, id: TypeId) -> Result<TypeId, String> {
        if let Some(known) = self.names.get(&id) {
            return Ok(*known);
        }
        let ty = self.resolve.types[id].clone();
        let made = match ty.name {
            Some(_) => self.named(id, ty),
            None => {
                let kind = self.kind(ty.kind.clone())?;
                self.resolve.types.alloc(TypeDef { kind, owner: TypeOwner::None, ..ty })
            }
        };
        self.names.insert(id, made);
        Ok(made)
    }

    fn named(&mut self, id: TypeId, ty: TypeDef) -> TypeId {
        let name = format!("t{}", self.names.len());
        let made = self.resolve.types.alloc(TypeDef {
            name: Some(name.clone()),
            kind: TypeDefKind::Type(Type::Id(id)),
            owner: TypeOwner::Interface(self.interface),
            ..ty
        });
        self.resolve.interfaces[self.interface].types.insert(name, made);
        made
    }

    /// What a type without a name is made of.
    fn kind(&mut self, kind: TypeDefKind) -> Result<TypeDefKind, String> {
        Ok(match kind {
            TypeDefKind::Handle(Handle::Own(resource)) => TypeDefKind::Handle(Handle::Own(self.id(resource)?)),
            TypeDefKind::Handle(Handle::Borrow(resource)) => TypeDefKind::Handle(Handle::Borrow(self.id(resource)?)),
            TypeDefKind::Type(ty) => TypeDefKind::Type(self.ty(ty)?),
            TypeDefKind::List(ty) => TypeDefKind::List(self.ty(ty)?),
            TypeDefKind::Option(ty) => TypeDefKind::Option(self.ty(ty)?),
            TypeDefKind::FixedLengthList(ty, length) => TypeDefKind::FixedLengthList(self.ty(ty)?, length),
            TypeDefKind::Map(key, value) => TypeDefKind::Map(self.ty(key)?, self.ty(value)?),
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.into_iter().map(|ty| self.ty(ty)).collect::<Result<_, _>>()?;
                TypeDefKind::Tuple(Tuple { types })
            }
            TypeDefKind::Result(Result_ { ok, err }) => {
                let ok = ok.map(|ty| self.ty(ty)).transpose()?;
                let err = err.map(|ty| self.ty(ty)).transpose()?;
                TypeDefKind::Result(Result_ { ok, err })
            }
            other => return Err(format!("a {} without a name is imported", other.as_str())),
        })
    }
}
