//! Performs one run: gives the turn machine what happened and does what it asks for. Every effect that matters is in
//! the journal before the next one begins, so the run can be taken up where a crash cut it off.

mod asking;
mod calling;
mod joining;
mod nested;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::turn::{Effect, End, Event, Turn};
use steward_agent::{
    Address, Boundary, Draft, Language, Message, ModelError, ModelReply, Origin, Outgoing, Principal, Source, ToolSpec,
    UserMessage, budget, foreign, recalled,
};
use steward_store::{InboxId, ModelUsage, Resource, RunEnd, RunId, RunOutcome};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::access;
use crate::app::Host;
use crate::approval::Waits;
use crate::reply;
use crate::rights::{self, Revoked};
use crate::session::{Mail, Work};
use crate::stream::{Shown, Stream};
use joining::Joining;

/// Telegram shows "is writing…" for five seconds.
const TYPING_EVERY: Duration = Duration::from_secs(4);
/// An answer that comes within this time needs no sign that it is being written.
const TYPING_AFTER: Duration = Duration::from_millis(300);
/// While the run waits for consent its time stands still and is not looked at more often than this.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// For cancelled calls to write their audit rows.
const ENDING: Duration = Duration::from_secs(2);

/// What a run begins with.
pub(crate) struct RunStart {
    pub(crate) id: RunId,
    pub(crate) principal: Principal,
    pub(crate) language: Language,
    pub(crate) address: Address,
    pub(crate) model: Option<String>,
    pub(crate) draft: Option<Draft>,
    /// Taken up after a crash: its first tool calls may have been made already.
    pub(crate) resumed: bool,
}

/// Something a task of this run has finished.
enum Done {
    Event(Event),
    Model(Result<ModelReply, ModelError>),
    /// A message that joins is ready, and nothing more is waited for.
    Prepared(InboxId),
    Summarised(String, Option<ModelUsage>),
    /// The person has used up what they may use today.
    Exhausted(Resource),
    Nothing,
}

pub(crate) struct Run {
    host: Arc<Host>,
    start: RunStart,
    turn: Turn,
    system: String,
    tools: Arc<[ToolSpec]>,
    stream: Option<Stream>,
    tasks: JoinSet<Done>,
    /// Ends the model's stream and the tool calls.
    cancel: CancellationToken,
    /// Entries that go to the journal together with what follows them.
    unwritten: Vec<Message>,
    usage: Vec<ModelUsage>,
    /// Messages that came during this run and are not part of it yet, by their row.
    joining: BTreeMap<InboxId, Joining>,
    /// Commands to stop that this run obeyed.
    stops: Vec<InboxId>,
    /// What the session has to handle after this run.
    after: VecDeque<Mail>,
    /// Calls that are made now may have been made before a crash.
    replaying: bool,
    /// For an owner's consent.
    waits: Waits,
    /// In which the model sees what others wrote.
    boundary: Boundary,
    /// Where the foreign text came from that was in the conversation and in the prompt when the run began.
    seen: Vec<Source>,
    /// Why it ends before it is done.
    revoked: Option<Revoked>,
    /// What the person has used up, which ends the run.
    exhausted: Option<Resource>,
}

