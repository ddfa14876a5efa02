//! A loaded plugin and its tools. Loading reads and checks; it makes no instance with a capability.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_agent::{Language, ToolSpec};
use wasmtime::component::Component;

use crate::binary::Binary;
use crate::bindings::tool;
use crate::code::{Code, Shipped};
use crate::compact::compact;
use crate::compile::Cache;
use crate::component::{self, Kind};
use crate::consent::{Request, Source};
use crate::contract;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::form::{Entry, Linked};
use crate::grant::{CapabilitySet, Grant, GrantedIn, Requirement};
use crate::limits::Limits;
use crate::link;
use crate::manifest::Manifest;
use crate::offer::Candidate;
use crate::record::Recordable;
use crate::specs::{self, Described, Known};

/// A plugin to be loaded.
#[derive(Clone, Debug)]
pub struct PluginSource {
    /// What it is called where it comes from, for messages; its name is the manifest's.
    pub name: String,
    /// A component, or a core module that is a WASI program.
    pub wasm: Cow<'static, [u8]>,
    /// The text of plugin.toml.
    pub manifest: String,
}

/// A plugin that is ready to be called.
pub struct Plugin {
    pub name: Arc<str>,
    pub version: String,
    pub description: String,
    pub kind: Kind,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    pub grant: Grant,
    /// BLAKE3 of the component, in hexadecimal.
    pub hash: String,
    /// Bytes of the component.
    pub size: usize,
    /// What its calls are held to.
    pub limits: Limits,
    /// What it asks for.
    pub request: Request,
    /// Its tools whose answers are foreign text whatever they were made with.
    pub(crate) foreign: Vec<String>,
    /// The owner installed it; it does not belong to the program.
    pub installed: bool,
    /// What it imports and was granted: the most any of its instances holds.
    pub(crate) reach: CapabilitySet,
    code: Code,
    /// Linked with each set of capabilities a call had so far.
    linked: Mutex<HashMap<CapabilitySet, Arc<Linked>>>,
    /// Where its calls are recorded.
    pub(crate) recordable: OnceLock<Recordable>,
}

impl Plugin {
    /// Its component, compiled now if it ships and never was.
    ///
    /// # Errors
    /// It cannot be compiled, or is not what it should be.
    pub(crate) async fn component(&self) -> Result<&Component, Arc<LoadError>> {
        self.code.component().await
    }

    /// Whether a call of it need not wait for its code.
    pub(crate) fn is_ready(&self) -> bool {
        self.code.is_ready()
    }

    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    /// The plugin linked with a set of capabilities, made at the first call that has it.
    pub(crate) async fn linked(&self, set: CapabilitySet) -> wasmtime::Result<Arc<Linked>> {
        let component = self.component().await.map_err(|error| wasmtime::Error::msg(error.to_string()))?;
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linked) = linked.get(&set) {
            return Ok(Arc::clone(linked));
        }
        let made = Arc::new(Linked::new(self.kind, link::with_capabilities(component, set)?)?);
        linked.insert(set, Arc::clone(&made));
        Ok(made)
    }
}

/// The strongest thing a tool can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    Read,
    Write,
    Send,
    Destructive,
}

impl Effect {
    /// As plugins and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Send => "send",
            Self::Destructive => "destructive",
        }
    }

    /// What a person is told that a tool does: "it …" in English, "это …" in Russian.
    pub fn in_words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Read, Language::En) => "only reads",
            (Self::Read, Language::Ru) => "только чтение",
            (Self::Write, Language::En) => "changes something here",
            (Self::Write, Language::Ru) => "изменение данных здесь",
            (Self::Send, Language::En) => "sends something to others",
            (Self::Send, Language::Ru) => "отправка другим людям",
            (Self::Destructive, Language::En) => "cannot be undone",
            (Self::Destructive, Language::Ru) => "необратимое действие",
        }
    }
}

impl From<tool::Effect> for Effect {
    fn from(effect: tool::Effect) -> Self {
        match effect {
            tool::Effect::Read => Self::Read,
            tool::Effect::Write => Self::Write,
            tool::Effect::Send => Self::Send,
            tool::Effect::Destructive => Self::Destructive,
        }
    }
}

