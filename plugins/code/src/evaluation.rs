//! Runs a script to its end: evaluates it, then does what it has put off, makes the calls it waits for, lets its timers
//! come, and so on until there is nothing left to do. How long that may take is the sandbox's to say.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use boa_engine::builtins::promise::{Promise, PromiseState};
use boa_engine::module::IdleModuleLoader;
use boa_engine::object::JsObject;
use boa_engine::object::builtins::JsPromise;
use boa_engine::{Context, JsError, JsNativeError, JsResult, JsValue, Source};

use crate::console;
use crate::jobs::Jobs;
use crate::problem::problem;
use crate::reach::Reach;
use crate::rejections::{self, Hooks};
use crate::script;
use crate::surroundings::Surroundings;
use crate::text::Bounded;
use crate::tools;

/// Calls of functions within each other, above which a script is ended with an error it cannot catch.
pub const DEEPEST: usize = 400;
/// Values that may lie on the interpreter's stack: as many arguments a call may have.
const STACK: usize = 500_000;

/// What came of a script.
pub struct Evaluation {
    pub printed: Bounded,
    /// Calls of tools that were made.
    pub called: usize,
    pub ended: Result<Option<Value>, String>,
    /// Failures that nobody looked at.
    pub unseen: Vec<String>,
}

/// The value of a script.
#[derive(Debug, PartialEq, Eq)]
pub struct Value {
    pub text: String,
    /// It is the text of JSON.
    pub json: bool,
}

type Rejected = Rc<RefCell<Vec<JsObject<Promise>>>>;

/// Runs a script.
pub fn evaluate(script: &str, reach: Rc<dyn Reach>) -> Evaluation {
    let nothing = |ended| Evaluation { printed: Bounded::new(0), called: 0, ended, unseen: Vec::new() };
    let program = match script::program(script) {
        Ok(program) => program,
        Err(problem) => return nothing(Err(format!("SyntaxError: {problem}"))),
    };
    let rejected = Rejected::default();
    let begun =
        context(&*reach, &rejected).and_then(|mut context| Ok((Surroundings::install(reach, &mut context)?, context)));
    let (surroundings, mut context) = match begun {
        Ok(begun) => begun,
        Err(error) => return nothing(Err(format!("the interpreter could not be started: {error}"))),
    };
    let promise = run(&program, &surroundings, &mut context);
    let unseen = match &promise {
        Ok(promise) => rejections::unseen(&rejected, promise),
        Err(_) => Vec::new(),
    };
    Evaluation {
        ended: promise.and_then(|promise| value(&promise, &mut context)).map_err(|error| problem(&error, script)),
        unseen: unseen.into_iter().filter_map(|one| reason(&one)).map(|error| problem(&error, script)).collect(),
        called: surroundings.called.get(),
        printed: surroundings.printed.replace(Bounded::new(0)),
    }
}

fn context(reach: &dyn Reach, rejected: &Rejected) -> JsResult<Context> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let offset = Surroundings::offset(reach, i64::try_from(now).unwrap_or_default());
    let mut context = Context::builder()
        .job_executor(Rc::new(Jobs::default()))
        .host_hooks(Rc::new(Hooks { rejected: Rc::clone(rejected), offset }))
        .module_loader(Rc::new(IdleModuleLoader))
        .build()?;
    context.runtime_limits_mut().set_recursion_limit(DEEPEST);
    context.runtime_limits_mut().set_stack_size_limit(STACK);
    Ok(context)
}

/// Gives the promise of the script's value when nothing more can come of it.
fn run(program: &str, surroundings: &Surroundings, context: &mut Context) -> JsResult<JsPromise> {
    let value = context.eval(Source::from_bytes(program).with_path(Path::new("script")))?;
    let no_promise = || JsError::from(JsNativeError::typ().with_message("the script is not a program"));
    let promise = value.as_promise().ok_or_else(no_promise)?;
    loop {
        context.run_jobs()?;
        if tools::make_pending(surroundings, context)? {
            continue;
        }
        let due = surroundings.timers.borrow_mut().take_due();
        let Some((call, arguments)) = due else { return Ok(promise) };
        call.call(&JsValue::undefined(), &arguments, context)?;
    }
}

fn value(promise: &JsPromise, context: &mut Context) -> JsResult<Option<Value>> {
    match promise.state() {
        PromiseState::Fulfilled(value) if value.is_undefined() => Ok(None),
        PromiseState::Fulfilled(value) => {
            let json = if value.is_string() { None } else { console::json(&value, context) };
            Ok(Some(match json {
                Some(text) => Value { text, json: true },
                None => Value { text: console::shown(&value, context), json: false },
            }))
        }
        PromiseState::Rejected(reason) => Err(JsError::from_opaque(reason)),
        PromiseState::Pending => {
            let text = "the script waits for something that never comes: for a promise that nobody resolves";
            Err(JsNativeError::error().with_message(text).into())
        }
    }
}

fn reason(promise: &JsPromise) -> Option<JsError> {
    match promise.state() {
        PromiseState::Rejected(reason) => Some(JsError::from_opaque(reason)),
        _ => None,
    }
}
