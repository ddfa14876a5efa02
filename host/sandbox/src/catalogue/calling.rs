//! The one way to call a tool: whether the call may be made, consent, a place to make it in, and its row in the audit.

use std::future::ready;
use std::sync::Arc;

use steward_agent::{Principal, Source, foreign as words};
use tokio::sync::{AcquireError, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::Catalogue;
use crate::audit::Record;
use crate::call::{Answer, Call, Outcome, Refusal};
use crate::capability::tools::ToolPort;
use crate::foreign::{self, Leave, Matter};
use crate::form::Arguments;
use crate::grant::CapabilitySet;
use crate::instance::Prepared;
use crate::plugin::{Effect, Tool};
use crate::record::{self, Tape, Taping};
use crate::spent::Spent;
use crate::suggest;

impl Catalogue {
    /// Calls a tool. Everything that goes wrong is an answer that says so; every call is in the audit.
    pub async fn call(&self, call: Call) -> Answer {
        self.call_if(call, |_| ready(Ok(Leave::Standing))).await
    }

    /// Calls a tool if `consent` agrees. It is asked only about calls that may be made at all; its time is not the call's.
    pub async fn call_if<F>(&self, call: Call, consent: impl FnOnce(Wanted<'_>) -> F) -> Answer
    where
        F: Future<Output = Result<Leave, Refusal>>,
    {
        // The tool's name is filled in once it is known to be one: a model may write anything there.
        let span = tracing::info_span!("tool_call", key = call.key, tool = Empty, plugin = Empty);
        self.call_audited(call, consent).instrument(span).await
    }

    async fn call_audited<F>(&self, call: Call, consent: impl FnOnce(Wanted<'_>) -> F) -> Answer
    where
        F: Future<Output = Result<Leave, Refusal>>,
    {
        let mut started = Instant::now();
        let mut record = Record::new(&self.audit, &call);
        let (mut answer, tape) = match self.admit(&call) {
            Ok(admitted) => {
                Span::current().record("tool", &*admitted.tool.name).record("plugin", &*admitted.tool.plugin.name);
                record.admitted(&admitted.tool.plugin, admitted.set, admitted.arguments.text.len());
                let matter = foreign::matter(admitted.tool.effect, admitted.set).filter(|_| call.sight.lowers());
                let wanted = Wanted { effect: admitted.tool.effect, arguments: &admitted.arguments.text, matter };
                match consent(wanted).await {
                    Ok(leave) => {
                        started = Instant::now();
                        self.make(admitted, call, started, (record.spent(), leave)).await
                    }
                    Err(refusal) => (refusal.answer(&call.name), None),
                }
            }
            Err(refusal) => (refusal, None),
        };
        let known = self.backing.connected.known();
        known.redact_answer(&mut answer);
        answer.elapsed = started.elapsed();
        tracing::debug!(outcome = %answer.outcome, time = ?answer.elapsed, "the call has ended");
        let recording = match tape {
            Some((tool, tape)) => Box::pin(record::written(tape, tool, &answer, known)).await,
            None => None,
        };
        record.end(&answer, recording).await;
        answer
    }

    /// Whether the call may be made at all. Nothing has been instantiated for one that may not.
    fn admit(&self, call: &Call) -> Result<Admitted<'_>, Answer> {
        let Principal { role, origin, .. } = &call.principal;
        let held = self.roles.set(role, *origin);
        let Ok(at) = self.tools.binary_search_by(|tool| tool.name.as_str().cmp(&call.name)) else {
            let near = suggest::nearest(&call.name, self.offered(held).map(|tool| tool.name.as_str()));
            return Err(Answer::of(Outcome::UnknownTool, unknown(&call.name, &near)));
        };
        let tool = &self.tools[at];
        if !tool.is_offered(held) {
            return Err(Answer::of(Outcome::Denied, denied(tool, held, &call.principal)));
        }
        if matches!(call.tools, ToolPort::Nested) && tool.calls_tools(held) {
            let text = format!("{} may call tools, so no tool may call it. Do without it here.", tool.name);
            return Err(Answer::of(Outcome::Denied, text));
        }
        let arguments = tool.entry.arguments(&tool.name, &call.input)?;
        Ok(Admitted { tool, set: tool.effective(held), arguments })
    }

    /// Makes the call; what was recorded of it comes with its answer.
    async fn make<'a>(
        &'a self,
        admitted: Admitted<'a>,
        call: Call,
        mut started: Instant,
        (spent, leave): (&Arc<Spent>, Leave),
    ) -> (Answer, Option<(&'a Tool, Box<Tape>)>) {
        let Admitted { tool, set, arguments } = admitted;
        if !tool.plugin.is_ready() {
            let ready = tokio::select! {
                biased;
                () = call.cancel.cancelled() => {
                    return (Refusal::Stopped.answer(&tool.name), None);
                }
                ready = tool.plugin.component() => ready,
            };
            if let Err(error) = ready {
                tracing::error!("plugin {} cannot be called: {error}", tool.plugin.name);
                return (Answer::of(Outcome::Unavailable, format!("{} cannot be used: {error}", tool.name)), None);
            }
            // The first call of a plugin may have it compiled, which is not the call's time.
            started = Instant::now();
        }
        let taping = match tool.plugin.recordable.get() {
            None => Taping::plain(&tool.plugin, set).await,
            Some(_) => tokio::select! {
                biased;
                () = call.cancel.cancelled() => {
                    return (Refusal::Stopped.answer(&tool.name), None);
                }
                taping = Box::pin(self.record.border(&tool.plugin, set, &arguments.text)) => {
                    // The first call of a plugin has its border compiled, which is not the call's time.
                    started = Instant::now();
                    taping
                }
            },
        };
        let Taping { linked, tape, relay } = match taping {
            Ok(taping) => taping,
            Err(error) => {
                tracing::error!("{} cannot be linked: {error:?}", tool.plugin.name);
                let text = format!("{} cannot be started: {error:#}", tool.name);
                return (Answer::of(Outcome::Unavailable, text), None);
            }
        };
        let deadline = started + call.time_limit.min(tool.plugin.limits.time);
        let turn = tokio::select! {
            biased;
            () = call.cancel.cancelled() => {
                return (Refusal::Stopped.answer(&tool.name), None);
            }
            turn = timeout_at(deadline, self.turn(set)) => turn,
        };
        if turn.is_err() {
            let text = format!("Too many tools are at work for {} to start: try again later.", tool.name);
            return (Answer::of(Outcome::Unavailable, text), None);
        }
        let (engine, backing, plugin, entry) = (&*self.engine, &self.backing, &*tool.plugin, &tool.entry);
        let prepared = Prepared {
            engine,
            backing,
            plugin,
            entry,
            linked: &linked,
            set,
            arguments,
            deadline,
            spent,
            tape,
            relay,
            refusal: None,
            agreed: leave == Leave::Owner,
        };
        let sight = call.sight.clone();
        let (mut answer, tape) = prepared.run(call).await;
        if plugin.foreign.contains(&tool.name) {
            let source = Source::Tool(tool.name.clone());
            sight.add([source.clone()]);
            words::add(&mut answer.foreign, [source]);
        }
        (answer, tape.map(|tape| (tool, tape)))
    }

    /// A place for a call that holds these capabilities, kept for as long as it is made.
    async fn turn(
        &self,
        set: CapabilitySet,
    ) -> Result<(Option<SemaphorePermit<'_>>, SemaphorePermit<'_>), AcquireError> {
        let calls_others = set.iter().any(|(one, _)| one.calls_tools);
        let caller = if calls_others { Some(self.callers.acquire().await?) } else { None };
        Ok((caller, self.calls.acquire().await?))
    }
}

/// What consent is asked about.
pub struct Wanted<'a> {
    pub effect: Effect,
    /// The arguments as the plugin would get them.
    pub arguments: &'a str,
    /// What foreign text that was read before must not have done unasked, if the call is that.
    pub matter: Option<Matter>,
}

/// A call that may be made.
struct Admitted<'a> {
    tool: &'a Tool,
    set: CapabilitySet,
    arguments: Arguments,
}

/// Names what a tool lacks and where the owner can grant it.
fn denied(tool: &Tool, held: CapabilitySet, principal: &Principal) -> String {
    let Principal { role, origin, .. } = principal;
    let (name, plugin, origin) = (&tool.name, &tool.plugin, origin.as_str());
    let Some(missing) = tool.requires.iter().find(|one| !tool.effective(held).contains(one.set())) else {
        return format!("{name} is not available to {role}.");
    };
    let remedy = if plugin.reach.contains(missing.set()) {
        "the roles of the configuration".to_owned()
    } else {
        plugin.grant.granted_in.place(missing.capability.name)
    };
    format!(
        "{name} is not available to {role} in a run of origin {origin}: it requires `{missing}`. Do without it; only the \
         owner can allow it, by {remedy}."
    )
}

fn unknown(name: &str, near: &[&str]) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    match near {
        [] => format!("There is no tool `{name}`. Use only the tools you were given."),
        near => format!("There is no tool `{name}`. Did you mean {}?", near.join(" or ")),
    }
}
