//! What a component can reach and what it offers, read from its binary. Its import section is its permission list:
//! nothing an author says about a component is consulted here.

use serde::{Deserialize, Serialize};
use steward_agent::Language;
use wasmtime::component::Component;

use crate::capability::{CAPABILITIES, Capability};
use crate::error::SandboxError;
use crate::grant::{Access, CapabilitySet};

/// Interfaces every guest has, whatever it was granted.
const ALWAYS: &[&str] = &[
    "steward:plugin/run",
    "steward:plugin/log",
    "steward:plugin/types",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/wall-clock",
    "wasi:clocks/monotonic-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
];

/// The interface a plugin of our world exports.
pub(crate) const TOOL: &str = "steward:plugin/tool";

/// What an imported interface means for the one who grants.
#[derive(Clone, Copy)]
pub(crate) enum Import {
    Always,
    /// Belongs to a capability and reaches nothing by itself.
    Words(&'static Capability),
    Capability(&'static Capability),
    /// Offered to nobody: a call of it fails.
    Unknown,
}

impl Import {
    /// Classifies an import by its name, with or without version.
    pub(crate) fn of(name: &str) -> Self {
        let interface = unversioned(name);
        match Capability::of_interface(interface) {
            _ if ALWAYS.contains(&interface) => Self::Always,
            Some(capability) if capability.words.contains(&interface) => Self::Words(capability),
            Some(capability) => Self::Capability(capability),
            None => Self::Unknown,
        }
    }
}

/// `wasi:http/types@0.2.6` → `wasi:http/types`.
pub(crate) fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// The capabilities a component's imports ask for, in full, with those that are used through them.
pub(crate) fn imported<'a>(names: impl Iterator<Item = &'a str>) -> CapabilitySet {
    let asked = names.fold(CapabilitySet::EMPTY, |set, name| match Import::of(name) {
        Import::Capability(capability) => set.union(capability.set(Access::Write)),
        _ => set,
    });
    let used = CAPABILITIES.iter().filter(|one| one.through.iter().any(|by| asked.holds(by)));
    used.fold(asked, |set, one| set.union(one.set(Access::Write)))
}

/// Names of a component's imports or exports.
pub(crate) fn names(component: &Component) -> (Vec<String>, Vec<String>) {
    let (ty, engine) = (component.component_type(), component.engine());
    let imports = ty.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    (imports, exports)
}

/// What kind of guest a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A component that exports `steward:plugin/tool`.
    Plugin,
    /// A program: a component that exports `wasi:cli/run`, or a core module of WASI's first preview.
    Command,
    /// A component with typed exports of its own.
    Library,
    /// A core module that is no program.
    Module,
}

impl Kind {
    pub(crate) fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Plugin, Language::En) => "A plugin of the world steward:plugin.",
            (Self::Plugin, Language::Ru) => "Плагин мира steward:plugin.",
            (Self::Command, Language::En) => {
                "A WASI command: one tool, which gets JSON on its standard input and prints its answer."
            }
            (Self::Command, Language::Ru) => {
                "Команда WASI: один инструмент, который получает JSON на стандартный ввод и печатает ответ."
            }
            (Self::Library, Language::En) => "A component with its own typed exports: each function is a tool.",
            (Self::Library, Language::Ru) => {
                "Компонент с собственным типизированным экспортом: каждая функция — инструмент."
            }
            (Self::Module, Language::En) => "A core module that is not a WASI program: it cannot be used.",
            (Self::Module, Language::Ru) => "Модуль ядра wasm, который не программа WASI: его нельзя использовать.",
        }
    }
}

/// Tells a core module from a component by the layer in its header.
///
/// # Errors
/// The bytes are neither.
pub(crate) fn is_module(wasm: &[u8]) -> Result<bool, SandboxError> {
    match wasm {
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Ok(true),
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Ok(false),
        _ => Err(SandboxError::NotAComponent("it does not begin like a .wasm file".to_owned())),
    }
}

pub(crate) fn kind(exports: &[String]) -> Kind {
    let has = |interface: &str| exports.iter().any(|name| unversioned(name) == interface);
    match () {
        () if has(TOOL) => Kind::Plugin,
        () if has("wasi:cli/run") => Kind::Command,
        () => Kind::Library,
    }
}
