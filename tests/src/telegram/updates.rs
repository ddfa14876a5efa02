//! `getUpdates`: the queue, its confirmation by offset, the long poll and the conflict of two pollers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::Shared;
use super::answer::ApiError;
use super::params::Params;
use super::world::World;

const CONFLICT: &str =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

pub(crate) async fn get_updates(shared: &Arc<Shared>, params: &Params) -> Result<Value, ApiError> {
    let offset = params.number("offset").unwrap_or(0);
    let limit = usize::try_from(params.number("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
    let seconds = u64::try_from(params.number("timeout").unwrap_or(0).clamp(0, 50)).unwrap_or(0);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut changes = shared.changed.subscribe();
    let poll = shared.change(|world| world.begin_poll(offset, params.structure("allowed_updates")));
    let mut waiting = Waiting { shared, counted: false };
    loop {
        let answer = shared.look().answer_poll(poll, limit);
        match answer {
            Some(answer) => return answer,
            None if Instant::now() >= until => return Ok(json!([])),
            None => waiting.count(),
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

impl World {
    /// Confirms what the offset confirms and gives the number of this poll.
    fn begin_poll(&mut self, offset: i64, allowed: Option<Value>) -> u64 {
        if let Some(Value::Array(kinds)) = allowed {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            self.allowed = (!kinds.is_empty()).then_some(kinds);
        }
        if offset > 0 {
            self.updates.retain(|update| update_id(update) >= offset);
        } else if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let surplus = self.updates.len().saturating_sub(keep);
            self.updates.drain(..surplus);
        }
        self.poll += 1;
        self.poll
    }

    fn answer_poll(&self, poll: u64, limit: usize) -> Option<Result<Value, ApiError>> {
        if self.poll != poll {
            return Some(Err(ApiError::new(409, CONFLICT)));
        }
        let batch: Vec<_> = self.updates.iter().take(limit).cloned().collect();
        (!batch.is_empty()).then_some(Ok(Value::Array(batch)))
    }
}

/// Counts a poll as waiting until it is answered or its connection is gone.
struct Waiting<'a> {
    shared: &'a Shared,
    counted: bool,
}

impl Waiting<'_> {
    fn count(&mut self) {
        if !self.counted {
            self.counted = true;
            self.shared.change(|world| world.polls_waiting += 1);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.counted {
            self.shared.change(|world| world.polls_waiting -= 1);
        }
    }
}

fn update_id(update: &Value) -> i64 {
    update.get("update_id").and_then(Value::as_i64).unwrap_or_default()
}
