//! Write Steward tools in Rust: a tool is a typed function.
//!
//! Declare the tools with [`plugin!`], take arguments as a struct with docs, return a `Result`. What the host offers is
//! in one module a capability: [`files`], [`http`], [`kv`], [`memory`], [`model`], [`schedule`] and so on; [`progress`]
//! shows the person that something is going on, and an [`Output`] carries files. A capability that is not used does not
//! appear among the component's imports, so nothing has to be switched off.
//!
//! ```
//! use steward_sdk::{Failure, Output, plugin};
//!
//! /// Whom to greet.
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Greet {
//!     /// The name to use in the greeting.
//!     name: String,
//! }
//!
//! fn greet(arguments: Greet) -> Result<Output, Failure> {
//!     if arguments.name.is_empty() {
//!         return Err(Failure::invalid("`name` is empty: give the name to greet"));
//!     }
//!     Ok(format!("Hello, {}!", arguments.name).into())
//! }
//!
//! plugin! {
//!     /// Greets somebody by name. Use it when the person asks for a greeting.
//!     greet: read, requires [] => greet;
//! }
//! # fn main() {
//! assert_eq!(steward_sdk::call(TOOLS, "greet", r#"{"name":"Ann"}"#).unwrap().text, "Hello, Ann!");
//! # }
//! ```
//!
//! On any other target than wasm the export is left out and the functions can be unit-tested as they are; the
//! functions of the host are there but must not be called.

mod arguments;
mod failure;
pub mod files;
pub mod http;
pub mod kv;
pub mod log;
pub mod memory;
pub mod model;
mod output;
pub mod process;
mod schema;
pub mod secrets;
mod tool;
pub mod tools;

/// What `wit-bindgen` makes of the contract. Plugins use the modules re-exported at the crate's root.
#[doc(hidden)]
#[allow(clippy::all, reason = "generated")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "plugin",
        pub_export_macro: true,
        export_macro_name: "export_tool",
        default_bindings_module: "steward_sdk::bindings",
        additional_derives: [PartialEq],
    });
}

pub use arguments::NoArguments;
pub use bindings::steward::plugin::run::progress;
pub use bindings::steward::plugin::types::{Effect, Failure};
pub use bindings::steward::plugin::{
    delegate, events, moderation, own_tasks, owner_mail, people, run, schedule, send, violation,
};
pub use output::{Attachment, Output};
pub use schemars;
pub use serde;
pub use serde_json;
pub use tool::{Tool, call, specs};

#[doc(hidden)]
pub use {arguments::invoke, schema::schema_for};

/// Declares the tools of a plugin and exports them from the component.
///
/// Each tool is its description as a doc comment, its name, its effect (`read`, `write`, `send` or `destructive`), the
/// capabilities without which it is useless, and the function that does it: `fn(Arguments) -> Result<Output, Failure>`,
/// where `Arguments` is `Deserialize` and `JsonSchema` and the two others are whatever converts into [`Output`] and
/// [`Failure`]. Besides the export it defines `TOOLS`, for tests.
#[macro_export]
macro_rules! plugin {
    (@effect read) => { $crate::Effect::Read };
    (@effect write) => { $crate::Effect::Write };
    (@effect send) => { $crate::Effect::Send };
    (@effect destructive) => { $crate::Effect::Destructive };
    ($(
        $(#[doc = $doc:expr])+
        $name:ident: $effect:ident, requires [$($requirement:literal),* $(,)?] => $function:path;
    )+) => {
        /// The tools of this plugin.
        #[allow(unreachable_pub, reason = "it is public where the plugin is a crate's root")]
        pub const TOOLS: &[$crate::Tool] = &[$(
            $crate::Tool {
                name: ::core::stringify!($name),
                docs: &[$($doc),+],
                effect: $crate::plugin!(@effect $effect),
                requires: &[$($requirement),*],
                schema: || $crate::schema_for($function),
                function: |input| $crate::invoke(input, $function),
            },
        )+];

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::steward::plugin::tool::Guest for Component {
                fn specs() -> ::std::vec::Vec<$crate::bindings::exports::steward::plugin::tool::Spec> {
                    $crate::specs(TOOLS)
                }

                fn call(
                    name: ::std::string::String,
                    input: ::std::string::String,
                ) -> ::core::result::Result<$crate::bindings::exports::steward::plugin::tool::Output, $crate::Failure> {
                    $crate::call(TOOLS, &name, &input).map(::core::convert::Into::into)
                }
            }

            $crate::bindings::export_tool!(Component with_types_in $crate::bindings);
        };
    };
}
