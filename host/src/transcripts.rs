//! Keeps every conversation of those who have a memory as Markdown that a person can read: a file for each session and
//! day. It follows the journal: what is said is in the store first, and is written down when nobody has said anything for
//! some seconds or somebody searches, so no answer waits for it. After a crash nothing is there twice and nothing is missing. Nobody else's words are written.

mod page;
mod plain;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use steward_agent::{Language, MemorySpace, PersonId, SessionId};
use steward_beneath::Place;
use steward_store::{EndedRun, EntryId, StoreError, TranscriptMark};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::Host;
use crate::notes::{self, Piece};
use crate::space;

/// How long nobody must have said anything, and how long is waited for that at most.
const QUIET: Duration = Duration::from_secs(3);
const LONGEST_QUIET: Duration = Duration::from_secs(60);
/// Whoever searches waits no longer for what was said to be written down.
const PATIENCE: Duration = Duration::from_secs(3);
/// After a failure the same is tried again after this pause, which doubles up to the second one.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Bytes of the journal that are read at once.
const BYTES: usize = 2 << 20;
/// Bytes that are written to a file at once, but for one run that has more.
const AT_ONCE: usize = 256 << 10;

/// By this others have written down what was said by now.
pub(crate) struct Transcripts {
    wanted: mpsc::UnboundedSender<oneshot::Sender<()>>,
    /// Until the task that writes takes it.
    asked: Mutex<Option<Asked>>,
}

type Asked = mpsc::UnboundedReceiver<oneshot::Sender<()>>;

impl Default for Transcripts {
    fn default() -> Self {
        let (wanted, asked) = mpsc::unbounded_channel();
        Self { wanted, asked: Mutex::new(Some(asked)) }
    }
}

impl Transcripts {
    /// Returns when what was said by now is written down, or after a while.
    pub(crate) async fn written(&self) {
        let (done, told) = oneshot::channel();
        if self.wanted.send(done).is_ok() {
            let _ = tokio::time::timeout(PATIENCE, told).await;
        }
    }
}

pub(crate) async fn run(host: Arc<Host>) {
    let taken = host.transcripts.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut asked) = taken else { return };
    let mut waiting: Vec<oneshot::Sender<()>> = Vec::new();
    let mut pause = PAUSE;
    loop {
        // At the end everything is written down once more.
        let ending = host.stop.is_cancelled();
        let written = write_all(&host, if ending { &host.hang_up } else { &host.stop }).await;
        for done in waiting.drain(..) {
            let _ = done.send(());
        }
        if ending {
            return;
        }
        host.distilling.look();
        let wait = match written {
            Ok(()) => {
                pause = PAUSE;
                Duration::MAX
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "a conversation is not in its transcript; trying again");
                let wait = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        tokio::select! {
            () = host.store.runs_ended().notified() => waiting.extend(until_quiet(&host, &mut asked).await),
            () = tokio::time::sleep(wait) => {}
            Some(done) = asked.recv() => waiting.push(done),
            () = host.stop.cancelled() => {}
        }
    }
}

/// Waits until nobody says anything, or somebody wants it written down, who is given back; not without end.
async fn until_quiet(host: &Host, asked: &mut Asked) -> Option<oneshot::Sender<()>> {
    let first = Instant::now();
    while first.elapsed() < LONGEST_QUIET {
        tokio::select! {
            () = host.store.runs_ended().notified() => {}
            () = tokio::time::sleep(QUIET) => return None,
            Some(done) = asked.recv() => return Some(done),
            () = host.stop.cancelled() => return None,
        }
    }
    None
}

/// Brings all transcripts up to date. One that cannot be written does not keep the others from it; the last error is
/// told.
async fn write_all(host: &Host, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut result = Ok(());
    for session in host.store.unwritten_sessions().await? {
        if stop.is_cancelled() {
            break;
        }
        if let Err(error) = write_session(host, &session, stop).await {
            result = Err(error.context(format!("session {session}")));
        }
    }
    result
}

async fn write_session(host: &Host, session: &SessionId, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut mark = host.store.transcript_mark(session).await?;
    loop {
        let ended = host.store.ended_runs(session, mark.through, BYTES).await?;
        let mut gathered: Option<Page> = None;
        for run in &ended.runs {
            let next = page(host, session, run).await?;
            match (&mut gathered, next) {
                (Some(page), Some(next)) if page.takes(&next) => page.add(&next),
                (Some(page), None) => page.through = run.through,
                (before, next) => {
                    if let Some(before) = before.take() {
                        mark = write(host, session, before, mark).await?;
                    }
                    match next {
                        Some(page) => gathered = Some(page),
                        None => {
                            mark = TranscriptMark { through: run.through, ..mark };
                            host.store.set_transcript_mark(session, mark.clone()).await?;
                        }
                    }
                }
            }
        }
        if let Some(page) = gathered {
            mark = write(host, session, page, mark).await?;
        }
        if !ended.more || stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// Writes what was gathered down and moves the mark behind it. A crash in between does no harm: what is written again
/// begins with the same and is completed.
async fn write(host: &Host, session: &SessionId, page: Page, mark: TranscriptMark) -> anyhow::Result<TranscriptMark> {
    let (space, through) = (page.space, page.through);
    let from = if mark.file.as_ref() == Some(&page.file) { mark.length } else { 0 };
    let file = page.file.clone();
    let added = tokio::task::spawn_blocking(move || {
        let piece = Piece { heading: &page.title, text: &page.text, apart: true };
        notes::add(&page.folder, &page.file, from, &piece)
    });
    let length = added.await.context("the program is shutting down")??;
    let mark = TranscriptMark { through, file: Some(file), length };
    host.store.set_transcript_mark(session, mark.clone()).await?;
    host.memory.noticed(space).await;
    Ok(mark)
}

/// Runs as they are to be written, one after the other, and where.
struct Page {
    space: MemorySpace,
    /// The last entry of them.
    through: EntryId,
    folder: Place,
    file: String,
    title: String,
    text: String,
}

impl Page {
    /// Whether the next run is written to the same file and there is room for it.
    fn takes(&self, next: &Self) -> bool {
        (self.space, &self.file) == (next.space, &next.file) && self.text.len() < AT_ONCE
    }

    fn add(&mut self, next: &Self) {
        self.text.push_str("\n\n");
        self.text.push_str(&next.text);
        self.through = next.through;
    }
}

async fn page(host: &Host, session: &SessionId, run: &EndedRun) -> Result<Option<Page>, StoreError> {
    let Some(space) = space::of(host, &run.principal) else { return Ok(None) };
    let language = language(host, run.principal.person).await?;
    let began = run.started_at.to_zoned(host.config.time_zone.clone());
    let Some(text) = page::exchange(run, language, &began, &host.vault.known()) else { return Ok(None) };
    let day = began.date();
    Ok(Some(Page {
        space,
        through: run.through,
        folder: space::folder(&host.config, space),
        file: page::file(session, day),
        title: words::title(language, &run.address.channel, day),
        text,
    }))
}

async fn language(host: &Host, person: PersonId) -> Result<Language, StoreError> {
    let person = host.store.person(person).await?;
    Ok(person.and_then(|person| person.language).unwrap_or(host.config.language))
}
