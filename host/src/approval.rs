//! Consent: whether a tool call that may be made is made. The policy decides, or an owner is asked, by buttons in
//! Telegram or a prompt in the terminal; silence is a no.
//!
//! The question is on disk before it is shown and the decision before the call is made. An answer comes in by the inbox
//! as a command; only an owner's counts, whichever chat it comes from.

mod policy;
mod waits;
mod within;
mod wording;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use steward_agent::{Address, Decision, Language, Principal, Role};
use steward_channel::SendError;
use steward_sandbox::{Leave, Refusal, Sight, Wanted};
use steward_store::{Approval, ApprovalState, NewApproval, Person, Resource, RunId, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::app::Host;
use crate::sent::Sent;
pub use policy::{Policy, Rule};
pub(crate) use waits::Waits;
pub(crate) use within::WithinCall;
pub(crate) use wording::owners_only;
use wording::{Doing, Shown};

const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After this, messages of closed questions that could not be changed are tried again.
const SETTLE_AGAIN: Duration = Duration::from_secs(5);
/// And what nothing told of is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Who is told of decisions.
#[derive(Debug, Default)]
pub(crate) struct Approvals {
    /// Changes with each decision.
    decided: watch::Sender<()>,
    /// A message of a question may be out of date.
    outdated: Notify,
}

/// A call that may need consent.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) principal: Principal,
    pub(crate) language: Language,
    /// Where the run's answer goes.
    pub(crate) address: Address,
    pub(crate) run: RunId,
    pub(crate) tool: String,
    /// The same when the call is made again after a crash.
    pub(crate) key: String,
    pub(crate) cancel: CancellationToken,
    pub(crate) waits: Waits,
    /// What the run has before it that others wrote.
    pub(crate) sight: Sight,
}

/// Whether the call is made. A call that needs no consent costs nothing here.
///
/// # Errors
/// Why it is not, for the model.
pub(crate) fn consent<'a>(
    host: &'a Host,
    asker: Asker,
    wanted: &Wanted<'_>,
) -> impl Future<Output = Result<Leave, Refusal>> + Send + use<'a> {
    let (policy, effect) = (&host.config.approval, wanted.effect);
    let (usual, matter) = (policy.rule(effect, asker.principal.origin), wanted.matter);
    let lowered = matter.map_or(Rule::Automatic, |matter| policy.foreign(matter));
    let rule = usual.max(lowered);
    let arguments = if rule == Rule::Ask { wanted.arguments.to_owned() } else { String::new() };
    async move {
        match (rule, matter) {
            (Rule::Automatic, _) => Ok(Leave::Standing),
            (Rule::Deny, Some(matter)) if usual != Rule::Deny => {
                let text = wording::forbidden_after_reading(&asker.tool, matter, &asker.sight.sources());
                Err(Refusal::Denied(text))
            }
            (Rule::Deny, _) => {
                let text = wording::forbidden(&asker.tool, effect, asker.principal.origin);
                Err(Refusal::Denied(text))
            }
            (Rule::Ask, _) => asked(host, &asker, Doing::Effect(effect), arguments).await.map(|()| Leave::Owner),
        }
    }
}

async fn asked(host: &Host, asker: &Asker, doing: Doing, arguments: String) -> Result<(), Refusal> {
    // A question to an owner is a message to them.
    let wanted = [(Resource::Letters, 1)];
    let over = host.store.charge(asker.principal.person, &wanted, Timestamp::now()).await;
    if over.is_ok_and(|over| over.is_some()) {
        let text =
            format!("{} was not called: it needs the owner's consent, and they were asked enough today.", asker.tool);
        return Err(Refusal::Denied(text));
    }
    let _waiting = asker.waits.begin();
    let state = match ask(host, asker, doing, arguments).await {
        Ok(approval) => wait(host, approval, &asker.cancel).await,
        Err(reason) => Err(reason),
    };
    match state {
        Ok(ApprovalState::Approved) => Ok(()),
        Ok(ApprovalState::Withdrawn | ApprovalState::Asking) => Err(Refusal::Stopped),
        Ok(state) => Err(Refusal::Denied(wording::refused(&asker.tool, state, host.config.approval.seconds))),
        Err(reason) => {
            tracing::warn!(tool = asker.tool, reason, "nobody could be asked about a tool call");
            let text = format!("{} was not called: it needs the owner's consent, and {reason}.", asker.tool);
            Err(Refusal::Denied(text))
        }
    }
}

