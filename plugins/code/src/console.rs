//! `console`, and how values are shown: text as it is, data as JSON, everything else as people write it.

use std::rc::Rc;

use boa_engine::object::ObjectInitializer;
use boa_engine::object::builtins::{JsMap, JsSet};
use boa_engine::property::Attribute;
use boa_engine::{Context, JsResult, JsString, JsValue, NativeFunction, js_string};

use crate::surroundings::Surroundings;

/// The most characters of all lines together.
pub const CHARACTERS: usize = 10_000;

/// Gives scripts a `console`. All of its functions print alike.
///
/// # Errors
/// The interpreter refuses.
pub fn install(context: &mut Context) -> JsResult<()> {
    let print = NativeFunction::from_fn_ptr(print);
    let mut console = ObjectInitializer::new(context);
    for name in ["log", "info", "warn", "error", "debug", "table", "dir"] {
        console.function(print.clone(), JsString::from(name), 0);
    }
    let console = console.build();
    context.register_global_property(js_string!("console"), console, Attribute::all())
}

#[expect(clippy::unnecessary_wraps, reason = "the interpreter's signature of a function")]
fn print(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let words: Vec<_> = arguments.iter().map(|value| shown(value, context)).collect();
    if let Some(surroundings) = context.get_data::<Rc<Surroundings>>() {
        let mut printed = surroundings.printed.borrow_mut();
        printed.push(&words.join(" "));
        printed.push("\n");
    }
    Ok(JsValue::undefined())
}

/// A value as text.
pub fn shown(value: &JsValue, context: &mut Context) -> String {
    if let Some(text) = value.as_string() {
        return text.to_std_string_lossy();
    }
    match value.as_object() {
        Some(object) if !object.is_callable() && !is_error(value) => {
            json(value, context).unwrap_or_else(|| value.display().to_string())
        }
        _ => value.display().to_string(),
    }
}

fn is_error(value: &JsValue) -> bool {
    value.as_object().is_some_and(|object| object.is::<boa_engine::builtins::error::Error>())
}

/// A value as JSON, as `JSON.stringify` writes it; nothing for what JSON cannot say.
pub fn json(value: &JsValue, context: &mut Context) -> Option<String> {
    // As JSON these would be empty.
    if value
        .as_object()
        .is_some_and(|one| JsMap::from_object(one.clone()).is_ok() || JsSet::from_object(one.clone()).is_ok())
    {
        return None;
    }
    let surroundings = Rc::clone(context.get_data::<Rc<Surroundings>>()?);
    let written = surroundings.stringify.call(&JsValue::undefined(), std::slice::from_ref(value), context).ok()?;
    written.as_string().map(|text| text.to_std_string_lossy())
}