impl Run {
    pub(crate) async fn new(host: Arc<Host>, start: RunStart) -> anyhow::Result<Self> {
        if let Err(error) = host.vault.refresh().await {
            tracing::warn!(%error, "the secrets cannot be read; those known before are still kept out of messages");
        }
        let entries = host.store.history(&start.principal.session).await?;
        let own: Vec<&Message> =
            entries.iter().filter(|entry| entry.run == Some(start.id)).map(|entry| &entry.message).collect();
        let said: Vec<String> = own
            .iter()
            .filter_map(|message| match message {
                Message::Assistant { text, calls, .. } if !calls.is_empty() && !text.trim().is_empty() => {
                    Some(text.trim().to_owned())
                }
                _ => None,
            })
            .collect();
        let step = own.iter().filter(|message| matches!(message, Message::Assistant { .. })).count();
        let tools = host.plugins.refreshed().await.tools_for(&start.principal.role, start.principal.origin);
        // Never kept: a run that is taken up again has another one.
        let boundary = Boundary::new(format!("{:032x}", rand::random::<u128>()));
        let (system, mut seen) = asking::system_prompt(&host, &start, &boundary).await?;
        let fixed = budget::tokens(&system) + budget::tools_tokens(&tools);
        let recorded = own.len();
        let mut messages: Vec<_> = entries.into_iter().map(|entry| entry.message).collect();
        // Also what is not shown again has been read: what was answered then may rest on it.
        foreign::add(&mut seen, foreign::in_sight(&messages));
        recalled::keep_newest(&mut messages, recorded);
        let turn = Turn::new(messages, asking::limits(&host), fixed, u32::try_from(step).unwrap_or(u32::MAX));
        let stream = open_stream(&host, &start, said);
        let replaying = start.resumed;
        Ok(Self {
            host,
            start,
            turn,
            system,
            tools,
            stream,
            tasks: JoinSet::new(),
            cancel: CancellationToken::new(),
            unwritten: Vec::new(),
            usage: Vec::new(),
            joining: BTreeMap::new(),
            stops: Vec::new(),
            after: VecDeque::new(),
            replaying,
            waits: Waits::default(),
            boundary,
            seen,
            revoked: None,
            exhausted: None,
        })
    }

    /// Runs to the end, or until the host stops; then the run stays open and is taken up at the next start. `waiting` is
    /// what came before all that is in the mailbox. What the session has to handle next is [`Self::left_over`].
    pub(crate) async fn perform(
        &mut self,
        waiting: VecDeque<Mail>,
        mail: &mut mpsc::Receiver<Mail>,
    ) -> anyhow::Result<()> {
        let (started, limit) = (Instant::now(), Duration::from_secs(self.host.config.limits.seconds));
        let mut deadline = started + limit;
        let mut typing = interval_at(started + TYPING_AFTER, TYPING_EVERY);
        typing.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut effects: VecDeque<Effect> = self.turn.start().into();
        for mail in waiting {
            let event = self.received(mail);
            effects.extend(self.react(event));
        }
        let host_stop = self.host.stop.clone();
        let mut rights = self.host.rights.watch();
        loop {
            while let Some(effect) = effects.pop_front() {
                if let Effect::Finish(end) = effect {
                    self.finish(end).await?;
                    return Ok(());
                }
                self.perform_one(effect).await?;
            }
            self.write().await?;
            self.replaying = false;
            let event = tokio::select! {
                Some(done) = self.tasks.join_next() => match done {
                    Ok(done) => self.done(done),
                    Err(error) => Some(self.broke_off(&error)),
                },
                Some(mail) = mail.recv() => self.received(mail),
                () = sleep_until(deadline) => match self.waits.left(started, limit) {
                    Duration::ZERO => Some(Event::TimeUp),
                    left => {
                        deadline = Instant::now() + left.max(LOOK_AGAIN);
                        None
                    }
                },
                Ok(()) = rights.changed() => self.look_at_rights().await?,
                () = host_stop.cancelled() => {
                    self.cancel.cancel();
                    return Ok(());
                }
                _ = typing.tick() => {
                    self.show_typing();
                    None
                }
            };
            effects.extend(self.react(event));
        }
    }

    /// What the turn makes of this, and of the messages that may join now. Who stops it means all that is here.
    fn react(&mut self, event: Option<Event>) -> Vec<Effect> {
        let joined = self.arrived(matches!(event, Some(Event::Stop)));
        joined.into_iter().chain(event).flat_map(|event| self.turn.handle(event)).collect()
    }

