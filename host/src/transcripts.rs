//! Keeps every conversation of those who have a memory as Markdown that a person can read: a file for each session and
//! day. It follows the journal: what is said is in the store first, and is written down after its run has ended, so no
//! answer waits for it. After a crash nothing is there twice and nothing is missing. Nobody else's words are written.

mod page;
mod plain;
mod words;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use steward_agent::{Language, PersonId, SessionId, foreign};
use steward_sandbox::ForeignMarks;
use steward_store::{EndedRun, StoreError, TranscriptMark};

use crate::app::Host;
use crate::notes::{self, Piece};
use crate::space;

/// After a failure the same is tried again after this pause, which doubles up to the second one.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Bytes of the journal that are read at once.
const BYTES: usize = 2 << 20;

pub(crate) async fn run(host: Arc<Host>) {
    let mut pause = PAUSE;
    loop {
        let written = write_all(&host).await;
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
            () = host.store.runs_ended().notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = host.stop.cancelled() => return,
        }
    }
}

/// Brings all transcripts up to date. One that cannot be written does not keep the others from it; the last error is
/// told.
async fn write_all(host: &Host) -> anyhow::Result<()> {
    let mut result = Ok(());
    for session in host.store.unwritten_sessions().await? {
        if host.stop.is_cancelled() {
            break;
        }
        if let Err(error) = write_session(host, &session).await {
            result = Err(error.context(format!("session {session}")));
        }
    }
    result
}

async fn write_session(host: &Host, session: &SessionId) -> anyhow::Result<()> {
    let mut mark = host.store.transcript_mark(session).await?;
    loop {
        let ended = host.store.ended_runs(session, mark.through, BYTES).await?;
        for run in &ended.runs {
            mark = write_run(host, session, run, mark).await?;
            host.store.set_transcript_mark(session, mark.clone()).await?;
        }
        if !ended.more || host.stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// Writes one run down and gives the mark behind it.
async fn write_run(
    host: &Host,
    session: &SessionId,
    run: &EndedRun,
    mark: TranscriptMark,
) -> anyhow::Result<TranscriptMark> {
    let through = run.through;
    let Some(page) = page(host, session, run).await? else { return Ok(TranscriptMark { through, ..mark }) };
    if foreign::lowers(&run.foreign) {
        let place = ForeignMarks::place(&page.space, &page.file);
        host.plugins.catalogue().marks().mark_lines(&place, &page.text).await?;
    }
    let from = if mark.file.as_ref() == Some(&page.file) { mark.length } else { 0 };
    let file = page.file.clone();
    let added = tokio::task::spawn_blocking(move || {
        let piece = Piece { heading: &page.title, text: &page.text, apart: true };
        notes::add(&page.folder, &page.file, from, &piece)
    });
    let length = added.await.context("the program is shutting down")??;
    Ok(TranscriptMark { through, file: Some(file), length })
}

/// A run as it is to be written, and where.
struct Page {
    /// The name of the space.
    space: String,
    folder: PathBuf,
    file: String,
    title: String,
    text: String,
}

async fn page(host: &Host, session: &SessionId, run: &EndedRun) -> Result<Option<Page>, StoreError> {
    let Some(space) = space::of(host, &run.principal) else { return Ok(None) };
    let language = language(host, run.principal.person).await?;
    let began = run.started_at.to_zoned(host.config.time_zone.clone());
    let Some(text) = page::exchange(run, language, &began, &host.vault.known()) else { return Ok(None) };
    let day = began.date();
    Ok(Some(Page {
        space: space.to_string(),
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
