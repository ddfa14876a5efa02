//! Components with their own typed exports: every exported function is a tool, its arguments and its answer are
//! JSON made to fit its WIT types. Such a component need not know of Steward; nothing is asked of it before a call.

mod docs;
pub(crate) mod lift;
pub(crate) mod lower;
mod schema;
#[cfg(test)]
mod tests;

use serde_json::Value;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Type, Val};
use wasmtime::{AsContextMut, Store};

use self::docs::Docs;
use self::schema::Budget;
use crate::bindings::Failure;
use crate::bindings::tool::Output;

/// What a language's toolchain exports for itself: QuickJS a function, Python an interface.
const TOOLCHAIN_FUNCTION: &str = "init";
const TOOLCHAIN_INTERFACE: &str = "exports";

/// An exported function that can be a tool.
pub(crate) struct Function {
    /// `divide`, or `acme:calc/ops@1.0.0#divide` within an interface.
    pub(crate) export: String,
    /// What the model calls it, unless the manifest has a better name.
    pub(crate) name: String,
    /// Its doc comment, or where it comes from.
    pub(crate) description: String,
    /// JSON Schema of its arguments.
    pub(crate) schema: Value,
    index: ComponentExportIndex,
    params: Vec<(String, Type)>,
    result: Option<Type>,
}

/// What a component's exports come to.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) functions: Vec<Function>,
    /// Functions that cannot be tools: `export: reason`.
    pub(crate) skipped: Vec<String>,
}

/// Reads the functions off a component. `wasm` is its binary, which may bring doc comments along.
pub(crate) fn functions(component: &Component, wasm: &[u8]) -> Found {
    let docs = Docs::read(wasm);
    let (mut found, mut budget) = (Found::default(), Budget::default());
    let (ty, engine) = (component.component_type(), component.engine());
    for (name, item) in ty.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) if name != TOOLCHAIN_FUNCTION => {
                let index = component.get_export_index(None, name);
                found.add(Export { interface: None, name, index, docs: docs.of_function(name) }, &ty, &mut budget);
            }
            ComponentItem::ComponentInstance(instance) if name != TOOLCHAIN_INTERFACE && !name.starts_with("wasi:") => {
                let Some(within) = component.get_export_index(None, name) else { continue };
                for (function, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = item.ty {
                        let index = component.get_export_index(Some(&within), function);
                        let docs = docs.within(name, function);
                        found.add(Export { interface: Some(name), name: function, index, docs }, &ty, &mut budget);
                    }
                }
            }
            _ => {}
        }
    }
    found.tell_apart();
    found
}

/// An exported function as it is found.
struct Export<'a> {
    interface: Option<&'a str>,
    name: &'a str,
    index: Option<ComponentExportIndex>,
    docs: Option<&'a str>,
}

impl Found {
    fn add(&mut self, export: Export<'_>, ty: &ComponentFunc, budget: &mut Budget) {
        let path = export.interface.map_or_else(|| export.name.to_owned(), |name| format!("{name}#{}", export.name));
        match Function::new(&path, export, ty, budget) {
            Ok(function) => self.functions.push(function),
            Err(reason) => self.skipped.push(format!("{path}: {reason}")),
        }
    }

    /// Functions of the same name in several interfaces get the interface's name in front.
    fn tell_apart(&mut self) {
        let names: Vec<String> = self.functions.iter().map(|one| one.name.clone()).collect();
        for function in &mut self.functions {
            if names.iter().filter(|name| **name == function.name).count() > 1
                && let Some((interface, name)) = function.export.split_once('#')
            {
                let interface = interface.split('@').next().unwrap_or(interface);
                let interface = interface.rsplit('/').next().unwrap_or(interface);
                function.name = tool_name(&format!("{interface}-{name}"));
            }
        }
    }
}

impl Function {
    fn new(path: &str, export: Export<'_>, ty: &ComponentFunc, budget: &mut Budget) -> Result<Self, String> {
        if export.name.starts_with('[') {
            return Err("it belongs to a resource, which JSON cannot carry".to_owned());
        }
        if ty.async_() {
            return Err("it is an async function of WASI 0.3, which is not offered yet".to_owned());
        }
        let params: Vec<_> = ty.params().map(|(name, ty)| (name.to_owned(), ty)).collect();
        let result = ty.results().next();
        let schema = budget.charge(|shapes| shapes.arguments(&params))?;
        if let Some(result) = &result {
            budget.charge(|shapes| shapes.of(result))?;
        }
        let described = || match export.interface {
            Some(interface) => format!("Calls `{}` of {interface}.", export.name),
            None => format!("Calls `{}`.", export.name),
        };
        Ok(Self {
            export: path.to_owned(),
            name: tool_name(export.name),
            description: export.docs.map_or_else(described, str::to_owned),
            schema,
            index: export.index.ok_or("it cannot be found by its name")?,
            params,
            result,
        })
    }

    pub(crate) fn params(&self) -> &[(String, Type)] {
        &self.params
    }

    /// The arguments as values of the parameters' types.
    ///
    /// # Errors
    /// Which argument does not fit, and what would.
    pub(crate) fn arguments(&self, input: &Value) -> Result<Vec<Val>, String> {
        let params = self.params.iter().map(|(name, ty)| (name.as_str(), ty.clone()));
        let fields = lower::fields(params, input).map_err(|misfit| misfit.to_string())?;
        Ok(fields.into_iter().map(|(_, value)| value).collect())
    }

    /// Calls the function in a separate instance.
    ///
    /// # Errors
    /// The guest broke down.
    pub(crate) async fn call<T: Send>(
        &self,
        store: &mut Store<T>,
        pre: &InstancePre<T>,
        arguments: &[Val],
    ) -> wasmtime::Result<Result<Output, Failure>> {
        let instance = pre.instantiate_async(&mut *store).await?;
        let missing = || wasmtime::Error::msg(format!("{} is not exported", self.export));
        let function = instance.get_func(store.as_context_mut(), self.index).ok_or_else(missing)?;
        let mut results = vec![Val::Bool(false); usize::from(self.result.is_some())];
        function.call_async(&mut *store, arguments, &mut results).await?;
        self.answer(results.pop()).map_err(wasmtime::Error::msg)
    }

    /// A result at the top is success or failure; anything else is the answer.
    fn answer(&self, value: Option<Val>) -> Result<Result<Output, Failure>, String> {
        let (Some(ty), Some(value)) = (&self.result, value) else { return Ok(Ok(output(None))) };
        let lifted = |ty: Option<Type>, value: Option<Box<Val>>| match (ty, value) {
            (Some(ty), Some(value)) => lift::json(&ty, &value).map(Some),
            _ => Ok(None),
        };
        Ok(match (ty, value) {
            (Type::Result(ty), Val::Result(Ok(value))) => Ok(output(lifted(ty.ok(), value)?)),
            (Type::Result(ty), Val::Result(Err(error))) => {
                let error = lifted(ty.err(), error)?;
                let text = error.map_or_else(|| format!("{} failed and says no more.", self.name), text);
                Err(Failure::Failed(text))
            }
            (ty, value) => Ok(output(Some(lift::json(ty, &value)?))),
        })
    }
}

fn output(value: Option<Value>) -> Output {
    let structured = value.as_ref().filter(|value| !value.is_string()).map(Value::to_string);
    let text = value.map_or_else(|| "Done.".to_owned(), text);
    Output { text, structured, attachments: Vec::new() }
}

/// A string as it is, anything else as JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A name the catalogue takes: `word-count` → `word_count`.
pub(crate) fn tool_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).take(64).collect()
}