/// Writes the question down, or finds the one that was asked before a crash.
async fn ask(host: &Host, asker: &Asker, doing: Doing, arguments: String) -> Result<Approval, String> {
    let unasked = |error: StoreError| format!("the question could not be kept: {error}");
    let (to, language) = whom(host, asker).await.map_err(unasked)?.ok_or("no owner can be reached")?;
    let (principal, shown) = (&asker.principal, without_secrets(host, &arguments));
    let wanted = Shown {
        tool: &asker.tool,
        arguments: &shown,
        doing,
        read: &asker.sight.sources(),
        origin: principal.origin,
        person: (principal.role != Role::Owner).then_some(principal.name.as_str()),
    };
    let question = wording::question(language, &wanted, to, Store::approval_code());
    let (key, tool) = (asker.key.clone(), asker.tool.clone());
    let new = NewApproval { key, run: asker.run, tool, arguments, language, question };
    host.store.ask_approval(new, Timestamp::now()).await.map_err(unasked)
}

/// The arguments as a question shows them.
fn without_secrets(host: &Host, arguments: &str) -> String {
    let known = host.vault.known();
    match serde_json::from_str::<Value>(arguments) {
        Ok(mut value) => {
            known.redact_json(&mut value);
            value.to_string()
        }
        Err(_) => known.redact(arguments).into_owned(),
    }
}

/// Where to ask: an owner where they are talking, about everybody else the owner who was heard from last.
async fn whom(host: &Host, asker: &Asker) -> Result<Option<(Address, Language)>, StoreError> {
    if asker.principal.role == Role::Owner {
        return Ok(Some((asker.address.clone(), asker.language)));
    }
    let owners = host.store.owners().await?.into_iter();
    let owner = owners.filter(|owner| owner.address.is_some()).max_by_key(|owner| owner.last_seen);
    Ok(owner.and_then(|owner| Some((owner.address?, owner.language.unwrap_or(host.config.language)))))
}

/// Shows the question and waits until it is closed; gives what it is then.
async fn wait(host: &Host, approval: Approval, cancel: &CancellationToken) -> Result<ApprovalState, String> {
    let unread = |error: StoreError| format!("the decision could not be read: {error}");
    let mut decided = host.approvals.decided.subscribe();
    let mut state = approval.state;
    let shown = show(host, &approval);
    let expired = tokio::time::sleep(Duration::from_secs(host.config.approval.seconds));
    tokio::pin!(shown, expired);
    while state == ApprovalState::Asking {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                // At the next start the run goes on and the question with it.
                if host.stop.is_cancelled() {
                    return Ok(ApprovalState::Asking);
                }
                return close(host, &approval, ApprovalState::Withdrawn).await.map_err(unread);
            }
            _ = decided.changed() => {
                let now = host.store.approval(&approval.question.code).await.map_err(unread)?;
                state = now.map_or(ApprovalState::Withdrawn, |approval| approval.state);
            }
            reason = &mut shown => {
                close(host, &approval, ApprovalState::Expired).await.map_err(unread)?;
                return Err(reason);
            }
            () = &mut expired => state = close(host, &approval, ApprovalState::Expired).await.map_err(unread)?,
        }
    }
    Ok(state)
}

async fn close(host: &Host, approval: &Approval, state: ApprovalState) -> Result<ApprovalState, StoreError> {
    let state = host.store.close_approval(approval.id, state, Timestamp::now()).await?;
    host.approvals.outdated.notify_one();
    Ok(state)
}

