//! Which tools a component offers, whatever its kind: asked of a plugin, read off the types of any other component, and
//! one for a program. What a manifest adds describes; it grants nothing.

use std::sync::Arc;

use serde_json::json;
use wasmtime::component::Component;

use crate::bindings::tool::Spec;
use crate::component::Kind;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::form::Entry;
use crate::grant::{CapabilitySet, Grant};
use crate::limits::Limits;
use crate::manifest::{Manifest, ToolEntry};
use crate::plugin::Effect;
use crate::specs::{self, Described};
use crate::typed::{self, Function, tool_name};

/// A component whose tools are looked for.
pub(crate) struct Candidate<'a> {
    pub(crate) kind: Kind,
    pub(crate) component: &'a Component,
    pub(crate) wasm: &'a [u8],
    pub(crate) manifest: &'a Manifest,
    /// What it imports and was granted.
    pub(crate) reach: CapabilitySet,
}

impl Candidate<'_> {
    /// Its tools, checked, each with the way it is called.
    ///
    /// # Errors
    /// It has none, could not say them, or one of them cannot be.
    pub(crate) async fn tools(&self, engine: &Engine, limits: &Limits) -> Result<Vec<(Described, Entry)>, LoadError> {
        let (specs, entries) = match self.kind {
            Kind::Plugin => {
                if !self.manifest.tools.is_empty() {
                    let problem = "tools: a plugin says itself which tools it has: leave [[tools]] out";
                    return Err(LoadError::Manifest(problem.to_owned()));
                }
                let specs = specs::ask(engine, self.component, limits).await?;
                let entries = vec![Entry::Plugin; specs.len()];
                (specs, entries)
            }
            Kind::Command => (vec![self.program()?], vec![Entry::Command]),
            Kind::Library | Kind::Module => self.functions()?,
        };
        let described = specs::check(specs, self.reach)?;
        Ok(described.into_iter().zip(entries).collect())
    }

    fn program(&self) -> Result<Spec, LoadError> {
        let manifest = self.manifest;
        let entry = match manifest.tools.as_slice() {
            [] => ToolEntry::default(),
            [one] if one.export.is_none() => one.clone(),
            [_] => return Err(problem("`export` is of components with functions of their own; a program has none")),
            _ => return Err(problem("a program is one tool: keep one of [[tools]]")),
        };
        let schema = entry.schema.clone().unwrap_or_else(|| json!({ "type": "object" }));
        Ok(self.spec(&entry, tool_name(&manifest.name), manifest.description.clone(), schema.to_string()))
    }

    fn functions(&self) -> Result<(Vec<Spec>, Vec<Entry>), LoadError> {
        let found = typed::functions(self.component, self.wasm);
        if found.functions.is_empty() {
            let skipped = found.skipped;
            let nothing = || LoadError::NothingUsable(skipped.join("; "));
            return Err(if skipped.is_empty() { LoadError::NoTools } else { nothing() });
        }
        self.entries_fit(&found.functions)?;
        let specs = found.functions.iter().map(|function| {
            let entry = self.manifest.tools.iter().find(|entry| is_about(entry, function));
            let entry = entry.cloned().unwrap_or_default();
            self.spec(&entry, function.name.clone(), function.description.clone(), function.schema.to_string())
        });
        let specs = specs.collect();
        let entries = found.functions.into_iter().map(|function| Entry::Typed(Arc::new(function))).collect();
        Ok((specs, entries))
    }

    /// An entry about a function that does not exist is a mistake somebody should hear of.
    fn entries_fit(&self, functions: &[Function]) -> Result<(), LoadError> {
        for entry in &self.manifest.tools {
            let Some(export) = &entry.export else {
                return Err(problem("`export` is missing: name the function it is about"));
            };
            if entry.schema.is_some() {
                return Err(problem("`schema` follows from the function's types: leave it out"));
            }
            match functions.iter().filter(|function| is_about(entry, function)).count() {
                1 => {}
                0 => {
                    let known: Vec<_> = functions.iter().map(|one| one.export.as_str()).collect();
                    return Err(problem(&format!("there is no function `{export}`; use one of {}", known.join(", "))));
                }
                _ => {
                    return Err(problem(&format!(
                        "several functions are called `{export}`: write `interface#{export}`"
                    )));
                }
            }
        }
        Ok(())
    }

    fn spec(&self, entry: &ToolEntry, name: String, description: String, input_schema: String) -> Spec {
        // Its author never said what it cannot do without, so it is all it was granted.
        let all = || self.reach.to_string().split_whitespace().map(str::to_owned).collect();
        Spec {
            name: entry.name.clone().unwrap_or(name),
            description: entry.description.clone().unwrap_or(description),
            input_schema,
            requires: entry.requires.clone().unwrap_or_else(all),
            effect: entry.effect.unwrap_or_else(|| strongest(self.reach, &self.manifest.grant)).into(),
        }
    }
}

fn problem(text: &str) -> LoadError {
    LoadError::Manifest(format!("tools: {text}"))
}

fn is_about(entry: &ToolEntry, function: &Function) -> bool {
    let Some(wanted) = &entry.export else { return false };
    let (interface, name) = function.export.rsplit_once('#').unwrap_or(("", &function.export));
    match wanted.rsplit_once('#') {
        None => wanted == name,
        Some((of, wanted)) => {
            let unversioned = interface.split('@').next().unwrap_or(interface);
            wanted == name && (of == interface || of == unversioned)
        }
    }
}

/// The strongest thing a component could do with what it was granted, for one that does not say.
fn strongest(reach: CapabilitySet, grant: &Grant) -> Effect {
    let each = reach.iter().map(|(one, access)| (one.scope.strongest)(&grant.scopes, access));
    each.max().unwrap_or(Effect::Read)
}
