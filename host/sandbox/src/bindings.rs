//! The contract in Rust, generated from `wit/`: a `Host` trait for each interface the host offers and typed access to
//! the exports of a plugin. The only place where bindings are generated.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { default: async },
    exports: { default: async },
});

pub(crate) use self::exports::steward::plugin::tool;
pub(crate) use self::steward::plugin as wit;
pub(crate) use self::steward::plugin::types::Failure;
