//! One conversation: a task with a mailbox that handles one run after the other. What a session knows lies in the
//! store; the task itself can be lost at any moment.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{
    Address, Attachment, ForeignPart, Language, Message, Outgoing, Part, Principal, SessionId, Source, UserMessage,
};
use steward_store::{InboxId, NewRun, OpenRun, Resource, RunEnd, RunId, RunOutcome, StoreError};
use tokio::sync::{OnceCell, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

use crate::app::Host;
use crate::rights::{self, Revoked};
use crate::run::{Run, RunStart};
use crate::{access, recall, texts, uploads};

/// Messages that may wait in a mailbox. A session empties it at once unless it is fetching files; nobody's rate limit
/// lets them fill it in that time, for then the router would have to wait.
const MAILBOX: usize = 512;
/// A run that was cut off this often by the end of the process is not tried again: it may be what ends it.
const ATTEMPTS: u32 = 3;

/// After the store failed, the same is tried again after this pause, which doubles up to the second one.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// After a message that looks as if more is coming, the next one is waited for this long: they come at once, so what
/// is not here by then is another matter.
pub(crate) const MORE: Duration = Duration::from_millis(700);
/// However much comes, the first of it is not kept waiting longer.
const LONGEST_MORE: Duration = Duration::from_secs(5);

/// What a session is sent.
#[derive(Clone, Debug)]
pub(crate) enum Mail {
    Work(Box<Work>),
    /// A run that the last process left unfinished.
    Resume(Box<OpenRun>, Language),
    Stop {
        row: InboxId,
        reply_to: Outgoing,
    },
    Clear {
        row: InboxId,
        reply: Outgoing,
    },
}

/// A message or event to be handled, still in the inbox.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) row: InboxId,
    pub(crate) principal: Principal,
    pub(crate) language: Language,
    pub(crate) address: Address,
    pub(crate) text: String,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) part: Part,
    /// The message with its files, made once however often this is begun: see [`prepared`].
    pub(crate) prepared: Arc<OnceCell<UserMessage>>,
    pub(crate) sent: Timestamp,
    pub(crate) model: Option<String>,
    /// The part of the text that others wrote.
    pub(crate) foreign: Option<ForeignPart>,
}

impl Work {
    /// Whether that message goes on with what this one begins: they are answered together.
    pub(crate) fn goes_on_in(&self, next: &Self) -> bool {
        self.principal == next.principal && self.address == next.address && self.part.goes_on_in(&next.part)
    }
}

/// The way to a session.
pub(crate) struct SessionHandle {
    mailbox: mpsc::Sender<Mail>,
    task: JoinHandle<()>,
}

impl SessionHandle {
    pub(crate) fn start(host: Arc<Host>, id: SessionId) -> Self {
        let (mailbox, mail) = mpsc::channel(MAILBOX);
        let session = Session { host, id, mail, waiting: VecDeque::new() };
        Self { mailbox, task: tokio::spawn(session.live()) }
    }

    pub(crate) async fn send(&self, mail: Mail) {
        if self.mailbox.send(mail).await.is_err() {
            // The session has ended with the host; its mail is in the inbox and is read at the next start.
            tracing::debug!("mail for a session that has ended");
        }
    }

    /// The same without waiting: false if its mailbox is full.
    pub(crate) fn try_send(&self, mail: Mail) -> bool {
        !matches!(self.mailbox.try_send(mail), Err(mpsc::error::TrySendError::Full(_)))
    }

    /// Waits until the session has ended after the host was told to stop.
    pub(crate) async fn ended(self) {
        drop(self.mailbox);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a session broke off");
        }
    }
}

struct Session {
    host: Arc<Host>,
    id: SessionId,
    mail: mpsc::Receiver<Mail>,
    /// What came during a run and is for after it.
    waiting: VecDeque<Mail>,
}