impl From<Effect> for tool::Effect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Read,
            Effect::Write => Self::Write,
            Effect::Send => Self::Send,
            Effect::Destructive => Self::Destructive,
        }
    }
}

/// A tool in the catalogue.
#[derive(Clone)]
pub struct Tool {
    pub name: String,
    pub plugin: Arc<Plugin>,
    pub description: String,
    /// JSON Schema of the arguments.
    pub schema: Value,
    pub requires: Vec<Requirement>,
    pub effect: Effect,
    /// All that `requires` names.
    pub(crate) needs: CapabilitySet,
    /// How it is called.
    pub(crate) entry: Entry,
}

impl Tool {
    fn new(plugin: Arc<Plugin>, described: Described, entry: Entry) -> Self {
        let Described { name, description, schema, requires, effect } = described;
        let needs = requires.iter().fold(CapabilitySet::EMPTY, |set, one| set.union(one.set()));
        Self { name, plugin, description, schema, requires, effect: effect.into(), needs, entry }
    }

    /// What an instance made for this tool holds where `held` is what the one who asks may use.
    pub(crate) fn effective(&self, held: CapabilitySet) -> CapabilitySet {
        self.plugin.reach.intersection(held)
    }

    /// Whether it is offered to one who may use `held`.
    pub(crate) fn is_offered(&self, held: CapabilitySet) -> bool {
        self.effective(held).contains(self.needs)
    }

    /// Whether its instances may call other tools.
    pub(crate) fn calls_tools(&self, held: CapabilitySet) -> bool {
        self.effective(held).iter().any(|(one, _)| one.calls_tools)
    }

    /// As a model is told of it.
    pub(crate) fn spec(&self) -> ToolSpec {
        ToolSpec { name: self.name.clone(), description: self.description.clone(), schema: compact(&self.schema) }
    }
}

/// Loads one plugin. One that was approved before is held to that.
///
/// # Errors
/// What is wrong with it.
pub(crate) async fn load(
    cache: &Arc<Cache>,
    engine: &Engine,
    host: &Limits,
    source: PluginSource,
    approved: Option<&Request>,
) -> Result<(Arc<Plugin>, Vec<Tool>), LoadError> {
    let mut manifest = Manifest::parse(&source.manifest)?;
    if approved.is_some() {
        manifest.grant.granted_in = GrantedIn::Approval;
    }
    let wasm = bytes(source.wasm);
    let binary = Binary::from(wasm.clone());
    let hash = binary.hash();
    if approved.is_some_and(|approved| approved.hash != hash.to_hex().as_str()) {
        // Not even compiled.
        return Err(LoadError::Altered);
    }
    let component = cache.component(binary).await?;
    let checked = check(engine, host, &manifest, &component, (&wasm, hash)).await?;
    if let Some(approved) = approved {
        checked.request.within(approved)?;
    }
    let (plugin, tools) = assembled(manifest, checked, Code::ready(component), approved.is_some())?;
    // What cannot be linked is found now and not at the first call.
    plugin.linked(plugin.reach).await.map_err(|error| LoadError::Link(format!("{error:#}")))?;
    Ok((plugin, tools))
}

/// Loads one plugin that ships, whose tools are known: its code is made when it is first needed, and it is held to what
/// is known then. Its binary is not read.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn load_shipped(
    cache: &Arc<Cache>,
    engine: &Arc<Engine>,
    host: &Limits,
    manifest: &str,
    binary: Binary,
    known: &str,
) -> Result<(Arc<Plugin>, Vec<Tool>), LoadError> {
    let mut manifest = Manifest::parse(manifest)?;
    manifest.grant.granted_in = GrantedIn::Program(manifest.name.clone());
    let known = Known::parse(known)?;
    let (imports, exports) = (known.imports.clone(), &known.exports);
    let Fitting { kind, reach, limits } = fitting(host, &manifest, &imports, exports)?;
    if kind != Kind::Plugin {
        return Err(LoadError::NoTools);
    }
    let described = specs::check(known.tools.iter().cloned().map(Into::into).collect(), reach)?;
    let (hash, size) = (binary.hash().to_hex().to_string(), binary.size());
    let source = Source { manifest: &manifest, hash, size, kind, imports: &imports, reach };
    let request = Request::of(source, described.iter());
    let tools = described.into_iter().map(|one| (one, Entry::Plugin)).collect();
    let (cache, engine) = (Arc::clone(cache), Arc::clone(engine));
    let code = Code::later(Shipped { cache, engine, binary, known, limits, turn: Default::default() });
    assembled(manifest, Checked { kind, imports, reach, limits, tools, request }, code, false)
}