    async fn perform_one(&mut self, effect: Effect) -> anyhow::Result<()> {
        if let Effect::Record(messages) = effect {
            self.unwritten.extend(messages);
            return Ok(());
        }
        if let Effect::Say(text) = effect {
            // Before its entry: after a crash in between, the key keeps it from being sent twice.
            return self.say(text).await;
        }
        self.write().await?;
        if matches!(effect, Effect::AskModel { .. } | Effect::CallTools { .. }) {
            if let Some(stop) = self.look_at_rights().await? {
                self.tasks.spawn(async move { Done::Event(stop) });
            }
            if self.revoked.is_some() {
                return Ok(());
            }
        }
        match effect {
            Effect::Join { tag, message } => self.join(tag, message).await?,
            Effect::AskModel { with_tools } => self.ask(with_tools),
            Effect::CallTools { step, calls } => self.call(step, calls),
            Effect::Summarise { keep } => self.summarise(keep).await?,
            Effect::Cancel => self.cancel.cancel(),
            Effect::Record(_) | Effect::Say(_) | Effect::Finish(_) => {}
        }
        Ok(())
    }

    /// A stop, if this run may not go on.
    async fn look_at_rights(&mut self) -> anyhow::Result<Option<Event>> {
        if self.revoked.is_some() {
            return Ok(None);
        }
        self.revoked = rights::revoked(&self.host, &self.start.principal, &self.start.address).await?;
        let Some(why) = self.revoked else { return Ok(None) };
        tracing::warn!(run = %self.start.id, person = %self.start.principal.person, ?why, "a run ends with its rights");
        self.cancel.cancel();
        Ok(Some(Event::Stop))
    }

    async fn write(&mut self) -> anyhow::Result<()> {
        let messages = std::mem::take(&mut self.unwritten);
        if !messages.is_empty() {
            self.host.store.record(self.start.id, messages).await?;
        }
        Ok(())
    }

    async fn say(&mut self, text: String) -> anyhow::Result<()> {
        let (said, draft) = match self.stream.take() {
            Some(stream) => stream.end().await,
            None => (Vec::new(), None),
        };
        let message = self.outgoing(reply::joined(&said, &text), draft);
        let key = format!("{}/{}/said", self.start.id, self.turn.step());
        self.host.store.enqueue(vec![message], Some(&key), Timestamp::now()).await?;
        self.start.draft = None;
        self.stream = open_stream(&self.host, &self.start, Vec::new());
        Ok(())
    }

    async fn join(&mut self, tag: i64, message: UserMessage) -> anyhow::Result<()> {
        let row = InboxId(tag);
        self.joining.remove(&row);
        Ok(self.host.store.join_run(self.start.id, vec![row], Message::User(message)).await?)
    }

    fn done(&mut self, done: Done) -> Option<Event> {
        match done {
            Done::Event(event) => Some(event),
            Done::Model(result) => {
                if let Ok(reply) = &result {
                    self.usage.push(ModelUsage { model: reply.model.clone(), usage: reply.usage });
                    if let Some(stream) = &mut self.stream
                        && !reply.calls.is_empty()
                    {
                        stream.keep(&reply.text);
                    }
                }
                Some(Event::Model(result))
            }
            Done::Prepared(row) => {
                if let Some(one) = self.joining.get_mut(&row) {
                    one.due = true;
                }
                None
            }
            Done::Summarised(text, usage) => {
                self.usage.extend(usage);
                Some(Event::Summarised(Ok(text)))
            }
            Done::Exhausted(resource) => {
                self.exhausted = Some(resource);
                Some(Event::Broke(ModelError::Cancelled))
            }
            Done::Nothing => None,
        }
    }

    /// A task that panicked must not leave the run waiting for ever.
    fn broke_off(&self, error: &tokio::task::JoinError) -> Event {
        tracing::error!(run = %self.start.id, %error, "a part of this run broke off");
        let reason = "an error inside Steward; the log tells more".to_owned();
        Event::Broke(ModelError::Invalid { address: "this host".into(), reason })
    }

    fn received(&mut self, mail: Mail) -> Option<Event> {
        match mail {
            // What came behind a command that ended this run is for after it.
            mail if self.turn.is_done() => {
                self.after.push_back(mail);
                None
            }
            Mail::Work(work) if self.may_join(&work) => {
                self.join_when_ready(*work);
                None
            }
            Mail::Stop { row, .. } => {
                self.stops.push(row);
                Some(Event::Stop)
            }
            clear @ Mail::Clear { .. } => {
                self.after.push_back(clear);
                Some(Event::Stop)
            }
            other => {
                self.after.push_back(other);
                None
            }
        }
    }

