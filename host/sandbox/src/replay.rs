//! A recorded call made again: the same component gets the same arguments and from its imports the same answers. It
//! reaches nothing: no store, no file, no network, and no row of the audit.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use steward_agent::{Language, Principal};
use steward_store::{AuditEntry, AuditRow};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::call::{Answer, Call};
use crate::capability::tools::ToolPort;
use crate::catalogue::Catalogue;
use crate::form::Linked;
use crate::grant::CapabilitySet;
use crate::instance::Prepared;
use crate::plugin::Tool;
use crate::record::{self, Border, Kept, Player, Recording, Tape};
use crate::spent::Spent;

/// What came of a call that was made again.
#[derive(Debug)]
pub struct Replayed {
    pub answer: Answer,
    /// The answer as it was recorded.
    pub recorded: Kept,
    /// The first difference, in words; none means that everything was the same.
    pub difference: Option<String>,
    /// Both calls came to the point at which the recorded one was given up: stopped, or out of time.
    pub given_up: bool,
}

/// Why a call cannot be made again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("the recording cannot be read: {0}. It may be of another version of Steward")]
    Unreadable(String),
    #[error("the recording is not complete, so the call cannot be made again: {0}")]
    Incomplete(String),
    #[error("the plugin {0} is not installed: install it in the version that was recorded, {1}")]
    NoPlugin(String, String),
    #[error("{plugin} has no tool {tool} any more: it has changed since the call was recorded")]
    NoTool { plugin: String, tool: String },
    #[error(
        "{plugin} has changed since the call was recorded (then {then}, now {now}): install that version again, or add \
         --anyway to see what the new one makes of the same answers"
    )]
    Changed { plugin: String, then: String, now: String },
    #[error("the plugin cannot be started: {0}")]
    Link(String),
}

impl Catalogue {
    /// Makes a recorded call again, within the plugin's limits. `entry` is its row in the audit, `recording` what was
    /// written with it. With `anyway` also by another version of the component.
    ///
    /// # Errors
    /// It cannot be made again at all.
    pub async fn replay(&self, entry: AuditEntry, recording: &[u8], anyway: bool) -> Result<Replayed, ReplayError> {
        let recording: Recording =
            serde_json::from_slice(recording).map_err(|error| ReplayError::Unreadable(error.to_string()))?;
        if let Some(why) = recording.incomplete {
            return Err(ReplayError::Incomplete(why));
        }
        let tool = self.recorded_tool(&recording, anyway)?;
        let told = |error: wasmtime::Error| ReplayError::Link(format!("{error:#}"));
        let component = tool.plugin.component().await.map_err(|error| ReplayError::Link(error.to_string()))?;
        let Border { pre, functions } = record::link(component).map_err(told)?;
        let linked = Linked::new(tool.plugin.kind, pre).map_err(told)?;
        let input = Value::String(recording.arguments);
        let arguments = match tool.entry.arguments(&tool.name, &input) {
            Ok(arguments) => arguments,
            Err(answer) => return Ok(compared(answer, recording.answer, None, false)),
        };
        let player = Player::new(functions, recording.entries, recording.answer.was_given_up());
        let (spent, deadline) = (Arc::<Spent>::default(), Instant::now() + tool.plugin.limits.time);
        let prepared = Prepared {
            engine: self.engine(),
            backing: self.backing(),
            plugin: &tool.plugin,
            entry: &tool.entry,
            linked: &linked,
            // Nothing is held, so nothing is opened.
            set: CapabilitySet::EMPTY,
            arguments,
            deadline,
            spent: &spent,
            tape: Some(Box::new(Tape::Playing(player))),
            relay: None,
            refusal: recording.refusal,
        };
        let (mut answer, tape) = prepared.run(call_of(entry.call, tool, input)).await;
        self.backing().connected.known().redact_answer(&mut answer);
        let Some(Tape::Playing(player)) = tape.map(|tape| *tape) else {
            return Err(ReplayError::Link("the recording was lost on the way".to_owned()));
        };
        let difference = player.difference.clone().or_else(|| player.left().filter(|_| !player.unfinished));
        Ok(compared(answer, recording.answer, difference, player.unfinished))
    }

    fn recorded_tool(&self, recording: &Recording, anyway: bool) -> Result<&Tool, ReplayError> {
        let Recording { plugin, version, hash, tool, .. } = recording;
        let Some(there) = self.plugins().iter().find(|one| *one.name == **plugin) else {
            return Err(ReplayError::NoPlugin(plugin.clone(), version.clone()));
        };
        if there.hash != *hash && !anyway {
            let named = |version: &str, hash: &str| format!("{version}, {}", hash.get(..12).unwrap_or(hash));
            let (then, now) = (named(version, hash), named(&there.version, &there.hash));
            return Err(ReplayError::Changed { plugin: plugin.clone(), then, now });
        }
        let found = self.tools().find(|one| one.name == *tool && one.plugin.name == there.name);
        found.ok_or_else(|| ReplayError::NoTool { plugin: plugin.clone(), tool: tool.clone() })
    }
}

/// The call as the instance gets it. Who calls is answered from the recording like everything else.
fn call_of(row: AuditRow, tool: &Tool, input: Value) -> Call {
    let AuditRow { person, role, session, origin, .. } = row;
    Call {
        principal: Principal { person, name: String::new(), role, session, origin },
        language: Language::default(),
        run: None,
        name: tool.name.clone(),
        input,
        key: "replay".to_owned(),
        replayed: false,
        time_limit: Duration::MAX,
        cancel: CancellationToken::new(),
        progress: None,
        owner: None,
        tools: ToolPort::default(),
    }
}

fn compared(answer: Answer, recorded: Kept, difference: Option<String>, given_up: bool) -> Replayed {
    let now = Kept::of(&answer);
    let difference = difference.or_else(|| if given_up { None } else { first_difference(&now, &recorded) });
    Replayed { answer, recorded, difference, given_up }
}

fn first_difference(now: &Kept, then: &Kept) -> Option<String> {
    if now.outcome != then.outcome {
        return Some(format!("it ended with {}; when it was recorded, with {}", now.outcome, then.outcome));
    }
    if let Some(text) = line_that_differs(&now.text, &then.text) {
        return Some(text);
    }
    if now.structured != then.structured {
        return Some("the structured content of the answer is another".to_owned());
    }
    (now.attachments != then.attachments).then(|| "the attached files are others".to_owned())
}

/// The longest line shown, in characters.
const LINE: usize = 200;

fn line_that_differs(now: &str, then: &str) -> Option<String> {
    if now == then {
        return None;
    }
    let shown = |line: Option<&str>| match line {
        Some(line) => format!("“{}”", crate::capability::log::printable(line).chars().take(LINE).collect::<String>()),
        None => "nothing more".to_owned(),
    };
    let (mut now, mut then) = (now.split('\n'), then.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (now.next(), then.next()) {
            (None, None) => return None,
            (one, other) if one != other => {
                let (one, other) = (shown(one), shown(other));
                return Some(format!("line {number} of the answer is {one}; when it was recorded, {other}"));
            }
            _ => {}
        }
    }
}