/// What lies in the program is read there.
pub(crate) fn bytes(wasm: Cow<'static, [u8]>) -> Bytes {
    match wasm {
        Cow::Borrowed(wasm) => Bytes::from_static(wasm),
        Cow::Owned(wasm) => Bytes::from(wasm),
    }
}

/// # Errors
/// The manifest names a tool that the plugin does not have.
fn assembled(
    manifest: Manifest,
    checked: Checked,
    code: Code,
    installed: bool,
) -> Result<(Arc<Plugin>, Vec<Tool>), LoadError> {
    let Checked { kind, imports, reach, limits, tools, request } = checked;
    if let Some(unknown) = manifest.foreign.iter().find(|name| !tools.iter().any(|(tool, _)| tool.name == **name)) {
        let problem = format!("foreign: the plugin has no tool `{}`: name one it has", unknown.escape_debug());
        return Err(LoadError::Manifest(problem));
    }
    let plugin = Arc::new(Plugin {
        name: manifest.name.into(),
        version: manifest.version,
        description: manifest.description,
        kind,
        imports,
        grant: manifest.grant,
        hash: request.hash.clone(),
        size: request.size,
        limits,
        request,
        foreign: manifest.foreign,
        installed,
        reach,
        code,
        linked: Mutex::default(),
        recordable: OnceLock::new(),
    });
    let tools = tools.into_iter().map(|(one, entry)| Tool::new(Arc::clone(&plugin), one, entry)).collect();
    Ok((plugin, tools))
}

/// A component that fits its manifest, and what comes of both.
pub(crate) struct Checked {
    pub(crate) kind: Kind,
    imports: Vec<String>,
    reach: CapabilitySet,
    pub(crate) limits: Limits,
    tools: Vec<(Described, Entry)>,
    pub(crate) request: Request,
}

/// Checks a component against its manifest and asks it for its tools.
///
/// # Errors
/// What of it does not fit.
pub(crate) async fn check(
    engine: &Engine,
    host: &Limits,
    manifest: &Manifest,
    component: &Component,
    (wasm, hash): (&[u8], blake3::Hash),
) -> Result<Checked, LoadError> {
    let (imports, exports) = component::names(component);
    let Fitting { kind, reach, limits } = fitting(host, manifest, &imports, &exports)?;
    let tools = Candidate { kind, component, wasm, manifest, reach }.tools(engine, &limits).await?;
    let described = tools.iter().map(|(described, _)| described);
    let hash = hash.to_hex().to_string();
    let source = Source { manifest, hash, size: wasm.len(), kind, imports: &imports, reach };
    let request = Request::of(source, described);
    Ok(Checked { kind, imports, reach, limits, tools, request })
}

/// What follows from the names of a component's imports and exports, and from its manifest.
struct Fitting {
    kind: Kind,
    reach: CapabilitySet,
    limits: Limits,
}

/// # Errors
/// It is built for another contract, or its manifest does not cover its imports.
fn fitting(host: &Limits, manifest: &Manifest, imports: &[String], exports: &[String]) -> Result<Fitting, LoadError> {
    contract::check(imports.iter().chain(exports).map(String::as_str))?;
    manifest.covers(imports.iter().map(String::as_str))?;
    let asked = component::imported(imports.iter().map(String::as_str));
    let reach = asked.intersection(manifest.grant.capabilities);
    Ok(Fitting { kind: component::kind(exports), reach, limits: manifest.limits(host) })
}