/// Shows the question, however long that takes. Returns only if it can never be shown, with the reason.
async fn show(host: &Host, approval: &Approval) -> String {
    let to = &approval.question.to;
    let Some(channel) = host.channels.get(&to.channel) else {
        return format!("the channel {} is not configured", to.channel);
    };
    let mut pause = PAUSE;
    loop {
        let wait = match channel.ask(&approval.question, approval.message.as_ref()).await {
            Ok(message) => {
                host.sent.note(&Sent::Question(approval.id, message.clone()));
                if let Err(error) = host.store.approval_shown(approval.id, &message).await {
                    tracing::warn!(%error, "the message of a question is not remembered");
                }
                host.sent.known();
                return std::future::pending().await;
            }
            Err(SendError::Never { reason }) => return format!("the question cannot be sent: {reason}"),
            Err(SendError::Later { after, .. }) => after.unwrap_or(pause),
            Err(SendError::Offline) => pause,
        };
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Obeys a command about a question; gives what to answer, if anything has to be said.
///
/// # Errors
/// The decision could not be written down.
pub(crate) async fn obey(
    host: &Host,
    (decision, code): (Decision, &str),
    person: &Person,
    language: Language,
    from: &Address,
) -> Result<Option<String>, StoreError> {
    if person.role != Role::Owner {
        return Ok(Some(wording::owners_only(language)));
    }
    let code = code.to_ascii_uppercase();
    let wanted = match decision {
        Decision::Show => {
            let approval = host.store.approval(&code).await?;
            let shown = approval.map(|approval| wording::all_arguments(&approval.tool, &approval.arguments));
            return Ok(Some(shown.unwrap_or_else(|| wording::too_late(language, None))));
        }
        Decision::Approve => ApprovalState::Approved,
        Decision::Deny => ApprovalState::Denied,
    };
    let approved = wanted == ApprovalState::Approved;
    let Some(approval) = host.store.decide_approval(&code, approved, person.id, Timestamp::now()).await? else {
        return Ok(Some(wording::too_late(language, None)));
    };
    host.approvals.decided.send_replace(());
    host.approvals.outdated.notify_one();
    if approval.state != wanted {
        return Ok(Some(wording::too_late(language, Some(approval.state))));
    }
    tracing::info!(tool = approval.tool, person = %person.id, approved, "a tool call was decided");
    // Where the question stands, its message says so.
    let elsewhere = approval.question.to != *from;
    Ok(elsewhere.then(|| wording::verdict(language, approval.state).to_owned()))
}

/// What to answer to a command that names no question.
///
/// # Errors
/// The questions could not be read.
pub(crate) async fn which(
    host: &Host,
    decision: Decision,
    person: &Person,
    language: Language,
) -> Result<String, StoreError> {
    if person.role != Role::Owner {
        return Ok(wording::owners_only(language));
    }
    Ok(wording::which(language, decision, &host.store.open_approvals().await?))
}

/// Shows at the questions' messages how they were decided, also after a restart.
pub(crate) async fn settle(host: Arc<Host>) {
    loop {
        let again = match settle_outdated(&host).await {
            Ok(again) => again,
            Err(error) => {
                tracing::warn!(%error, "messages of decided questions were not looked for");
                true
            }
        };
        tokio::select! {
            () = host.approvals.outdated.notified() => {}
            () = tokio::time::sleep(if again { SETTLE_AGAIN } else { LOOK_EVERY }) => {}
            () = host.stop.cancelled() => return,
        }
    }
}

/// True if some of them have to be tried again.
async fn settle_outdated(host: &Host) -> Result<bool, StoreError> {
    let mut again = false;
    for approval in host.store.outdated_approvals().await? {
        let Some(message) = &approval.message else { continue };
        let verdict = wording::verdict(approval.language, approval.state);
        let settled = match host.channels.get(&approval.question.to.channel) {
            Some(channel) => channel.settle(&approval.question, message, verdict).await,
            None => Ok(()),
        };
        match settled {
            Ok(()) | Err(SendError::Never { .. }) => host.store.approval_settled(approval.id).await?,
            Err(SendError::Later { .. } | SendError::Offline) => again = true,
        }
    }
    Ok(again)
}
