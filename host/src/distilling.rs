//! Takes the durable facts of a conversation into the log of its day: when nobody has said anything for a while, at
//! /clear, and after a run that made the conversation's beginning a summary. What is looked at and kept is decided in
//! `steward_agent::distil`.
//!
//! The facts and the mark behind them are one transaction; the log is written after it, and again after a crash, which
//! finds what is there. So no part of a conversation is asked about twice, and none is lost while no model answers.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, Zoned};
use steward_agent::distil::{self, Next, Passage};
use steward_agent::{MemorySpace, Message, ModelRequest, Principal, SessionId, foreign, prompt};
use steward_beneath::Place;
use steward_sandbox::ForeignMarks;
use steward_store::{EndedRun, EntryId, LoggedFacts, ModelUsage, Undistilled};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::app::Host;
use crate::notes::{self, Piece};
use crate::space;

/// Conversations of before this many days are left to their transcripts.
const DAYS: i64 = 7;
/// The wall clock is asked anew at least this often while a conversation may end.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// After a failure the same is tried again after this pause, which doubles up to the second one.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
const ANSWER_TIME: Duration = Duration::from_secs(180);
const ANSWER_TOKENS: u32 = 1_000;
/// Bytes of the journal that are read at once.
const BYTES: usize = 2 << 20;

/// What others tell the task that takes the facts.
#[derive(Default)]
pub(crate) struct Distilling {
    /// Conversations that have ended before their time.
    ended: Mutex<HashSet<SessionId>>,
    changed: Notify,
}

impl Distilling {
    /// The conversation has ended: its facts are taken as soon as no run of it is going on.
    pub(crate) fn end(&self, session: &SessionId) {
        self.ended().insert(session.clone());
        self.look();
    }

    /// Something was said.
    pub(crate) fn look(&self) {
        self.changed.notify_one();
    }

    fn ended(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        // Nothing under this lock can leave it half-changed.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn run(host: Arc<Host>) {
    let Some(after) = host.config.memory.distil_after else { return };
    let mut distiller = Distiller {
        host: Arc::clone(&host),
        after,
        ended: HashSet::new(),
        settled: HashMap::new(),
        failed: HashMap::new(),
    };
    loop {
        let wait = distiller.look().await;
        tokio::select! {
            () = host.distilling.changed.notified() => {}
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)) => {}
            () = host.stop.cancelled() => return,
        }
    }
}

struct Distiller {
    host: Arc<Host>,
    /// How long nobody must have spoken.
    after: Duration,
    /// Those that need not be quiet so long.
    ended: HashSet<SessionId>,
    /// Sessions that were looked at up to that entry, and are only to be looked at again when there are others.
    settled: HashMap<SessionId, EntryId>,
    failed: HashMap<SessionId, Failed>,
}

/// Facts that could not be taken.
struct Failed {
    again: Instant,
    pause: Duration,
}

impl Distiller {
    /// Takes the facts that are due and says when to look again; `None` where something must be said first.
    async fn look(&mut self) -> Option<Duration> {
        self.ended.extend(std::mem::take(&mut *self.host.distilling.ended()));
        let sessions = match self.host.store.undistilled_sessions().await {
            Ok(sessions) => sessions,
            Err(error) => {
                tracing::error!(%error, "what was said cannot be looked at; trying again");
                return Some(LOOK_EVERY);
            }
        };
        // Where nothing is left of a conversation, the next one has not ended.
        self.ended.retain(|ended| sessions.iter().any(|one| one.session == *ended));
        let mut wait: Option<Duration> = None;
        for one in sessions {
            if self.host.stop.is_cancelled() {
                return None;
            }
            let left = match self.left(&one) {
                Some(Duration::ZERO) => self.take(&one).await,
                left => left,
            };
            wait = wait.into_iter().chain(left).min();
        }
        wait.map(|wait| wait.min(LOOK_EVERY))
    }

    /// How long until the facts of a session are to be taken; `None` if it will be told.
    fn left(&mut self, one: &Undistilled) -> Option<Duration> {
        if let Some(failed) = self.failed.get(&one.session) {
            return Some(failed.again.saturating_duration_since(Instant::now()));
        }
        if one.pending {
            return Some(Duration::ZERO);
        }
        if self.settled.get(&one.session) == Some(&one.last) {
            self.ended.remove(&one.session);
            return None;
        }
        if one.open {
            return None;
        }
        if self.ended.contains(&one.session) {
            return Some(Duration::ZERO);
        }
        let Some(spoke_at) = one.spoke_at else { return Some(Duration::ZERO) };
        // A clock that was set back must not keep it from ending.
        let quiet = Timestamp::now().duration_since(spoke_at).unsigned_abs();
        Some(self.after.saturating_sub(quiet))
    }

    /// Takes the facts of a session and says when to try again if that failed.
    async fn take(&mut self, one: &Undistilled) -> Option<Duration> {
        match self.distil(&one.session).await {
            Ok(()) => {
                self.failed.remove(&one.session);
                self.settled.insert(one.session.clone(), one.last);
                self.ended.remove(&one.session);
                None
            }
            Err(_) if self.host.stop.is_cancelled() => None,
            Err(error) => {
                let before = self.failed.get(&one.session).map(|failed| failed.pause * 2);
                let pause = before.unwrap_or(PAUSE).min(LONGEST_PAUSE);
                let error = format!("{error:#}");
                tracing::warn!(session = %one.session, error, "the facts of a conversation are taken later");
                self.failed.insert(one.session.clone(), Failed { again: Instant::now() + pause, pause });
                Some(pause)
            }
        }
    }

