//! The run's tools as functions of a script. A call is put down and its promise given; what has been put down is made
//! all at once when the script can do nothing but wait. Which tools there are, and whether one may be called, is the
//! host's to say.

use std::rc::Rc;

use boa_engine::builtins::promise::ResolvingFunctions;
use boa_engine::object::builtins::{JsArray, JsFunction, JsPromise, JsProxyBuilder};
use boa_engine::object::{FunctionObjectBuilder, JsObject, ObjectInitializer};
use boa_engine::property::{Attribute, PropertyKey};
use boa_engine::{Context, JsArgs, JsNativeError, JsResult, JsString, JsValue, NativeFunction, js_string};
use steward_sdk::Failure;
use steward_sdk::tools::{Answer, Info, Request};

use crate::surroundings::Surroundings;

/// A call that is still to be made.
pub struct Pending {
    request: Request,
    promise: ResolvingFunctions,
}

/// Gives scripts `tools` and `listTools`.
///
/// # Errors
/// The interpreter refuses.
pub fn install(offered: &[Info], context: &mut Context) -> JsResult<()> {
    let functions = JsObject::with_null_proto();
    for tool in offered {
        let name = JsString::from(tool.name.as_str());
        let call = NativeFunction::from_copy_closure_with_captures(call, name.clone());
        let function = FunctionObjectBuilder::new(context.realm(), call).name(name.clone()).length(1).build();
        functions.create_data_property_or_throw(name, function, context)?;
    }
    let tools = JsProxyBuilder::new(functions).get(find).build(context)?;
    context.register_global_property(js_string!("tools"), JsObject::from(tools), Attribute::all())?;
    context.register_global_callable(js_string!("listTools"), 0, NativeFunction::from_fn_ptr(list))
}

/// What `tools.name` is: a name that is no tool's is told at once, with those that are.
fn find(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let functions = arguments.get_or_undefined(0).to_object(context)?;
    let key = arguments.get_or_undefined(1).to_property_key(context)?;
    if functions.has_own_property(key.clone(), context)? {
        return functions.get(key, context);
    }
    match key {
        // The language itself looks for these: to wait for a value, to write it as JSON.
        PropertyKey::String(name) if name != "then" && name != "toJSON" => {
            let surroundings = context.get_data::<Rc<Surroundings>>();
            let known = surroundings.map(|all| all.tool_names()).unwrap_or_default();
            let text = format!("there is no tool `{}`; {known}", name.to_std_string_lossy());
            Err(JsNativeError::reference().with_message(text).into())
        }
        _ => Ok(JsValue::undefined()),
    }
}

fn list(_: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(surroundings) = context.get_data::<Rc<Surroundings>>().cloned() else { return Ok(JsValue::undefined()) };
    let tools = JsArray::new(context)?;
    for tool in &surroundings.offered {
        let schema = surroundings.parsed(&tool.input_schema, context);
        let mut described = ObjectInitializer::new(context);
        described.property(js_string!("name"), JsString::from(tool.name.as_str()), Attribute::all());
        described.property(js_string!("description"), JsString::from(tool.description.as_str()), Attribute::all());
        described.property(js_string!("schema"), schema, Attribute::all());
        tools.push(described.build(), context)?;
    }
    Ok(tools.into())
}

fn call(_: &JsValue, arguments: &[JsValue], name: &JsString, context: &mut Context) -> JsResult<JsValue> {
    let Some(surroundings) = context.get_data::<Rc<Surroundings>>().cloned() else { return Ok(JsValue::undefined()) };
    let name = name.to_std_string_lossy();
    let input = match arguments.get_or_undefined(0) {
        nothing if nothing.is_null_or_undefined() => "{}".to_owned(),
        value if value.is_object() => {
            let written = surroundings.stringify.call(&JsValue::undefined(), std::slice::from_ref(value), context)?;
            written.as_string().map(|text| text.to_std_string_lossy()).unwrap_or_default()
        }
        _ => String::new(),
    };
    if !input.starts_with('{') {
        let text = format!("tools.{name} takes one object with its arguments, as in tools.{name}({{…}})");
        return Err(JsNativeError::typ().with_message(text).into());
    }
    let (promise, resolving) = JsPromise::new_pending(context);
    let request = Request { name, input };
    surroundings.pending.borrow_mut().push(Pending { request, promise: resolving });
    Ok(promise.into())
}

