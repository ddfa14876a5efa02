//! One call of one tool in an instance of its own, from its beginning to its end. A guest that breaks a limit ends
//! alone, and nothing of it is left for the next call.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::bytes;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi::{I32Exit, WasiCtx};

use crate::backing::Backing;
use crate::bindings::Failure;
use crate::bindings::tool::Output;
use crate::call::{Answer, Call, Outcome, OutputFile};
use crate::capability::CAPABILITIES;
use crate::capability::log::{LineCount, printable};
use crate::deadline::Deadline;
use crate::engine::Engine;
use crate::foreign::{Asking, ForeignMarks, Lowering};
use crate::form::{Arguments, Entry, Linked, Streams};
use crate::grant::CapabilitySet;
use crate::limits::{self, Limits, Meter, OverLimit};
use crate::part::{Beginning, Parts};
use crate::plugin::Plugin;
use crate::record::{self, RelayPre, Tape};
use crate::spent::Spent;
use crate::state::CallState;
use crate::stdio::Captured;
use crate::stub::Refused;

/// Files one answer may have.
const FILES: usize = 32;

/// A call that was found to be allowed, with all it takes to make it.
pub(crate) struct Prepared<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) backing: &'a Arc<Backing>,
    pub(crate) plugin: &'a Plugin,
    pub(crate) entry: &'a Entry,
    pub(crate) linked: &'a Linked,
    pub(crate) set: CapabilitySet,
    pub(crate) arguments: Arguments,
    pub(crate) deadline: Instant,
    /// Where what the call takes is counted.
    pub(crate) spent: &'a Arc<Spent>,
    /// The call is recorded, or made again.
    pub(crate) tape: Option<Box<Tape>>,
    /// Of a call that is recorded.
    pub(crate) relay: Option<Arc<RelayPre>>,
    /// What the host refused when a call that is made again was recorded.
    pub(crate) refusal: Option<String>,
    /// An owner has seen the call and agreed to it.
    pub(crate) agreed: bool,
}

