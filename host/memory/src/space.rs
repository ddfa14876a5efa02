//! One space at work: its index follows its files, its passages get their vectors, and it answers questions meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use steward_agent::MemorySpace;
use steward_embed::Purpose;
use steward_index::{FileState, Index, Levels};
use steward_store::MemoryRecord;
use tokio::sync::{Mutex as Turn, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::embedding;
use crate::listing::Root;
use crate::opening::ReadError;
use crate::scan::{self, Document, Scan, Scanned};
use crate::shared::{MemoryError, NotRead, Shared};

/// Whoever waits for others to have looked asks again after this time.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// After a failure files are looked at again after this pause, which doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Passages that are turned into vectors at once.
const AT_ONCE: usize = 32;
/// A model that does not answer is asked again after this time.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Documents after which those read so far can be found.
const DOCUMENTS_AT_ONCE: usize = 8;

pub(crate) struct Space {
    pub(crate) space: MemorySpace,
    pub(crate) index: Arc<Index>,
    pub(crate) shared: Arc<Shared>,
    /// Files are looked at, or something is forgotten: one at a time.
    pub(crate) turn: Turn<()>,
    dirty: Notify,
    /// How many changes there were, and how many of them were looked at.
    changes: AtomicU64,
    looked: AtomicU64,
    /// It is looked at without waiting for more.
    at_once: AtomicBool,
    /// All files were looked at once since the start.
    ready: AtomicBool,
    embed: Notify,
    /// Since the last look without a sign.
    pub(crate) searched: AtomicBool,
    pub(crate) state: Mutex<State>,
}

/// What there is to tell of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Sources that are not there.
    pub(crate) missing: Vec<String>,
    /// Why there are no new vectors.
    pub(crate) embedding: Option<String>,
}

impl Space {
    /// Opens its index and tells it what must outlive it.
    pub(crate) async fn open(space: MemorySpace, shared: Arc<Shared>) -> Result<Self, MemoryError> {
        let record = shared.store.memory_record(&space.to_string()).await?;
        let folder = shared.settings.index.join(space.to_string());
        let levels = shared.settings.levels;
        let opened = tokio::task::spawn_blocking(move || {
            let index = Index::open(&folder)?;
            if let Err(error) = prime(&index, &record, levels) {
                if !error.is_damage() {
                    return Err(error.into());
                }
                tracing::warn!(%error, path = %folder.display(), "this index is rebuilt");
                index.renew()?;
                prime(&index, &record, levels)?;
            }
            // Should the words fail, texts are read, and they are mended by a later look.
            if let Err(error) = index.follow() {
                tracing::warn!(%error, path = %folder.display(), "the words of this index are not up to date");
            }
            Ok::<_, MemoryError>(index)
        });
        Ok(Self::of(space, shared, opened.await??, false))
    }

    /// Opens an index that another process keeps up to date, for searching alone.
    pub(crate) async fn open_existing(space: MemorySpace, shared: Arc<Shared>) -> Result<Self, MemoryError> {
        let folder = shared.settings.index.join(space.to_string());
        let index = tokio::task::spawn_blocking(move || Index::open_existing(&folder)).await??;
        Ok(Self::of(space, shared, index, true))
    }

