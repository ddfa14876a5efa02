//! Promises that failed and that nobody looked at: a script that forgets an `await` must not hide what went wrong. Also
//! the person's time zone, as far as it is known: its offset of today.

use std::cell::RefCell;
use std::rc::Rc;

use boa_engine::builtins::promise::{OperationType, Promise};
use boa_engine::context::{Context, HostHooks};
use boa_engine::object::JsObject;
use boa_engine::object::builtins::JsPromise;

/// What the interpreter asks of its surroundings.
pub struct Hooks {
    pub(crate) rejected: Rc<RefCell<Vec<JsObject<Promise>>>>,
    /// Seconds that the person's clock is ahead of UTC.
    pub(crate) offset: i32,
}

impl HostHooks for Hooks {
    fn promise_rejection_tracker(&self, promise: &JsObject<Promise>, operation: OperationType, _: &mut Context) {
        let mut rejected = self.rejected.borrow_mut();
        match operation {
            OperationType::Reject => rejected.push(promise.clone()),
            OperationType::Handle => rejected.retain(|one| !JsObject::equals(one, promise)),
        }
    }

    fn local_timezone_offset_seconds(&self, _: i64) -> i32 {
        self.offset
    }

    fn max_buffer_size(&self, _: &mut Context) -> u64 {
        MOST_BUFFER
    }
}

/// Bytes of one buffer: more than a call may use is refused as an error the script can read.
const MOST_BUFFER: u64 = 32 << 20;

/// The promises that failed unseen, without `except`.
pub fn unseen(rejected: &RefCell<Vec<JsObject<Promise>>>, except: &JsPromise) -> Vec<JsPromise> {
    let all: Vec<JsPromise> = rejected.borrow().iter().cloned().map(JsPromise::from).collect();
    all.into_iter().filter(|one| !JsObject::equals(one, except)).collect()
}
