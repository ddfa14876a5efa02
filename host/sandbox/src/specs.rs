//! Asking a plugin what it offers, in an instance that holds nothing, and checking what it says: a plugin's words
//! reach the model's tool list, so they are held to a form.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::{Component, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::tool::{Effect, Spec};
use crate::component;
use crate::contract;
use crate::engine::Engine;
use crate::error::LoadError;
use crate::grant::{CapabilitySet, Requirement};
use crate::inspection::OfferedTool;
use crate::limits::{self, Limits, Meter};
use crate::link;
use crate::plugin;
use crate::stdio::Captured;
use crate::stub::Refuse;

/// How long a plugin may take to say what it offers, if a call may take that long.
const TIME: Duration = Duration::from_secs(10);
/// Tools one plugin may offer.
const TOOLS: usize = 128;
/// The longest description or schema, in bytes.
const TEXT: usize = 16 << 10;

/// A tool as its plugin described it, checked.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema: Value,
    pub(crate) requires: Vec<Requirement>,
    pub(crate) effect: Effect,
}

/// A tool of a plugin that ships, as it is kept beside the plugin's sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownTool {
    name: String,
    effect: plugin::Effect,
    requires: Vec<String>,
    description: String,
    schema: Value,
}

/// What is known of a plugin that ships before it is compiled: its tools.json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) tools: Vec<KnownTool>,
}

impl From<Spec> for KnownTool {
    fn from(spec: Spec) -> Self {
        let Spec { name, description, input_schema, requires, effect } = spec;
        // A schema that is no JSON is known as the text it is, and refused as any other plugin's would be.
        let schema = serde_json::from_str(&input_schema).unwrap_or(Value::String(input_schema));
        Self { name, effect: effect.into(), requires, description, schema }
    }
}

impl From<KnownTool> for Spec {
    fn from(tool: KnownTool) -> Self {
        let KnownTool { name, effect, requires, description, schema } = tool;
        Self { name, description, input_schema: schema.to_string(), requires, effect: effect.into() }
    }
}

impl Known {
    /// Reads a tools.json.
    ///
    /// # Errors
    /// It was written for another version of the program.
    pub(crate) fn parse(text: &str) -> Result<Self, LoadError> {
        serde_json::from_str(text).map_err(|error| LoadError::Unknown(format!("its tools.json: {error}")))
    }

    /// Holds what a component imports and exports to what is known of it.
    ///
    /// # Errors
    /// It has other ones.
    pub(crate) fn are_names(&self, (imports, exports): (Vec<String>, Vec<String>)) -> Result<(), LoadError> {
        if self.imports == imports && self.exports == exports {
            return Ok(());
        }
        Err(LoadError::Unknown("it imports and exports something else".to_owned()))
    }

    /// Holds what a plugin said of its tools to what is known of them.
    ///
    /// # Errors
    /// The first tool that is not as it should be.
    pub(crate) fn are_tools(&self, said: Vec<Spec>) -> Result<(), LoadError> {
        let (said, known): (Vec<_>, _) = (said.into_iter().map(KnownTool::from).collect(), &self.tools);
        let other = |one: &&KnownTool, those: &[KnownTool]| !those.contains(one);
        let odd = said.iter().find(|one| other(one, known)).or_else(|| known.iter().find(|one| other(one, &said)));
        match odd {
            Some(tool) => Err(LoadError::Unknown(format!("{} is another tool", tool.name))),
            None => Ok(()),
        }
    }
}

/// Asks a component for its tools.
///
/// # Errors
/// It failed, or was ended by a limit.
pub(crate) async fn ask(engine: &Engine, component: &Component, limits: &Limits) -> Result<Vec<Spec>, LoadError> {
    let (imports, exports) = component::names(component);
    contract::check(imports.iter().chain(&exports).map(String::as_str))?;
    let pre = link::with_nothing::<Mute>(component).map_err(|error| LoadError::Link(format!("{error:#}")))?;
    let _running = engine.running();
    let printed = Captured::default();
    let wasi = WasiCtx::builder().stdout(printed.clone()).stderr(printed.clone()).build();
    let mute = Mute { wasi, table: limits::resources(), meter: Meter::new(limits) };
    let mut store = Store::new(engine.wasmtime(), mute);
    store.limiter(|mute| &mut mute.meter);
    store.set_hostcall_fuel(limits.host_call);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    let asked = async {
        let plugin = pre.instantiate_async(&mut store).await?;
        plugin.steward_plugin_tool().call_specs(&mut store).await
    };
    let time = TIME.min(limits.time);
    match timeout(time, asked).await {
        Ok(specs) => specs.map_err(|error| {
            let why = printed.last_words().unwrap_or_else(|| error.root_cause().to_string());
            LoadError::Specs(why)
        }),
        Err(_) => Err(LoadError::Specs(format!("it took longer than {} s", time.as_secs()))),
    }
}

