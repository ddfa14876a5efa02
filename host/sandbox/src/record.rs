//! Calls that are recorded, so that they can be made again to the same result, and calls that are only rehearsed. Both
//! stand at the border of a guest, so that they hold for every import there is or will be.
//!
//! Read `border` first, then `relay` for how the host calls as values what a guest would have called.

mod border;
pub(crate) mod dry;
mod printing;
mod recordable;
mod relay;
mod tape;
mod taping;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use self::dry::Held;
use crate::call::{Answer, Outcome};
use crate::plugin::{Plugin, Tool};
use crate::secret::Known;

pub(crate) use self::border::{Border, attach, link};
pub(crate) use self::recordable::{Recordable, RelayPre};
pub(crate) use self::tape::{Entry, Player, Tape};
pub(crate) use self::taping::Taping;

/// Which calls are recorded, and how much of each.
#[derive(Clone, Debug)]
pub struct RecordPolicy {
    pub which: Recorded,
    /// Bytes that the recording of one call may take; a longer one is not kept.
    pub limit: usize,
    /// Calls are only rehearsed: what would reach beyond the database and the workspace is held back and noted here.
    pub held: Option<Arc<Held>>,
}

/// Recordings hold contents, so nothing is recorded unless somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Recorded {
    #[default]
    Nothing,
    Everything,
    /// The calls of these plugins.
    Plugins(Vec<String>),
}

impl Default for RecordPolicy {
    fn default() -> Self {
        Self { which: Recorded::Nothing, limit: 1 << 20, held: None }
    }
}

/// The name of an imported function: `wasi:io/poll@0.2.6#poll`.
fn path(interface: &str, function: &str) -> String {
    if interface.is_empty() { function.to_owned() } else { format!("{interface}#{function}") }
}

/// A call as it was made, whole enough to be made again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub(crate) plugin: String,
    pub(crate) version: String,
    /// Of the component.
    pub(crate) hash: String,
    pub(crate) tool: String,
    /// As the plugin got them: a JSON object.
    pub(crate) arguments: String,
    pub(crate) answer: Kept,
    /// What the host refused in the call, in words of its own that the answer has.
    pub(crate) refusal: Option<String>,
    /// Why it cannot be made again.
    pub(crate) incomplete: Option<String>,
    pub(crate) entries: Vec<Entry>,
}

/// An answer as it is kept: files by their hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub outcome: String,
    pub text: String,
    pub structured: Option<Json>,
    pub attachments: Vec<KeptFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    pub name: String,
    pub mime: String,
    pub size: usize,
    /// BLAKE3, in hexadecimal.
    pub hash: String,
}

impl Kept {
    pub fn of(answer: &Answer) -> Self {
        let files = answer.attachments.iter().map(|file| KeptFile {
            name: file.name.clone(),
            mime: file.mime.clone(),
            size: file.data.len(),
            hash: blake3::hash(&file.data).to_hex().to_string(),
        });
        Self {
            outcome: answer.outcome.to_string(),
            text: answer.text.clone(),
            structured: answer.structured.clone(),
            attachments: files.collect(),
        }
    }

    /// The call was ended from outside, at a moment that is not the guest's doing.
    pub(crate) fn was_given_up(&self) -> bool {
        [Outcome::TimedOut, Outcome::Cancelled].iter().any(|outcome| outcome.as_str() == self.outcome)
    }
}

/// Writes down a call that has ended, off the async threads. `answer` is as it was given, without secrets.
pub(crate) async fn written(tape: Box<Tape>, tool: &Tool, answer: &Answer, known: Arc<Known>) -> Option<Vec<u8>> {
    let Tape::Recording(mut recorder) = *tape else { return None };
    let Plugin { name, version, hash, .. } = &*tool.plugin;
    let mut recording = Recording {
        plugin: name.to_string(),
        version: version.clone(),
        hash: hash.clone(),
        tool: tool.name.clone(),
        arguments: std::mem::take(&mut recorder.arguments),
        answer: Kept::of(answer),
        refusal: recorder.refusal.take().map(|text| known.redact(&text).into_owned()),
        incomplete: None,
        entries: Vec::new(),
    };
    let written = tokio::task::spawn_blocking(move || {
        (recording.entries, recording.incomplete) = recorder.finish(&known);
        if let Some(name) = known.found(recording.arguments.as_bytes()).map(str::to_owned) {
            let why = format!("its arguments held the value of the secret {name}, which is never kept");
            (recording.arguments, recording.entries, recording.incomplete) = (String::new(), Vec::new(), Some(why));
        }
        serde_json::to_vec(&recording).map_err(|error| error.to_string())
    });
    let written = written.await.map_err(|error| error.to_string()).flatten();
    written.inspect_err(|error| tracing::error!("a call was not recorded: {error}")).ok()
}
