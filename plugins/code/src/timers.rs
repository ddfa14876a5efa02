//! `setTimeout` without waiting: the clock of timers jumps to the next one as soon as there is nothing else to do.
//! There is no `setInterval`, for such a clock would never stand still.

use std::collections::BTreeMap;
use std::rc::Rc;

use boa_engine::object::builtins::JsFunction;
use boa_engine::{Context, JsArgs, JsNativeError, JsResult, JsValue, NativeFunction, js_string};

use crate::surroundings::Surroundings;

/// What is to be called later, in the order of time and then of asking.
#[derive(Default)]
pub struct Timers {
    /// Milliseconds since the script began, as timers see them.
    now: u64,
    asked: u32,
    due: BTreeMap<(u64, u32), (JsFunction, Vec<JsValue>)>,
}

impl Timers {
    fn add(&mut self, after: u64, call: JsFunction, arguments: Vec<JsValue>) -> u32 {
        self.asked += 1;
        self.due.insert((self.now.saturating_add(after), self.asked), (call, arguments));
        self.asked
    }

    fn remove(&mut self, number: u32) {
        self.due.retain(|(_, asked), _| *asked != number);
    }

    /// What is due next; its time has come with that.
    pub fn take_due(&mut self) -> Option<(JsFunction, Vec<JsValue>)> {
        let ((at, _), call) = self.due.pop_first()?;
        self.now = at;
        Some(call)
    }
}

/// Gives scripts `setTimeout` and `clearTimeout`.
///
/// # Errors
/// The interpreter refuses.
pub fn install(context: &mut Context) -> JsResult<()> {
    context.register_global_callable(js_string!("setTimeout"), 2, NativeFunction::from_fn_ptr(set))?;
    context.register_global_callable(js_string!("clearTimeout"), 1, NativeFunction::from_fn_ptr(clear))
}

fn set(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let Some(call) = arguments.get_or_undefined(0).as_callable().and_then(JsFunction::from_object) else {
        return Err(JsNativeError::typ().with_message("setTimeout takes a function").into());
    };
    let after = arguments.get_or_undefined(1).to_length(context)?;
    let rest = arguments.get(2..).unwrap_or_default().to_vec();
    let surroundings = context.get_data::<Rc<Surroundings>>();
    Ok(surroundings.map_or_else(JsValue::undefined, |all| all.timers.borrow_mut().add(after, call, rest).into()))
}

fn clear(_: &JsValue, arguments: &[JsValue], context: &mut Context) -> JsResult<JsValue> {
    let number = arguments.get_or_undefined(0).to_u32(context)?;
    if let Some(surroundings) = context.get_data::<Rc<Surroundings>>() {
        surroundings.timers.borrow_mut().remove(number);
    }
    Ok(JsValue::undefined())
}