    /// Only what is said in the same chat under the same rights can become part of this run.
    fn may_join(&self, work: &Work) -> bool {
        work.principal == self.start.principal && work.address == self.start.address
    }

    fn show_typing(&mut self) {
        if self.start.principal.origin != Origin::Chat || self.waits.is_waiting() {
            return;
        }
        if let Some(channel) = self.host.channels.get(&self.start.address.channel).cloned() {
            let to = self.start.address.clone();
            self.tasks.spawn(async move {
                channel.typing(&to).await;
                Done::Nothing
            });
        }
    }

    async fn finish(&mut self, end: End) -> anyhow::Result<()> {
        self.look_at_rights().await?;
        let so_far = self.stream.as_ref().map(Stream::so_far).unwrap_or_default();
        let (said, draft) = match self.stream.take() {
            Some(stream) => stream.end().await,
            None => (Vec::new(), self.start.draft.take()),
        };
        let outcome = match &end {
            End::Answered(_) => RunOutcome::Answered,
            End::Stopped => RunOutcome::Stopped,
            End::OutOfTime | End::Failed(_) => RunOutcome::Failed,
        };
        let text = match (self.revoked, &end, self.exhausted) {
            (Some(why), ..) => rights::word(&self.host, why, &self.start.principal, self.start.language).await?,
            (None, End::Failed(_), Some(resource)) => {
                let (store, person) = (&self.host.store, self.start.principal.person);
                let told = access::exhausted(store, person, resource, self.start.language, Timestamp::now()).await?;
                // What was shown growing is finished, with or without a word.
                told.or_else(|| (draft.is_some() && !so_far.trim().is_empty()).then(|| so_far.trim().to_owned()))
            }
            (None, end, _) => {
                if let End::Failed(error) = end {
                    tracing::warn!(run = %self.start.id, %error, "no model answered");
                }
                reply::text(&self.start, &self.host.config.limits, end, &said, &so_far)
            }
        };
        let replies = text.map(|text| self.outgoing(text, draft)).into_iter().collect();
        let seen = self.seen();
        if !seen.is_empty() {
            // While the run is open, so that nothing is made of it before this is known.
            self.host.store.mark_run(self.start.id, seen).await?;
        }
        let messages = std::mem::take(&mut self.unwritten);
        let usage = std::mem::take(&mut self.usage);
        let end = RunEnd { messages, replies, usage, outcome };
        self.host.store.finish_run(self.start.id, end, Timestamp::now()).await?;
        tracing::debug!(outcome = outcome.as_str(), steps = self.turn.step(), "the run has ended");
        for row in std::mem::take(&mut self.stops) {
            self.host.store.settle(row, Vec::new(), Timestamp::now()).await?;
        }
        self.cancel.cancel();
        // Cancelled calls still write their audit rows; whatever takes longer is dropped.
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(ENDING, ended).await;
        Ok(())
    }

    fn outgoing(&self, text: String, draft: Option<Draft>) -> Outgoing {
        let unasked = self.start.principal.origin != Origin::Chat;
        Outgoing { to: self.start.address.clone(), text, draft, unasked }
    }

    /// Messages that came too late for this run, in the order they came, then what was put off.
    pub(crate) fn left_over(self) -> VecDeque<Mail> {
        let late = self.joining.into_values().map(|one| Mail::Work(Box::new(one.work)));
        late.chain(self.after).collect()
    }
}

/// Answers that nobody is waiting for are not shown while they grow.
fn open_stream(host: &Arc<Host>, start: &RunStart, said: Vec<String>) -> Option<Stream> {
    if start.principal.origin != Origin::Chat {
        return None;
    }
    let channel = Arc::clone(host.channels.get(&start.address.channel)?);
    let (store, vault, sent) = (host.store.clone(), Arc::clone(&host.vault), Arc::clone(&host.sent));
    let with = Shown { channel, store, vault, sent };
    Some(Stream::start(with, start.id, start.address.clone(), start.draft.clone(), said))
}