    async fn distil(&self, session: &SessionId) -> anyhow::Result<()> {
        let host = &self.host;
        // For the conversation, for what is known already, and for the answer.
        let room = host.models.window() / 3;
        loop {
            let taken = host.store.distilled(session).await?;
            if let Some(facts) = taken.facts {
                write(host, facts).await?;
                host.store.facts_written(session).await?;
            }
            let ended = host.store.ended_runs(session, taken.through, BYTES).await?;
            let runs: Vec<Spoken> = ended.runs.into_iter().map(|run| Spoken::of(host, run)).collect();
            let passages: Vec<Passage> = runs.iter().map(|run| run.passage.clone()).collect();
            let (many, facts) = match distil::next(&passages, room, oldest(host)?, ended.more) {
                Next::Wait => return Ok(()),
                Next::Skip(many) => (many, None),
                Next::Ask(many) => (many, self.ask(&runs[..many], &passages[..many], room).await?),
            };
            let Some(last) = runs[..many].last() else { return Ok(()) };
            host.store.set_distilled(session, last.run.through, facts).await?;
        }
    }

    /// The facts of these runs, as they go into the log of the last one's day.
    async fn ask(&self, runs: &[Spoken], passages: &[Passage], room: u32) -> anyhow::Result<Option<LoggedFacts>> {
        let host = &self.host;
        let last = runs.iter().rev().find_map(|run| Some((run, run.space?)));
        let Some((last, space)) = last.filter(|_| !host.models.rehearsing()) else { return Ok(None) };
        let (folder, day) = (space::folder(&host.config, space), last.passage.day);
        let file = format!("memory/{day}.md");
        let [memory, log] = read(folder, ["MEMORY.md".to_owned(), file.clone()]).await?;
        let question = distil::question(passages, room, &memory, &log);
        let Some(answer) = self.answer(question, &last.run.principal).await? else { return Ok(None) };
        let answer = host.vault.known().redact(&answer).into_owned();
        let facts = distil::facts(&answer, &[&memory, &log]);
        if facts.is_empty() {
            return Ok(None);
        }
        let time = last.began.strftime("%H:%M").to_string();
        let (heading, lines) = (format!("# {day}"), distil::log_lines(&time, &facts));
        // A fact of a conversation with foreign text may be what that text said.
        let foreign = runs.iter().any(|run| foreign::lowers(&run.run.foreign));
        Ok(Some(LoggedFacts { space: space.to_string(), file, heading, lines, foreign }))
    }

    /// What the model says; nothing where only the rehearsal model answered, which cannot tell what is worth knowing.
    async fn answer(&self, question: String, whose: &Principal) -> anyhow::Result<Option<String>> {
        let host = &self.host;
        let request = ModelRequest {
            system: prompt::DISTIL.to_owned(),
            messages: vec![Message::user(question)],
            tools: Arc::default(),
            max_tokens: ANSWER_TOKENS,
            model: None,
        };
        let cancel = host.stop.child_token();
        let asked = tokio::time::timeout(ANSWER_TIME, host.models.complete_unseen(&request, &cancel)).await;
        let reply = asked.context("no model answered in time")??;
        let usage = ModelUsage { model: reply.model, usage: reply.usage };
        host.store.add_usage(None, whose.person, usage, Timestamp::now()).await?;
        Ok((!reply.rehearsal).then_some(reply.text))
    }
}

/// A run as facts are taken from it.
struct Spoken {
    run: EndedRun,
    began: Zoned,
    /// Whose memory its facts go into.
    space: Option<MemorySpace>,
    passage: Passage,
}

impl Spoken {
    fn of(host: &Host, run: EndedRun) -> Self {
        let began = run.started_at.to_zoned(host.config.time_zone.clone());
        let space = space::of(host, &run.principal);
        let passage = match space {
            Some(_) => Passage::new(began.date(), run.principal.origin, &run.messages),
            None => Passage::empty(began.date()),
        };
        Self { run, began, space, passage }
    }
}

/// The first day whose conversations are looked at.
fn oldest(host: &Host) -> anyhow::Result<Date> {
    let today = Timestamp::now().to_zoned(host.config.time_zone.clone()).date();
    Ok(today.checked_sub(DAYS.days())?)
}

async fn read<const N: usize>(folder: Place, files: [String; N]) -> anyhow::Result<[String; N]> {
    let read = move |folder: &Place| {
        let mut texts = [const { String::new() }; N];
        for (text, file) in texts.iter_mut().zip(&files) {
            *text = notes::read(folder, file)?.unwrap_or_default();
        }
        Ok(texts)
    };
    tokio::task::spawn_blocking(move || read(&folder)).await?
}

async fn write(host: &Host, facts: LoggedFacts) -> anyhow::Result<()> {
    let space = MemorySpace::named(&facts.space).context("facts are kept for nobody that there is")?;
    let folder = space::folder(&host.config, space);
    if facts.foreign {
        let place = ForeignMarks::place(&facts.space, &facts.file);
        host.plugins.catalogue().marks().mark_lines(&place, &facts.lines).await?;
    }
    let add = move || {
        let piece = Piece { heading: &facts.heading, text: &facts.lines, apart: false };
        notes::add(&folder, &facts.file, 0, &piece)
    };
    tokio::task::spawn_blocking(add).await?.map(|_| ())
}