impl Prepared<'_> {
    /// Makes the call. Dropping the future ends the guest.
    pub(crate) async fn run(mut self, call: Call) -> (Answer, Option<Box<Tape>>) {
        let (tool, cancel) = (call.name.clone(), call.cancel.clone());
        let began = Timestamp::now();
        let (state, streams) = match self.state(call) {
            Ok(state) => state,
            Err(text) => return (Answer::of(Outcome::Unavailable, text), None),
        };
        let limits = &self.plugin.limits;
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.meter);
        // What crosses a border is copied as values, which take more room.
        let copies = if store.data().tape.is_some() { 4 } else { 1 };
        store.set_hostcall_fuel(limits.host_call * copies);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let ended = self.guest(&mut store, &tool, &streams, &cancel).await;
        let marks = to_be_marked(store.data());
        let unmarked = match marks {
            Some(marks) => marks.mark_since(began).await.err(),
            None => None,
        };
        let printed = &streams.printed;
        let ending = Ending { tool: &tool, limits, printed, state: store.data() };
        let mut answer = match ended {
            Ended::Returned(Ok(output)) => ending.output(output),
            Ended::Returned(Err(failure)) => ending.failure(failure),
            Ended::Broke(error) => ending.broken(&error),
            Ended::TimedOut => ending.timed_out(),
            Ended::Cancelled => Answer::of(Outcome::Cancelled, format!("{tool} was stopped.")),
        };
        answer.peak_memory = store.data().meter.peak;
        answer.foreign = store.data().lowering.received();
        if let Some(error) = unmarked {
            tracing::error!(%error, tool, "what a tool wrote could not be marked as foreign");
            answer = Answer::of(Outcome::Unavailable, format!("{tool}: what it wrote could not be marked: {error}"));
        }
        let plugin = &self.plugin.name;
        printed.drain(plugin, &self.backing.connected.known());
        if store.data().lines.dropped > 0 {
            tracing::warn!(target: "plugin", plugin = &**plugin, "{} more lines were logged", store.data().lines.dropped);
        }
        let refusal = ending.refusal();
        let mut tape = store.data_mut().tape.take();
        if let Some(Tape::Recording(recorder)) = tape.as_deref_mut() {
            recorder.refusal = refusal;
        }
        (answer, tape)
    }

    async fn guest(
        &self,
        store: &mut Store<CallState>,
        tool: &str,
        streams: &Streams,
        cancel: &CancellationToken,
    ) -> Ended {
        let _running = self.engine.running();
        let deadline = store.data().deadline.clone();
        // Looked at also when the guest has used up what the runtime gives a task at a time.
        let passed = tokio::task::unconstrained(deadline.passed());
        let called = async {
            if let Some(relay) = &self.relay {
                Box::pin(record::attach(store, relay)).await?;
            }
            self.entry.call(store, self.linked, tool, &self.arguments, streams).await
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Ended::Cancelled,
            called = self.spent.metering(called) => match called {
                Ok(returned) => Ended::Returned(returned),
                Err(error) => Ended::Broke(error),
            },
            () = passed => Ended::TimedOut,
        }
    }

    /// # Errors
    /// Why the call cannot begin, for its answer.
    fn state(&mut self, call: Call) -> Result<(CallState, Streams), String> {
        let mut wasi = WasiCtx::builder();
        let streams = self.entry.streams(&mut wasi, &call.name, &self.arguments, self.plugin.limits.output);
        if let Some(Tape::Playing(player)) = self.tape.as_deref_mut() {
            player.attach(streams.outputs());
        }
        let deadline = Deadline::new(self.deadline);
        let lowering = Lowering::new(Asking {
            sight: call.sight,
            agreed: self.agreed,
            owner: call.owner.clone(),
            deadline: deadline.clone(),
            key: call.key.clone(),
            arguments: self.arguments.text.clone(),
        });
        let mut parts = Parts::default();
        let beginning = Beginning {
            backing: self.backing,
            plugin: self.plugin,
            tool: &call.name,
            set: self.set,
            spent: self.spent,
            lowering: &lowering,
            tools: &call.tools,
        };
        for begin in CAPABILITIES.iter().filter_map(|one| one.begin) {
            parts.put(begin(&beginning)?);
        }
        let state = CallState {
            backing: Arc::clone(self.backing),
            principal: call.principal,
            language: call.language,
            plugin: Arc::clone(&self.plugin.name),
            grant: self.plugin.grant.clone(),
            run: call.run,
            cancel: call.cancel,
            key: call.key,
            replayed: call.replayed,
            deadline,
            progress: call.progress,
            owner: call.owner,
            lines: LineCount::default(),
            meter: Meter::new(&self.plugin.limits),
            parts,
            refused: self.refusal.take(),
            wasi: wasi.build(),
            lowering,
            table: limits::resources(),
            host_calls: 0,
            tape: self.tape.take(),
        };
        Ok((state, streams))
    }
}

/// Where it is marked what a call has written with foreign text before it, unless an owner agreed to that.
fn to_be_marked(state: &CallState) -> Option<ForeignMarks> {
    let foreign = state.parts.changed_files() && state.lowering.lowers() && !state.lowering.adopted();
    foreign.then(|| state.backing.marks.clone())
}

enum Ended {
    Returned(Result<Output, Failure>),
    Broke(wasmtime::Error),
    TimedOut,
    Cancelled,
}

/// Turns how a call ended into its answer.
struct Ending<'a> {
    tool: &'a str,
    limits: &'a Limits,
    printed: &'a Captured,
    state: &'a CallState,
}

