//! What the interpreter has put off, such as what comes after an `await`: done in the order in which it came.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use boa_engine::context::Context;
use boa_engine::job::{Job, JobExecutor};
use boa_engine::{JsNativeError, JsResult};

/// The queue.
#[derive(Default)]
pub struct Jobs(RefCell<VecDeque<Job>>);

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, _: &mut Context) {
        // Called when an object is no longer needed, which may be never.
        if !matches!(job, Job::FinalizationRegistryCleanupJob(_)) {
            self.0.borrow_mut().push_back(job);
        }
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        loop {
            let Some(job) = self.0.borrow_mut().pop_front() else { return Ok(()) };
            match job {
                Job::PromiseJob(job) => job.call(context)?,
                Job::GenericJob(job) => job.call(context)?,
                // Nothing here makes any other.
                _ => return Err(JsNativeError::error().with_message("this cannot be waited for here").into()),
            };
        }
    }
}