/// Checks what a plugin said. `reach` is what it imports and was granted.
///
/// # Errors
/// The first tool whose form is wrong.
pub(crate) fn check(specs: Vec<Spec>, reach: CapabilitySet) -> Result<Vec<Described>, LoadError> {
    if specs.len() > TOOLS {
        return Err(LoadError::Specs(format!("it offers {} tools; {TOOLS} is the most", specs.len())));
    }
    specs
        .into_iter()
        .map(|spec| {
            let tool: String = spec.name.chars().take(64).collect();
            describe(spec, reach).map_err(|reason| LoadError::Tool { tool, reason })
        })
        .collect()
}

fn describe(spec: Spec, reach: CapabilitySet) -> Result<Described, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !(1..=64).contains(&spec.name.len()) || !spec.name.chars().all(fits) {
        return Err("a tool's name has 1 to 64 letters, digits and `_`".to_owned());
    }
    if spec.description.len() > TEXT || spec.input_schema.len() > TEXT {
        return Err(format!("its description or schema is longer than {TEXT} bytes"));
    }
    let schema: Value =
        serde_json::from_str(&spec.input_schema).map_err(|error| format!("its schema is not JSON: {error}"))?;
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("its schema is not one of an object: write `\"type\": \"object\"`".to_owned());
    }
    let requires = spec.requires.iter().map(|text| {
        Requirement::parse(text)
            .ok_or_else(|| format!("it requires `{text}`, which is not a capability or a level of one"))
    });
    let requires: Vec<_> = requires.collect::<Result<_, _>>()?;
    if let Some(missing) = requires.iter().find(|one| !reach.contains(one.set())) {
        // An owner may grant less than a plugin asks for; such a tool is offered to nobody.
        tracing::warn!("tool {} requires {missing}, which its plugin does not import or was not granted", spec.name);
    }
    Ok(Described { name: spec.name, description: spec.description, schema, requires, effect: spec.effect })
}

/// What a plugin said, unchecked, for being looked at.
pub(crate) fn offered(specs: Vec<Spec>) -> Vec<OfferedTool> {
    specs
        .into_iter()
        .map(|spec| OfferedTool { name: spec.name, description: spec.description, requires: spec.requires })
        .collect()
}

/// The state of an instance that is only asked what it offers.
struct Mute {
    wasi: WasiCtx,
    table: ResourceTable,
    meter: Meter,
}

impl WasiView for Mute {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Refuse for Mute {
    fn refuse(&mut self, interface: &str) -> String {
        format!("{interface} is not there while a plugin says which tools it has: use it when a tool is called")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str, schema: &str, requires: &[&str]) -> Spec {
        Spec {
            name: name.to_owned(),
            description: "d".to_owned(),
            input_schema: schema.to_owned(),
            requires: requires.iter().map(|&text| text.to_owned()).collect(),
            effect: Effect::Read,
        }
    }

    #[test]
    fn a_tool_that_could_mislead_is_refused() {
        let reach = CapabilitySet::EMPTY.with("files", crate::grant::Access::Read);
        let object = r#"{"type": "object"}"#;
        let check = |spec| check(vec![spec], reach);
        assert!(check(spec("read_all", object, &["files"])).is_ok());
        assert!(check(spec("write", object, &["files:write"])).is_ok());
        for (wrong, told) in [
            (spec("read all", object, &[]), "letters, digits"),
            (spec("", object, &[]), "letters, digits"),
            (spec("read", "{", &[]), "not JSON"),
            (spec("read", r#"{"type": "string"}"#, &[]), "not one of an object"),
            (spec("read", object, &["teleport"]), "`teleport`"),
            (spec("read", object, &["files:all"]), "`files:all`"),
        ] {
            let text = check(wrong).unwrap_err().to_string();
            assert!(text.contains(told), "{text}");
        }
    }
}
