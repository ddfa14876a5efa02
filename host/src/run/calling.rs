//! The tool calls of a run: each is made under a key of its own, with consent where the policy wants it, and its
//! outcome is worded for the model.

use std::sync::Arc;
use std::time::Duration;

use steward_agent::turn::Event;
use steward_agent::{Origin, ToolCall, ToolResult};
use steward_sandbox::Call;
use tokio::sync::mpsc;

use super::{Done, Run};
use crate::app::Host;
use crate::approval::{self, Asker};
use crate::reply;

/// Lines of progress that may wait to be shown; more are dropped.
const PROGRESS_LINES: usize = 16;

impl Run {
    pub(super) fn call(&mut self, step: u32, calls: Vec<(usize, ToolCall)>) {
        for (at, call) in calls {
            let key = format!("{}/{step}/{at}", self.start.id);
            let asker = self.asker(&call.name, &key);
            let made = make_call(Arc::clone(&self.host), self.sandbox_call(&call, key), asker);
            let (id, name) = (call.id, call.name);
            self.tasks.spawn(async move {
                let (text, failed) = made.await;
                Done::Event(Event::Tool(ToolResult { id, name, text, failed }))
            });
        }
    }

    fn sandbox_call(&self, call: &ToolCall, key: String) -> Call {
        Call {
            principal: self.start.principal.clone(),
            language: self.start.language,
            run: Some(self.start.id),
            name: call.name.clone(),
            input: call.input.clone(),
            key,
            replayed: self.replaying,
            time_limit: Duration::from_secs(self.host.config.limits.tool_seconds),
            cancel: self.cancel.clone(),
            progress: None,
        }
    }

    fn asker(&self, tool: &str, key: &str) -> Asker {
        Asker {
            principal: self.start.principal.clone(),
            language: self.start.language,
            address: self.start.address.clone(),
            run: self.start.id,
            tool: tool.to_owned(),
            key: key.to_owned(),
            cancel: self.cancel.clone(),
            waits: self.waits.clone(),
        }
    }
}

/// Makes one tool call, where that needs consent after it was given, and words its outcome for the model. What the tool
/// says of its progress is shown to the person.
async fn make_call(host: Arc<Host>, mut call: Call, asker: Asker) -> (String, bool) {
    let (principal, to) = (call.principal.clone(), asker.address.clone());
    let channel = host.channels.get(&to.channel).filter(|_| principal.origin == Origin::Chat);
    let (progress, mut lines) = mpsc::channel::<String>(PROGRESS_LINES);
    let show = async {
        let Some(channel) = channel else { return };
        while let Some(line) = lines.recv().await {
            channel.tool_started(&to, &host.vault.known().redact(&line)).await;
        }
    };
    let make = async {
        if let Some(channel) = channel {
            let line = reply::tool_line(&call.name, &call.input);
            channel.tool_started(&to, &host.vault.known().redact(&line)).await;
            call.progress = Some(progress);
        }
        let consent = |effect, arguments: &str| approval::consent(&host, asker, effect, arguments);
        host.catalogue.call_if(call, consent).await
    };
    let (answer, ()) = tokio::join!(make, show);
    let mut text = answer.text;
    for file in answer.attachments {
        let note = match crate::uploads::save_output(&host, &principal, &file.name, &file.data).await {
            Ok(path) => format!("[saved as {path}]"),
            Err(error) => format!("[{} could not be saved: {error}]", file.name),
        };
        text = format!("{text}\n{note}");
    }
    (text, answer.outcome.failed())
}