impl Ending<'_> {
    fn output(&self, output: Output) -> Answer {
        let Limits { output: most, attachments: most_attached, .. } = *self.limits;
        let structured = output.structured.unwrap_or_default();
        let count = output.attachments.len();
        if count > FILES {
            let text =
                format!("{} attached {count} files and may attach {FILES}: ask it for fewer at once.", self.tool);
            return Answer::of(Outcome::OutputTooLarge, text);
        }
        let files = output.attachments.iter();
        let attached: usize = files.map(|file| file.name.len() + file.mime.len() + file.data.len()).sum();
        for (size, most) in [(output.text.len(), most), (structured.len(), most), (attached, most_attached)] {
            if size > most {
                return self.too_large(size, most);
            }
        }
        let structured = Some(structured).filter(|text| !text.is_empty()).and_then(|text| {
            let parsed = serde_json::from_str(&text);
            parsed.inspect_err(|error| tracing::warn!("{}: structured content is not JSON: {error}", self.tool)).ok()
        });
        let attachments = output.attachments.into_iter();
        let attachments =
            attachments.map(|one| OutputFile { name: one.name, mime: one.mime, data: one.data }).collect();
        Answer { structured, attachments, ..Answer::of(Outcome::Ok, output.text) }
    }

    fn failure(&self, failure: Failure) -> Answer {
        let (outcome, text) = match failure {
            Failure::Invalid(text) => (Outcome::Invalid, text),
            Failure::Denied(text) => (Outcome::Denied, text),
            Failure::NotFound(text) => (Outcome::NotFound, text),
            Failure::Unavailable(text) => (Outcome::Unavailable, text),
            Failure::Failed(text) => (Outcome::Failed, text),
        };
        if text.len() > self.limits.output {
            return self.too_large(text.len(), self.limits.output);
        }
        // What is wrong with the arguments is wrong whatever was refused beside.
        let refusal = self.refusal().filter(|_| !matches!(outcome, Outcome::Invalid | Outcome::NotFound));
        match refusal {
            // The plugin gives the refusal in words of its own; ours name the remedy.
            Some(refusal) if !text.contains(&refusal) => {
                let text = if text.is_empty() { refusal } else { format!("{text}\n{refusal}") };
                Answer::of(Outcome::Denied, text)
            }
            Some(_) => Answer::of(Outcome::Denied, text),
            None => Answer::of(outcome, text),
        }
    }

    /// Why the host refused something during the call.
    fn refusal(&self) -> Option<String> {
        let state = &self.state;
        let by_capability = || state.parts.refusal(&state.plugin, &state.grant.granted_in);
        state.refused.clone().or_else(by_capability).or_else(|| state.lowering.refusal())
    }

    fn too_large(&self, size: usize, most: usize) -> Answer {
        let text = format!(
            "{} answered with {} and may answer with {}: ask it for less at once.",
            self.tool,
            bytes(size as u64),
            bytes(most as u64)
        );
        Answer::of(Outcome::OutputTooLarge, text)
    }

    fn timed_out(&self) -> Answer {
        let text = format!(
            "{} took longer than it may and was ended. What it had done by then stays done. Ask it for less at once, or \
             try later.",
            self.tool
        );
        Answer::of(Outcome::TimedOut, text)
    }

    /// The guest, or the host for it, ended the call in the middle.
    fn broken(&self, error: &wasmtime::Error) -> Answer {
        let tool = self.tool;
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Answer::of(Outcome::Denied, refused.to_string());
        }
        if let Some(over) = error.downcast_ref::<OverLimit>() {
            return Answer::of(Outcome::OutOfMemory, format!("{tool} was ended: {over}. Ask it for less at once."));
        }
        if error.is::<PoolConcurrencyLimitError>() {
            return Answer::of(
                Outcome::Unavailable,
                format!("Too many tools are at work for {tool} to start: try again."),
            );
        }
        let cause = error.root_cause().to_string();
        // wasmtime keeps the type of this error to itself.
        if cause.contains("fuel allocated for hostcalls") {
            let most = bytes(self.limits.host_call as u64);
            let text = format!("{tool} handed over more than {most} at once and was ended. Ask it for less at once.");
            return Answer::of(Outcome::OutputTooLarge, text);
        }
        // A guest that cannot live with a refusal often breaks down over it: the refusal is what there is to say.
        if let Some(refusal) = self.refusal() {
            return Answer::of(Outcome::Denied, refusal);
        }
        let why = match error.downcast_ref::<Trap>() {
            Some(Trap::StackOverflow) => "it called itself too deeply".to_owned(),
            _ if error.is::<I32Exit>() => format!("it exited ({})", printable(&cause)),
            _ => self.printed.last_words().unwrap_or_else(|| printable(&cause)),
        };
        tracing::warn!(target: "plugin", plugin = &*self.state.plugin, tool, "broke down: {error:?}");
        let text = format!("{tool} broke down and was ended: {why}. Try other arguments, or do without it.");
        Answer::of(Outcome::Trapped, text)
    }
}