impl Session {
    async fn live(mut self) {
        let mut pause = PAUSE;
        while let Some(mail) = self.next().await {
            let Err(error) = self.handle(mail.clone()).await else {
                pause = PAUSE;
                continue;
            };
            // What it was about is still in the inbox or an open run: nothing is lost, it only waits.
            tracing::error!(session = %self.id, %error, "a message could not be handled; trying again");
            if pause == PAUSE {
                self.tell_of_full_disk(&mail, &error).await;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.host.stop.cancelled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            if let Some(again) = self.again(mail).await {
                self.waiting.push_front(again);
            }
        }
    }

    /// What to do about mail that failed: go on with the run it had begun, or begin anew.
    async fn again(&self, mail: Mail) -> Option<Mail> {
        let language = match &mail {
            Mail::Work(work) => work.language,
            Mail::Resume(_, language) => *language,
            Mail::Stop { .. } | Mail::Clear { .. } => return Some(mail),
        };
        match self.host.store.open_runs().await {
            Err(_) => Some(mail),
            Ok(runs) => match runs.into_iter().find(|run| run.principal.session == self.id) {
                Some(open) => Some(Mail::Resume(Box::new(open), language)),
                None => matches!(mail, Mail::Work(_)).then_some(mail),
            },
        }
    }

    /// Past the outbox, for that cannot be written now: once, and without a promise that it arrives.
    async fn tell_of_full_disk(&self, mail: &Mail, error: &anyhow::Error) {
        let (Mail::Work(work), Some(StoreError::DiskFull(_))) = (mail, error.downcast_ref()) else { return };
        if let Some(channel) = self.host.channels.get(&work.address.channel) {
            let text = texts::disk_full(work.language);
            let notice = Outgoing { to: work.address.clone(), text, draft: None, unasked: false };
            if let Err(error) = channel.send(&notice).await {
                tracing::warn!(%error, "nobody could be told that the disk is full");
            }
        }
    }

    async fn next(&mut self) -> Option<Mail> {
        if self.host.stop.is_cancelled() {
            return None;
        }
        if let Some(mail) = self.waiting.pop_front() {
            return Some(mail);
        }
        tokio::select! {
            mail = self.mail.recv() => mail,
            () = self.host.stop.cancelled() => None,
        }
    }

    async fn handle(&mut self, mail: Mail) -> anyhow::Result<()> {
        match mail {
            Mail::Work(work) => self.work(*work).await,
            Mail::Resume(open, language) => self.resume(*open, language).await,
            Mail::Stop { row, reply_to } => Ok(self.host.store.settle(row, vec![reply_to], Timestamp::now()).await?),
            Mail::Clear { row, reply } => {
                self.host.store.clear_session(&self.id).await?;
                self.host.distilling.end(&self.id);
                Ok(self.host.store.settle(row, vec![reply], Timestamp::now()).await?)
            }
        }
    }

    async fn work(&mut self, work: Work) -> anyhow::Result<()> {
        let more = self.gather(&work).await;
        if let Some(why) = rights::revoked(&self.host, &work.principal, &work.address).await? {
            return self.turn_away(&work, why).await;
        }
        let Some(_place) = self.host.lanes.run(&work.principal.role, &self.host.stop).await else { return Ok(()) };
        let message = prepared(&self.host, &work).await;
        for work in &more {
            prepared(&self.host, work).await;
        }
        let new = NewRun {
            principal: work.principal.clone(),
            address: work.address.clone(),
            inbox: vec![work.row],
            message: Message::User(message),
            model: work.model.clone(),
        };
        let id = self.host.store.begin_run(new, Timestamp::now()).await?;
        for work in &more {
            let message = Message::User(prepared(&self.host, work).await);
            self.host.store.join_run(id, vec![work.row], message).await?;
            // It waited at the front, and until now, so that it is not lost with an error.
            self.waiting.pop_front();
        }
        let start = RunStart {
            id,
            principal: work.principal,
            language: work.language,
            address: work.address,
            model: work.model,
            draft: None,
            resumed: false,
        };
        self.run(start).await
    }

    /// What belongs with this message and is answered with it. If it looks as if more is coming, that is waited for,
    /// shortly. All stays at the front of what waits.
    async fn gather(&mut self, first: &Work) -> Vec<Work> {
        let mut more: Vec<Work> = Vec::new();
        let longest = Instant::now() + LONGEST_MORE;
        loop {
            let last = more.last().unwrap_or(first);
            match self.waiting.get(more.len()) {
                Some(Mail::Work(next)) if last.goes_on_in(next) => {
                    more.push((**next).clone());
                    continue;
                }
                // Something else came behind it.
                Some(_) => return more,
                None if !last.part.goes_on() => return more,
                None => {}
            }
            tokio::select! {
                mail = self.mail.recv() => match mail {
                    Some(mail) => self.waiting.push_back(mail),
                    None => return more,
                },
                () = sleep_until(longest.min(Instant::now() + MORE)) => return more,
                () = self.host.stop.cancelled() => return more,
            }
        }
    }

    /// What waited for somebody whose rights were taken away meanwhile is not handled.
    async fn turn_away(&self, work: &Work, why: Revoked) -> anyhow::Result<()> {
        let text = rights::word(&self.host, why, &work.principal, work.language).await?;
        let to = work.address.clone();
        let reply = text.map(|text| Outgoing { to, text, draft: None, unasked: false });
        match self.host.store.settle(work.row, reply.into_iter().collect(), Timestamp::now()).await {
            // It went with the person.
            Ok(()) | Err(StoreError::Taken(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn resume(&mut self, open: OpenRun, language: Language) -> anyhow::Result<()> {
        let attempt = self.host.store.retry_run(open.id).await?;
        if attempt > ATTEMPTS {
            tracing::error!(run = %open.id, "this run was cut off {ATTEMPTS} times and is given up");
            return self.give_up(open.id, open.address, language).await;
        }
        tracing::info!(run = %open.id, attempt, "going on with a run that was cut off");
        // What they may do now counts, not what they might do when they wrote.
        if let Some(why) = rights::revoked(&self.host, &open.principal, &open.address).await? {
            let text = rights::word(&self.host, why, &open.principal, language).await?;
            return self.end(open.id, open.address, text, RunOutcome::Stopped).await;
        }
        let Some(_place) = self.host.lanes.run(&open.principal.role, &self.host.stop).await else { return Ok(()) };
        let start = RunStart {
            id: open.id,
            principal: open.principal,
            language,
            address: open.address,
            model: open.model,
            draft: open.draft,
            resumed: true,
        };
        self.run(start).await
    }

    async fn give_up(&self, run: RunId, to: Address, language: Language) -> anyhow::Result<()> {
        self.end(run, to, Some(texts::gave_up(language)), RunOutcome::Failed).await
    }

    async fn end(&self, run: RunId, to: Address, text: Option<String>, outcome: RunOutcome) -> anyhow::Result<()> {
        let reply = text.map(|text| Outgoing { to, text, draft: None, unasked: false });
        let replies = reply.into_iter().collect();
        let end = RunEnd { messages: Vec::new(), replies, usage: Vec::new(), outcome };
        Ok(self.host.store.finish_run(run, end, Timestamp::now()).await?)
    }

    async fn run(&mut self, start: RunStart) -> anyhow::Result<()> {
        let Principal { person, origin, .. } = &start.principal;
        let span = tracing::info_span!("run", id = %start.id, %person, origin = origin.as_str());
        let performing = async {
            let mut run = Run::new(Arc::clone(&self.host), start).await?;
            let performed = run.perform(std::mem::take(&mut self.waiting), &mut self.mail).await;
            // Also after an error: it would not be read again before the next start.
            self.waiting.extend(run.left_over());
            performed
        };
        performing.instrument(span).await
    }
}

/// The message, made only once: what was fetched for a run that ended meanwhile is there for the next one.
pub(crate) async fn prepared(host: &Host, work: &Work) -> UserMessage {
    work.prepared.get_or_init(|| prepare(host, work)).await.clone()
}

/// The message as the conversation keeps it, its files fetched, with what memory has for it.
pub(crate) async fn prepare(host: &Host, work: &Work) -> UserMessage {
    let (with, recalled, foreign) =
        tokio::join!(with_files(host, work), recall::passages(host, work), foreign(host, work));
    let (text, files, foreign_files) = with;
    let sent = Some(texts::sent_at(work.sent, &host.config.time_zone));
    UserMessage { text, files, sent, recalled, foreign, foreign_files }
}

/// The part of the text that others wrote. What quotes an answer of this very conversation is not one: where that came
/// from is remembered with the conversation.
async fn foreign(host: &Host, work: &Work) -> Option<ForeignPart> {
    let part = work.foreign.clone()?;
    let (_, quoted, own) = part.split(&work.text);
    let is_quote = quoted.lines().all(|line| line.is_empty() || line.starts_with('>'));
    if !is_quote || own.trim().is_empty() {
        return Some(part);
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let quoted = letters(quoted);
    // What cannot be looked at counts as others'.
    let history = host.store.history(&work.principal.session).await.unwrap_or_default();
    let said =
        |message: &Message| matches!(message, Message::Assistant { text, .. } if letters(text).contains(&quoted));
    let is_ours = !quoted.is_empty() && history.iter().any(|entry| said(&entry.message));
    (!is_ours).then_some(part)
}

async fn with_files(host: &Host, work: &Work) -> (String, Vec<String>, Vec<Source>) {
    let mut text = work.text.clone();
    let mut files = Vec::new();
    let mut foreign = Vec::new();
    if !work.attachments.is_empty()
        && let Some(channel) = host.channels.get(&work.address.channel)
    {
        let fetched =
            uploads::fetch_all(host, channel.as_ref(), &work.principal, work.language, &work.attachments).await;
        (files, foreign) = (fetched.files, fetched.foreign);
        if let Some(resource) = fetched.exhausted {
            tell_exhausted(host, work, resource).await;
        }
        for note in fetched.notes {
            text = format!("{text}\n{note}").trim().to_owned();
        }
    }
    (text, files, foreign)
}

/// Tells somebody once a day that no more of their files are taken; the model reads it with the message in any case.
async fn tell_exhausted(host: &Host, work: &Work, resource: Resource) {
    let (person, now) = (work.principal.person, Timestamp::now());
    let told = async {
        let Some(text) = access::exhausted(&host.store, person, resource, work.language, now).await? else {
            return Ok(());
        };
        let notice = Outgoing { to: work.address.clone(), text, draft: None, unasked: false };
        host.store.enqueue(vec![notice], None, now).await.map(drop)
    };
    let told: Result<(), StoreError> = told.await;
    if let Err(error) = told {
        tracing::warn!(%error, "somebody was not told that no more of their files are taken");
    }
}
