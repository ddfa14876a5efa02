//! What was found in a binary, and its text for a person. With a manifest the request of the plugin is part of it; what
//! the imports say is told with or without.

use std::collections::BTreeMap;
use std::fmt;

use steward_agent::{Language, bytes};

use crate::capability::CAPABILITIES;
use crate::component::{Import, Kind};
use crate::consent::Request;
use crate::error::LoadError;
use crate::limits::Limits;
use crate::lines::Lines;

/// A tool as a plugin describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedTool {
    pub name: String,
    pub description: String,
    pub requires: Vec<String>,
}

/// What a binary exports and what it could reach.
#[derive(Debug)]
pub struct Inspection {
    pub kind: Kind,
    /// Bytes.
    pub size: usize,
    /// BLAKE3 of the file, in hexadecimal.
    pub hash: String,
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
    /// What it asks for by its manifest and what a call of it is held to, or why the two do not fit together. `None`
    /// where it was looked at without a manifest.
    pub request: Option<Result<(Request, Limits), LoadError>>,
}

impl Inspection {
    pub(crate) fn new(kind: Kind, wasm: &[u8], imports: Vec<String>, exports: Vec<String>) -> Self {
        let mut inspection = Self {
            kind,
            size: wasm.len(),
            hash: blake3::hash(wasm).to_hex().to_string(),
            capabilities: BTreeMap::new(),
            always: Vec::new(),
            unknown: Vec::new(),
            exports,
            tools: Ok(Vec::new()),
            skipped: Vec::new(),
            request: None,
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

    /// All that the binary says, for a person to read.
    pub fn text(&self, language: Language) -> String {
        let mut lines = Lines::new(language);
        lines.line(self.kind.words(language));
        lines.line(&format!("{}, BLAKE3 {}", bytes(self.size as u64), self.hash));
        if self.capabilities.is_empty() {
            lines.head("Can reach nothing outside itself.", "Ни к чему снаружи доступа нет.");
        } else {
            lines.head("It could:", "Может:");
            for capability in CAPABILITIES.iter().filter(|one| self.capabilities.contains_key(one.name)) {
                lines.item(&format!("{}: {}", capability.name, capability.summary(language)));
            }
        }
        match &self.tools {
            Ok(tools) => {
                let tools: Vec<_> = tools.iter().map(OfferedTool::line).collect();
                lines.list("Tools:", "Инструменты:", &tools);
            }
            Err(why) => {
                lines.list("It could not tell its tools:", "Не смог назвать инструменты:", std::slice::from_ref(why))
            }
        }
        lines.line(self.surroundings(language).trim_end());
        lines.text()
    }

    /// What it imports and exports in addition to what it asks for.
    pub fn surroundings(&self, language: Language) -> String {
        let mut lines = Lines::new(language);
        lines.list("Functions that cannot be tools:", "Функции, которые не могут быть инструментами:", &self.skipped);
        lines.list(
            "Imports that nothing offers (calls of them fail):",
            "Импорты, которых здесь нет (их вызовы завершатся ошибкой):",
            &self.unknown,
        );
        lines.list("Always there:", "Есть всегда:", &self.always);
        lines.list("Exports:", "Экспорт:", &self.exports);
        lines.text()
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::En))
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
