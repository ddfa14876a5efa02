//! What a component can reach and what it offers, read from its binary. Its import section is its permission list:
//! nothing an author says about a component is consulted here.

use std::collections::BTreeMap;
use std::fmt;

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

/// Interfaces of a capability that reach nothing by themselves: they only name and handle what another interface of
/// the same capability gives. Standard libraries import them for the sake of error codes.
const WORDS: &[&str] = &["wasi:filesystem/types", "wasi:http/types"];

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
            Some(capability) if WORDS.contains(&interface) => Self::Words(capability),
            Some(capability) => Self::Capability(capability),
            None => Self::Unknown,
        }
    }
}

/// `wasi:http/types@0.2.6` → `wasi:http/types`.
pub(crate) fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// The capabilities a component's imports ask for, in full.
pub(crate) fn imported<'a>(names: impl Iterator<Item = &'a str>) -> CapabilitySet {
    names.fold(CapabilitySet::EMPTY, |set, name| match Import::of(name) {
        Import::Capability(capability) => set.with(capability.name, Access::Write),
        _ => set,
    })
}

/// Names of a component's imports or exports.
pub(crate) fn names(component: &Component) -> (Vec<String>, Vec<String>) {
    let (ty, engine) = (component.component_type(), component.engine());
    let imports = ty.imports(engine).map(|(name, _)| name.to_owned()).collect();
    let exports = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    (imports, exports)
}

/// What kind of guest a binary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A tool as a plugin describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedTool {
    pub name: String,
    pub description: String,
    pub requires: Vec<String>,
}

/// What a binary exports and what it could reach.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub kind: Kind,
    /// Bytes.
    pub size: usize,
    /// Capability → the imported interfaces it covers.
    pub capabilities: BTreeMap<&'static str, Vec<String>>,
    /// Imports that every guest has.
    pub always: Vec<String>,
    /// Imports that nothing offers: calls of them fail.
    pub unknown: Vec<String>,
    pub exports: Vec<String>,
    /// Its tools, or why it could not say them. Of a command they are what its manifest says.
    pub tools: Result<Vec<OfferedTool>, String>,
    /// Exported functions that cannot be tools, each with the reason.
    pub skipped: Vec<String>,
}

impl Inspection {
    pub(crate) fn new(kind: Kind, size: usize, imports: Vec<String>, exports: Vec<String>) -> Self {
        let mut inspection = Self {
            kind,
            size,
            capabilities: BTreeMap::new(),
            always: Vec::new(),
            unknown: Vec::new(),
            exports,
            tools: Ok(Vec::new()),
            skipped: Vec::new(),
        };
        let words: Vec<_> = imports.into_iter().filter_map(|name| inspection.sort_in(name)).collect();
        for (capability, name) in words {
            // Error codes of files or requests alone do not make a component reach files or hosts.
            match inspection.capabilities.get_mut(capability) {
                Some(interfaces) => interfaces.push(name),
                None => inspection.always.push(name),
            }
        }
        inspection
    }

    fn sort_in(&mut self, name: String) -> Option<(&'static str, String)> {
        match Import::of(&name) {
            Import::Always => self.always.push(name),
            Import::Unknown => self.unknown.push(name),
            Import::Capability(capability) => self.capabilities.entry(capability.name).or_default().push(name),
            Import::Words(capability) => return Some((capability.name, name)),
        }
        None
    }

    /// The inspection for a person to read.
    pub fn text(&self, language: Language) -> String {
        let mut text = Lines { text: String::new(), language };
        text.line(self.kind.words(language));
        if self.capabilities.is_empty() {
            text.head("Reaches nothing outside itself.", "Ничего вне себя не достигает.");
        } else {
            text.head("It could:", "Может:");
            for capability in CAPABILITIES.iter().filter(|one| self.capabilities.contains_key(one.name)) {
                text.item(&format!("{}: {}", capability.name, capability.summary(language)));
            }
        }
        text.list(
            "Imports that nothing offers (calls of them fail):",
            "Импорты, которых никто не даёт:",
            &self.unknown,
        );
        text.list("Always there:", "Есть всегда:", &self.always);
        text.list("Exports:", "Экспорт:", &self.exports);
        match &self.tools {
            Ok(tools) => {
                let tools: Vec<_> = tools.iter().map(OfferedTool::line).collect();
                text.list("Tools:", "Инструменты:", &tools);
            }
            Err(why) => {
                text.list("It could not tell its tools:", "Не смог назвать инструменты:", std::slice::from_ref(why))
            }
        }
        text.list("Functions that cannot be tools:", "Функции, которые не могут быть инструментами:", &self.skipped);
        text.text
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
    }
}

impl Kind {
    fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Plugin, Language::En) => "A plugin of the world steward:plugin.",
            (Self::Plugin, Language::Ru) => "Плагин мира steward:plugin.",
            (Self::Command, Language::En) => {
                "A WASI command: one tool, which gets JSON on its standard input and prints its answer."
            }
            (Self::Command, Language::Ru) => {
                "Команда WASI: один инструмент, который получает JSON на стандартный ввод и печатает ответ."
            }
            (Self::Library, Language::En) => "A component with typed exports of its own: each function is a tool.",
            (Self::Library, Language::Ru) => {
                "Компонент с собственным типизированным экспортом: каждая функция — инструмент."
            }
            (Self::Module, Language::En) => "A core module that is no WASI program: it cannot be used.",
            (Self::Module, Language::Ru) => "Модуль ядра wasm, который не программа WASI: его нельзя использовать.",
        }
    }
}

impl OfferedTool {
    fn line(&self) -> String {
        let first = self.description.lines().next().unwrap_or_default();
        match self.requires.as_slice() {
            [] => format!("{}: {first}", self.name),
            requires => format!("{} [{}]: {first}", self.name, requires.join(", ")),
        }
    }
}

struct Lines {
    text: String,
    language: Language,
}

impl Lines {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn head(&mut self, en: &str, ru: &str) {
        self.line(if self.language == Language::Ru { ru } else { en });
    }

    fn item(&mut self, item: &str) {
        self.line(&format!("  {item}"));
    }

    fn list(&mut self, en: &str, ru: &str, items: &[String]) {
        if !items.is_empty() {
            self.head(en, ru);
            items.iter().for_each(|item| self.item(item));
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