    fn of(space: MemorySpace, shared: Arc<Shared>, index: Index, ready: bool) -> Self {
        Self {
            space,
            index: Arc::new(index),
            shared,
            turn: Turn::new(()),
            dirty: Notify::new(),
            changes: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            at_once: AtomicBool::new(false),
            ready: AtomicBool::new(ready),
            embed: Notify::new(),
            searched: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Something was changed: it is looked at when no more comes, or when somebody searches.
    pub(crate) fn touch(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.dirty.notify_one();
    }

    /// The same for what somebody waits for.
    pub(crate) fn touch_at_once(&self) {
        self.at_once.store(true, Ordering::Release);
        self.touch();
    }

    /// Whether something was changed that was not looked at yet.
    pub(crate) fn is_pending(&self) -> bool {
        self.looked.load(Ordering::Acquire) < self.changes.load(Ordering::Acquire)
    }

    /// Follows the files until the stop.
    pub(crate) async fn live(self: Arc<Self>, stop: CancellationToken) {
        let embedding = tokio::spawn(Arc::clone(&self).keep_embedding(stop.clone()));
        let mut look = true;
        let mut again = FIRST_PAUSE;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let failed = match look || self.is_pending() {
                true => self.refresh(false, &stop).await.err(),
                false => None,
            };
            if let Some(error) = &failed {
                tracing::warn!(space = %self.space, %error, "memory is not up to date");
            }
            // Folders in which something is always being written are not looked at all the time.
            let quiet = self.shared.settings.quiet.max(started.elapsed() * 10);
            look = tokio::select! {
                () = stop.cancelled() => return self.ended(embedding).await,
                () = tokio::time::sleep(again), if failed.is_some() => true,
                look = self.changed(quiet) => look,
            };
            again = if failed.is_some() { (again * 2).min(self.shared.settings.look_every) } else { FIRST_PAUSE };
        }
        self.ended(embedding).await;
    }

    /// Waits until files are to be looked at: those that were changed (gives false, for somebody may have looked
    /// meanwhile), or all of them without any sign. What only work needs is given back meanwhile.
    async fn changed(&self, quiet: Duration) -> bool {
        let settings = &self.shared.settings;
        let calm = async {
            tokio::time::sleep(settings.rest_after).await;
            self.rest().await;
            tokio::time::sleep(settings.look_every.saturating_sub(settings.rest_after)).await;
        };
        tokio::select! {
            () = self.dirty.notified() => {}
            () = calm => {
                // What was not searched meanwhile needs nothing in memory for it.
                if !self.searched.swap(false, Ordering::Relaxed) {
                    self.index.sleep();
                }
                return true;
            }
        }
        let first = Instant::now();
        let longest = settings.quiet_longest.max(quiet);
        while let Some(left) = longest.checked_sub(first.elapsed()).filter(|left| !left.is_zero()) {
            if self.at_once.swap(false, Ordering::AcqRel) {
                break;
            }
            tokio::select! {
                () = self.dirty.notified() => {}
                () = tokio::time::sleep(quiet.min(left)) => break,
            }
        }
        false
    }

    async fn ended(&self, embedding: tokio::task::JoinHandle<()>) {
        if let Err(error) = embedding.await {
            tracing::error!(%error, "making vectors broke off");
        }
    }

    /// Waits until all files were looked at once, so that a first search misses nothing; not longer than `most`.
    pub(crate) async fn until_ready(&self, most: Duration) {
        if self.ready.load(Ordering::Acquire) {
            return;
        }
        let looked = async {
            while !self.ready.load(Ordering::Acquire) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let _ = tokio::time::timeout(most, looked).await;
    }

    /// Makes the index say what the files say. With `all` every file is read. A damaged index is rebuilt.
    pub(crate) async fn refresh(&self, all: bool, stop: &CancellationToken) -> Result<(), MemoryError> {
        let _turn = self.turn.lock().await;
        self.refreshed(all, stop).await
    }

    /// The same for whoever has the turn.
    async fn refreshed(&self, all: bool, stop: &CancellationToken) -> Result<(), MemoryError> {
        match self.look(all, stop).await {
            Err(error) if error.is_damage() => {
                self.renew(&error).await?;
                self.look(true, stop).await
            }
            looked => looked,
        }
    }

    /// Looks at what was changed, if anything was and nobody else does.
    pub(crate) async fn catch_up(&self, stop: &CancellationToken) -> Result<(), MemoryError> {
        while self.is_pending() {
            if let Ok(_turn) = self.turn.try_lock() {
                return self.refreshed(false, stop).await;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Rebuilds a damaged index and fills it.
    pub(crate) async fn mend(&self, why: &MemoryError, stop: &CancellationToken) -> Result<(), MemoryError> {
        let _turn = self.turn.lock().await;
        self.renew(why).await?;
        self.look(true, stop).await
    }

    /// Rebuilds a damaged index, empty but for what must outlive it. The caller has the turn and fills it.
    pub(crate) async fn renew(&self, why: &MemoryError) -> Result<(), MemoryError> {
        tracing::warn!(space = %self.space, %why, "this index is damaged and is rebuilt from its files");
        let record = self.shared.store.memory_record(&self.space.to_string()).await?;
        let levels = self.shared.settings.levels;
        let renewed = crate::blocking(&self.index, move |index| {
            index.renew()?;
            prime(index, &record, levels)
        });
        Ok(renewed.await?)
    }

    pub(crate) async fn look(&self, all: bool, stop: &CancellationToken) -> Result<(), MemoryError> {
        let changes = self.changes.load(Ordering::Acquire);
        let sources = self.shared.store.memory_sources(&self.space.to_string()).await?;
        let roots = scan::roots(self.shared.settings.place(self.space), &sources);
        let Scanned { changed, talked, documents, missing } = self.scan(roots, all, stop).await?;
        self.state().missing = missing;
        // Where the words cannot be written, as on a full disk, texts are read meanwhile.
        let followed = match changed || self.index.words_are_behind() {
            true => crate::blocking(&self.index, Index::follow).await,
            false => Ok(()),
        };
        if talked {
            self.settle_levels().await?;
        }
        self.looked.fetch_max(changes, Ordering::AcqRel);
        self.ready.store(true, Ordering::Release);
        let any = !documents.is_empty();
        if any {
            self.read_documents(documents, stop).await?;
        }
        if changed || any {
            self.embed.notify_one();
        }
        Ok(followed?)
    }

    pub(crate) async fn settle_levels(&self) -> Result<(), MemoryError> {
        let levels = self.shared.settings.levels;
        Ok(crate::blocking(&self.index, move |index| index.settle_levels(levels)).await?)
    }

    async fn scan(&self, roots: Vec<Root>, all: bool, stop: &CancellationToken) -> Result<Scanned, MemoryError> {
        let (index, shared, stop) = (Arc::clone(&self.index), Arc::clone(&self.shared), stop.clone());
        let scanned = tokio::task::spawn_blocking(move || {
            Scan { index: &index, settings: &shared.settings, all, stop: &stop }.run(&roots)
        });
        Ok(scanned.await??)
    }

    async fn read_documents(&self, documents: Vec<Document>, stop: &CancellationToken) -> Result<(), MemoryError> {
        for (number, Document { place, opened, state }) in documents.into_iter().enumerate() {
            if stop.is_cancelled() {
                return Ok(());
            }
            let text = match &self.shared.documents {
                Some(documents) => documents.text(opened.file, &place.path).await,
                None => Err(NotRead::Later("documents are not read here".to_owned())),
            };
            // One that was not read for now looks changed at the next look.
            let state = match &text {
                Err(NotRead::Later(_)) => FileState { modified: 0, ..state },
                _ => state,
            };
            let text = text.map_err(|error| match error {
                NotRead::Unreadable(why) => ReadError::Document(why),
                NotRead::Later(why) => ReadError::Later(why),
            });
            self.put_document(place, state, text).await?;
            if number % DOCUMENTS_AT_ONCE == DOCUMENTS_AT_ONCE - 1 {
                crate::blocking(&self.index, Index::follow).await?;
            }
        }
        Ok(crate::blocking(&self.index, Index::follow).await?)
    }

    async fn put_document(
        &self,
        place: steward_index::FilePlace,
        state: FileState,
        text: Result<String, ReadError>,
    ) -> Result<(), MemoryError> {
        let (index, shared) = (Arc::clone(&self.index), Arc::clone(&self.shared));
        let put = tokio::task::spawn_blocking(move || {
            let stop = CancellationToken::new();
            let scan = Scan { index: &index, settings: &shared.settings, all: false, stop: &stop };
            scan.put_document(place, state, text)
        });
        Ok(put.await??)
    }

    /// Gives memory back that only work needs.
    async fn rest(&self) {
        let now = scan::now();
        if let Err(error) = crate::blocking(&self.index, move |index| index.rest(now)).await {
            tracing::warn!(space = %self.space, %error, "the index could not be tidied");
        }
    }

    /// Makes vectors whenever there are passages without.
    async fn keep_embedding(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let failed = tokio::select! {
                () = stop.cancelled() => return,
                done = self.embed_waiting() => done.err(),
            };
            let again = failed.is_some();
            if let Some(error) = &failed {
                tracing::warn!(space = %self.space, %error, "passages have no vectors yet");
            }
            self.state().embedding = failed;
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.embed.notified() => {}
                () = tokio::time::sleep(ASK_AGAIN), if again => {}
            }
        }
    }

    /// Makes the vectors that are missing, now.
    pub(crate) async fn embed_waiting(&self) -> Result<(), String> {
        let Some(embedder) = self.shared.embedders.current() else { return Ok(()) };
        let told = |error: steward_index::IndexError| error.to_string();
        // An empty index asks no model for anything.
        if crate::blocking(&self.index, Index::counts).await.map_err(told)?.texts == 0 {
            return Ok(());
        }
        let id = embedder.ready().await.map_err(|error| error.to_string())?.clone();
        let model = embedding::row(&self.index, &id).await.map_err(told)?;
        let mut last = None;
        loop {
            let (after, asked) = (last.take(), model.clone());
            let waiting = crate::blocking(&self.index, move |index| index.waiting(&asked, after.as_ref(), AT_ONCE));
            let waiting = waiting.await.map_err(told)?;
            let Some(newest) = waiting.last() else { break };
            last = Some(newest.clone());
            let texts: Vec<_> = waiting.iter().map(|waiting| waiting.text.clone()).collect();
            let vectors = embedder.embed(&texts, Purpose::Passage).await.map_err(|error| error.to_string())?;
            let (put, model) = (waiting.into_iter().zip(vectors).collect::<Vec<_>>(), model.clone());
            crate::blocking(&self.index, move |index| index.put_vectors(&model, &put)).await.map_err(told)?;
        }
        if !model.complete {
            crate::blocking(&self.index, move |index| index.complete(&model)).await.map_err(told)?;
        }
        Ok(())
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells a new index what must outlive it.
fn prime(index: &Index, record: &MemoryRecord, levels: Levels) -> steward_index::Result<()> {
    index.change(|batch| {
        batch.forget(&record.forgotten)?;
        batch.set_recalls(&record.recalls)
    })?;
    index.settle_levels(levels)
}