/// Makes the calls that were put down. False if there were none.
///
/// # Errors
/// The interpreter refuses.
pub fn make_pending(surroundings: &Surroundings, context: &mut Context) -> JsResult<bool> {
    let pending = surroundings.pending.take();
    if pending.is_empty() {
        return Ok(false);
    }
    let requests: Vec<_> = pending.iter().map(|one| one.request.clone()).collect();
    match surroundings.reach.call_all(&requests) {
        Ok(answers) => {
            surroundings.called.set(surroundings.called.get() + requests.len());
            for (one, answer) in pending.into_iter().zip(answers) {
                settle(one, answer, surroundings, context)?;
            }
        }
        Err(failure) => {
            for one in pending {
                settle(one, Err(failure.clone()), surroundings, context)?;
            }
        }
    }
    Ok(true)
}

fn settle(
    one: Pending,
    answer: Result<Answer, Failure>,
    surroundings: &Surroundings,
    context: &mut Context,
) -> JsResult<()> {
    let (function, value) = match answer {
        Ok(answer) => (&one.promise.resolve, result(&answer, surroundings, context)?),
        Err(failure) => (&one.promise.reject, error(&one.request.name, &failure, context)?),
    };
    function.call(&JsValue::undefined(), &[value.into()], context).map(|_| ())
}

/// `{text, data, files}`; where text is wanted, it is its text.
fn result(answer: &Answer, surroundings: &Surroundings, context: &mut Context) -> JsResult<JsObject> {
    let looks_like_data = answer.text.trim_start().starts_with(['{', '[']);
    let data = answer.structured.as_deref().or_else(|| looks_like_data.then_some(answer.text.as_str()));
    let data = data.map_or_else(JsValue::null, |data| surroundings.parsed(data, context));
    let files: Vec<_> = answer.files.iter().map(|file| JsString::from(file.as_str()).into()).collect();
    let files = JsArray::from_iter(files, context);
    let mut result = ObjectInitializer::new(context);
    result.property(js_string!("text"), JsString::from(answer.text.as_str()), Attribute::all());
    result.property(js_string!("data"), data, Attribute::all());
    result.property(js_string!("files"), files, Attribute::all());
    result.function(NativeFunction::from_fn_ptr(text_of), js_string!("toString"), 0);
    Ok(result.build())
}

fn text_of(this: &JsValue, _: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    this.to_object(context)?.get(js_string!("text"), context)
}

fn error(tool: &str, failure: &Failure, context: &mut Context) -> JsResult<JsObject> {
    let kind = match failure {
        Failure::Invalid(_) => "invalid",
        Failure::Denied(_) => "denied",
        Failure::NotFound(_) => "not-found",
        Failure::Unavailable(_) => "unavailable",
        Failure::Failed(_) => "failed",
    };
    let error = JsNativeError::error().with_message(format!("{tool}: {}", failure.text())).into_opaque(context);
    for (key, value) in [(js_string!("kind"), kind), (js_string!("tool"), tool)] {
        error.create_data_property_or_throw(key, JsString::from(value), context)?;
    }
    Ok(error)
}

/// A function of the language, taken before a script could put another in its place.
pub(crate) fn own_function(object: &JsObject, name: JsString, context: &mut Context) -> JsResult<JsFunction> {
    let function = object.get(name, context)?.as_callable().and_then(JsFunction::from_object);
    function.ok_or_else(|| JsNativeError::typ().with_message("the interpreter lacks a function of JSON").into())
}
