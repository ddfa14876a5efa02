//! Components with typed functions: their schemas, and JSON to values and back.

use serde_json::{Map, Value, json};
use wasmtime::component::{Component, Type};

use crate::engine;
use crate::error::SandboxError;
use crate::typed::{self, Found, Function, lift, lower};

/// Components are compiled with this.
pub struct Types(wasmtime::Engine);

impl Types {
    /// # Errors
    /// There is no engine for this machine.
    pub fn new() -> Result<Self, SandboxError> {
        engine::compiler().map(Self).map_err(|error| SandboxError::Engine(format!("{error:#}")))
    }

    /// The functions of a component; `None` where it is none.
    pub fn functions(&self, wasm: &[u8]) -> Option<Functions> {
        Component::new(&self.0, wasm).ok().map(|component| Functions(typed::functions(&component, wasm)))
    }
}

/// The functions of one component that can be tools.
pub struct Functions(Found);

impl Functions {
    /// # Panics
    /// A name or a schema is none that a tool can have, or what a schema allows is refused.
    pub fn check(&self) {
        assert!(self.0.skipped.iter().all(|reason| !reason.is_empty()), "left out without a word");
        for function in &self.0.functions {
            let name = function.name.as_str();
            let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            assert!(plain && (1..=64).contains(&name.len()), "{name:?} is not the name of a tool");
            assert_eq!(function.schema["type"], "object", "{name}");
            let Some(least) = sample(&function.schema) else { continue };
            let taken = function.arguments(&least);
            assert!(taken.is_ok(), "{name}: {least} fits {} and is refused: {taken:?}", function.schema);
            there_and_back(function, &least);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.functions.is_empty()
    }

    /// Gives the arguments to each function, and says whether one takes them.
    ///
    /// # Panics
    /// What is taken does not come out as it went in, or is refused when it comes out.
    pub fn arguments(&self, json: &Value) -> bool {
        self.0.functions.iter().filter(|function| there_and_back(function, json)).count() > 0
    }
}

fn there_and_back(function: &Function, json: &Value) -> bool {
    let values = match function.arguments(json) {
        Ok(values) => values,
        Err(reason) => {
            assert!(!reason.is_empty(), "refused without a word");
            return false;
        }
    };
    let lifted = |((name, ty), value): (&(String, Type), _)| (name.clone(), lift::json(ty, value));
    let fields = function.params().iter().zip(&values).map(lifted);
    let again: Map<_, _> = fields.map(|(name, value)| (name, value.unwrap_or(json!({ "lift": "failed" })))).collect();
    // What is given to a model is text.
    let again: Value = serde_json::from_str(&Value::Object(again).to_string()).unwrap_or_default();
    let values_again = function.arguments(&again);
    assert!(values_again.is_ok(), "{json} comes out as {again}, which is refused: {values_again:?}");
    // Of numbers that are none, one is not equal to itself.
    assert_eq!(format!("{values:?}"), format!("{:?}", values_again.unwrap_or_default()), "{json} becomes {again}");
    for ((_, ty), value) in function.params().iter().zip(&values) {
        let json = lift::json(ty, value).unwrap_or_default();
        assert!(lower::value(ty, &json).is_ok(), "{json} is refused by itself");
    }
    true
}

/// The least that a schema of ours allows; `None` where nothing does, or where it is too deep to be written down.
fn sample(schema: &Value) -> Option<Value> {
    let first = |key: &str| schema[key].as_array().and_then(|all| all.iter().find_map(sample));
    match schema["type"].as_str() {
        Some("object") => {
            let names = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            names
                .map(|name| Some((name.to_owned(), sample(&schema["properties"][name])?)))
                .collect::<Option<Map<_, _>>>()
                .map(Value::Object)
        }
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0);
            if least > 1000 {
                return None;
            }
            match schema["prefixItems"].as_array() {
                Some(items) => items.iter().map(sample).collect::<Option<Vec<_>>>().map(Value::Array),
                None => (0..least).map(|_| sample(&schema["items"])).collect::<Option<Vec<_>>>().map(Value::Array),
            }
        }
        Some("string") if schema["enum"].is_array() => schema["enum"].get(0).cloned(),
        Some("string") if schema["minLength"] == 1 => Some(json!("x")),
        Some("string") => Some(json!("")),
        Some("boolean") => Some(json!(true)),
        Some("integer") => Some(schema.get("minimum").cloned().unwrap_or(json!(0))),
        Some("number") => Some(json!(0)),
        Some("null") => Some(Value::Null),
        _ => first("oneOf").or_else(|| first("anyOf")),
    }
}
