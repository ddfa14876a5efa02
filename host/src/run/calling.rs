//! The tool calls of a run: each is made under a key of its own, with consent where the policy wants it, and its
//! outcome is worded for the model.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use steward_agent::turn::Event;
use steward_agent::{Address, Language, Origin, Principal, Source, ToolCall, ToolResult, foreign};
use steward_sandbox::{Answer, Call, Outcome, Sight, ToolPort, Wanted};
use steward_store::RunId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{Done, Run, nested};
use crate::app::Host;
use crate::approval::{self, Asker, Waits, WithinCall};
use crate::reply;
use crate::stream::{Notices, Stream};
use crate::texts;
use crate::uploads;

/// Lines of progress that may wait to be shown; more are dropped.
const PROGRESS_LINES: usize = 16;

impl Run {
    pub(super) fn call(&mut self, step: u32, calls: Vec<(usize, ToolCall)>) {
        let caller = Arc::new(self.caller());
        // What the model has before it now: calls of one step know nothing of each other's answers.
        let sight = Sight::new(self.seen(), self.words());
        for (at, call) in calls {
            let key = format!("{}/{step}/{at}", self.start.id);
            let (caller, sight) = (Arc::clone(&caller), sight.apart());
            let calling = async move {
                let nested = nested::Nested::new(&caller, sight.clone());
                let made = caller.make(call.name.clone(), call.input, key, nested.port(), sight).await;
                let mut foreign = made.foreign;
                foreign::add(&mut foreign, nested.received());
                let failed = made.outcome.failed();
                let result = ToolResult { id: call.id, name: call.name, text: made.text, failed, foreign };
                Done::Event(Event::Tool(result))
            };
            self.tasks.spawn(calling.in_current_span());
        }
    }

    fn caller(&self) -> Caller {
        Caller {
            host: Arc::clone(&self.host),
            principal: self.start.principal.clone(),
            language: self.start.language,
            address: self.start.address.clone(),
            run: self.start.id,
            replayed: self.replaying,
            cancel: self.cancel.clone(),
            waits: self.waits.clone(),
            notices: self.stream.as_ref().map(Stream::notices).unwrap_or_default(),
        }
    }
}

/// What all tool calls of one step have in common: for whom they are made, and what ends them.
pub(super) struct Caller {
    pub(super) host: Arc<Host>,
    pub(super) principal: Principal,
    language: Language,
    /// Where the run's answer goes.
    address: Address,
    run: RunId,
    /// They may have been made before a crash.
    replayed: bool,
    cancel: CancellationToken,
    waits: Waits,
    /// Where the answer under way says what it waits for.
    notices: Notices,
}

/// What came of a call, as the model is told it.
pub(super) struct Made {
    pub(super) outcome: Outcome,
    pub(super) text: String,
    pub(super) structured: Option<Value>,
    /// Where the files it made were kept.
    pub(super) files: Vec<String>,
    /// Where the foreign text in it came from.
    pub(super) foreign: Vec<Source>,
}

impl Caller {
    /// Makes one tool call, where that needs consent after it was given. What the tool says of its progress is shown to
    /// the person.
    pub(super) async fn make(&self, name: String, input: Value, key: String, tools: ToolPort, sight: Sight) -> Made {
        let (host, to) = (&self.host, &self.address);
        let asker = self.asker(&name, &key, sight.clone());
        let mut call = Call { sight, ..self.call(name, input, key, tools) };
        call.owner = Some(WithinCall::new(Arc::clone(host), asker.clone()));
        let channel = host.channels.get(&to.channel).filter(|_| self.principal.origin == Origin::Chat);
        let (progress, mut lines) = mpsc::channel::<String>(PROGRESS_LINES);
        let show = async {
            let Some(channel) = channel else { return };
            while let Some(line) = lines.recv().await {
                channel.tool_started(to, &host.vault.known().redact(&line)).await;
            }
        };
        let make = async {
            let catalogue = host.plugins.catalogue();
            if let Some(channel) = channel {
                let line = reply::tool_line(&call.name, &call.input);
                channel.tool_started(to, &host.vault.known().redact(&line)).await;
                if catalogue.is_to_be_compiled(&call.name) {
                    let line = texts::preparing(self.language, &call.name);
                    match channel.shows_tools() {
                        true => channel.tool_started(to, &line).await,
                        false => self.notices.show(Some(line)),
                    }
                }
                call.progress = Some(progress);
            }
            let consent = |wanted: Wanted<'_>| approval::consent(host, asker, &wanted);
            let answer = catalogue.call_if(call, consent).await;
            self.notices.show(None);
            answer
        };
        let (answer, ()) = tokio::join!(make, show);
        self.keep_files(answer).await
    }

    /// The answer with its files kept and named in its text.
    async fn keep_files(&self, answer: Answer) -> Made {
        let Answer { outcome, mut text, structured, attachments, foreign, .. } = answer;
        let mut files = Vec::new();
        for file in attachments {
            let what = (file.name.as_str(), file.data.as_slice());
            let note = match uploads::save_output(&self.host, &self.principal, what, !foreign.is_empty()).await {
                Ok(path) => {
                    let note = format!("[saved as {path}]");
                    files.push(path);
                    note
                }
                Err(error) => format!("[{} could not be saved: {error}]", file.name),
            };
            text = format!("{text}\n{note}");
        }
        Made { outcome, text, structured, files, foreign }
    }

    fn call(&self, name: String, input: Value, key: String, tools: ToolPort) -> Call {
        Call {
            principal: self.principal.clone(),
            language: self.language,
            run: Some(self.run),
            name,
            input,
            key,
            replayed: self.replayed,
            time_limit: Duration::from_secs(self.host.config.limits.tool_seconds),
            cancel: self.cancel.clone(),
            progress: None,
            owner: None,
            tools,
            sight: Sight::default(),
        }
    }

    fn asker(&self, tool: &str, key: &str, sight: Sight) -> Asker {
        Asker {
            principal: self.principal.clone(),
            language: self.language,
            address: self.address.clone(),
            run: self.run,
            tool: tool.to_owned(),
            key: key.to_owned(),
            cancel: self.cancel.clone(),
            waits: self.waits.clone(),
            sight,
        }
    }
}
