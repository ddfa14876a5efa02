//! Memory as the rest of the program sees it: whose it is comes with each call, and a space is opened when it is first
//! needed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{
    Forgetting, MemoryFault, MemoryFound, MemoryHit, MemorySource, MemorySpace, MemoryStatus, PersonId, Principal,
    SessionId, budget,
};
use steward_store::{NewForgetting, Store};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::embedding::Embedders;
use crate::forgetting;
use crate::settings::Settings;
use crate::shared::{MemoryError, ReadDocuments, Shared};
use crate::sources::{self, Asker};
use crate::space::Space;
use crate::watching::Watching;

/// A question waits so long for its vector; then words alone are compared.
const QUESTION: Duration = Duration::from_secs(10);
/// The same for a message, which somebody waits for to be answered.
const MESSAGE: Duration = Duration::from_millis(700);
/// Said where not all files were read yet.
const STILL: &str = "Files are still being read; more of them can be found later.";
/// Passages of which some may be offered with a message.
const CANDIDATES: usize = 12;

/// Everybody's memory.
pub struct Memory {
    pub(crate) shared: Arc<Shared>,
    spaces: Mutex<HashMap<MemorySpace, Arc<Space>>>,
    tasks: Mutex<JoinSet<()>>,
    pub(crate) stop: CancellationToken,
    /// Another process follows the files; this one only searches.
    pub(crate) reads_only: bool,
}

impl Memory {
    /// Memory that does nothing yet; see [`Self::start`]. Without `documents`, only files of text are read.
    pub fn new(
        settings: Settings,
        store: Store,
        embedders: Arc<dyn Embedders>,
        documents: Option<Arc<dyn ReadDocuments>>,
    ) -> Self {
        let shared = Arc::new(Shared { settings, store, embedders, documents });
        let stop = CancellationToken::new();
        Self { shared, spaces: Mutex::default(), tasks: Mutex::default(), stop, reads_only: false }
    }

    /// The same for a process other than the one that follows the files: it searches what is there.
    #[must_use]
    pub fn reading_only(self) -> Self {
        Self { reads_only: true, ..self }
    }

    /// Fulfils what is still to be forgotten, then opens the owners' memory and follows its files.
    ///
    /// # Errors
    /// The store or the index cannot be used.
    pub async fn start(&self) -> Result<(), MemoryError> {
        for wish in self.shared.store.pending_forgettings().await? {
            if let Some(space) = MemorySpace::named(&wish.space) {
                self.space(space).await?;
            }
        }
        self.space(MemorySpace::Owners).await.map(drop)
    }

    /// Ends all work and waits for it.
    pub async fn end(&self) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().await);
        while tasks.join_next().await.is_some() {}
        self.spaces.lock().await.clear();
    }

    /// Searches a space. `counts` says whether what is found counts as recalled.
    ///
    /// # Errors
    /// The index cannot be used.
    pub async fn search(
        &self,
        space: MemorySpace,
        text: &str,
        limit: usize,
        counts: bool,
    ) -> Result<MemoryFound, MemoryFault> {
        let space = self.space(space).await?;
        let up_to_date = self.up_to_date(&space).await;
        let (hits, note) = self.hits(&space, text, limit, QUESTION).await?;
        let note =
            if up_to_date { note } else { Some(note.map_or(STILL.to_owned(), |note| format!("{note} {STILL}"))) };
        if counts {
            self.count(&space, &hits).await?;
        }
        let shown = hits.into_iter().map(|hit| self.shown(space.space, hit)).collect();
        Ok(MemoryFound { hits: shown, note })
    }

    /// Passages that may help with a message, as many as fit into so many tokens; those that `skip` names by their path
    /// are left out.
    pub async fn offer(
        &self,
        space: MemorySpace,
        message: &str,
        tokens: u32,
        skip: impl Fn(&str) -> bool,
    ) -> Result<Vec<MemoryHit>, MemoryFault> {
        let space = self.space(space).await?;
        let (hits, _) = self.hits(&space, message, CANDIDATES, MESSAGE).await?;
        let hits: Vec<_> = hits.into_iter().map(|hit| self.shown(space.space, hit)).collect();
        let best = hits.first().map_or(0.0, |hit| hit.score);
        let mut left = tokens;
        let mut offered = Vec::new();
        // What fits only half as well as the best is off the point more often than not.
        for hit in hits.into_iter().filter(|hit| hit.score >= best / 2.0 && !skip(&hit.path)) {
            let needed = budget::tokens(&hit.text) + 16;
            if needed <= left {
                left -= needed;
                offered.push(hit);
            }
        }
        Ok(offered)
    }

    /// How a space's index stands.
    ///
    /// # Errors
    /// The index or the store cannot be used.
    pub async fn status(&self, space: MemorySpace) -> Result<MemoryStatus, MemoryFault> {
        let space = self.space(space).await?;
        self.up_to_date(&space).await;
        self.status_of(&space).await
    }

    /// Reads every file of a space again.
    ///
    /// # Errors
    /// The index cannot be used.
    pub async fn reindex(&self, space: MemorySpace) -> Result<MemoryStatus, MemoryFault> {
        let space = self.space(space).await?;
        let done = self.refreshed(&space, true).await?;
        let mut status = self.status_of(&space).await?;
        if !done {
            status.problems.insert(0, STILL.to_owned());
        }
        Ok(status)
    }

    /// Makes the vectors that are missing and returns when all are there.
    ///
    /// # Errors
    /// The model does not answer.
    pub async fn embed_all(&self, space: MemorySpace) -> Result<(), MemoryFault> {
        self.space(space).await?.embed_waiting().await.map_err(MemoryFault::Unavailable)
    }

    /// Has a file, a folder or a repository searched too, and reads it.
    ///
    /// # Errors
    /// It is not there or may not be searched.
    pub async fn add_source(&self, space: MemorySpace, path: &str, asker: Asker) -> Result<MemorySource, MemoryFault> {
        let place = sources::resolve(&self.shared.settings, space, path, asker)?;
        let root = place
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| MemoryFault::Invalid("the path is not Unicode text: rename it first".to_owned()))?;
        let name = space.to_string();
        self.shared.store.add_memory_source(&name, &root, Timestamp::now()).await.map_err(MemoryError::from)?;
        if self.reads_only {
            // The other process notices it by itself.
            return Ok(MemorySource { path: root, ..MemorySource::default() });
        }
        let space = self.space(space).await?;
        let done = self.refreshed(&space, false).await?;
        let mut source = self.source(&space, root).await?;
        if !done {
            source.problems.insert(0, STILL.to_owned());
        }
        Ok(source)
    }

    /// Has something searched no more.
    ///
    /// # Errors
    /// It was not.
    pub async fn remove_source(&self, space: MemorySpace, path: &str) -> Result<(), MemoryFault> {
        let name = space.to_string();
        let mut removed = false;
        for named in sources::named(&self.shared.settings, space, path) {
            removed |= self.shared.store.remove_memory_source(&name, &named).await.map_err(MemoryError::from)?;
        }
        if !removed {
            let sources = self.shared.store.memory_sources(&name).await.map_err(MemoryError::from)?;
            let there = if sources.is_empty() { "nothing".to_owned() } else { sources.join(", ") };
            let problem = format!("that is not searched; in addition to your own files, these are: {there}");
            return Err(MemoryFault::NotFound(problem));
        }
        match self.reads_only {
            true => Ok(()),
            false => {
                let space = self.space(space).await?;
                Ok(self.refreshed(&space, false).await.map(drop)?)
            }
        }
    }

    /// Forgets something, once for each `key`; says in a sentence what was forgotten.
    ///
    /// # Errors
    /// Not all of it could be forgotten yet; what is left is tried again at the next start.
    pub async fn forget(&self, whom: &Principal, what: Forgetting, key: &str) -> Result<String, MemoryFault> {
        let Some(space) = MemorySpace::of(whom) else {
            return Err(MemoryFault::Denied("a group has no memory".to_owned()));
        };
        self.forget_for(space, whom.person, &whom.session, what, key).await
    }

    /// The same for a person and a conversation by themselves.
    ///
    /// # Errors
    /// As [`Memory::forget`].
    pub(crate) async fn forget_for(
        &self,
        space: MemorySpace,
        person: PersonId,
        session: &SessionId,
        what: Forgetting,
        key: &str,
    ) -> Result<String, MemoryFault> {
        let (name, session, key) = (space.to_string(), session.clone(), key.to_owned());
        let wish = NewForgetting { space: name, person, session, what, key };
        let wish = self.shared.store.begin_forgetting(wish, Timestamp::now()).await.map_err(MemoryError::from)?;
        if let Some(wish) = wish {
            let open = self.space(space).await?;
            // Whoever asked may give up meanwhile; what was begun is ended.
            let fulfilled = tokio::spawn(async move { open.fulfil(&wish).await });
            fulfilled.await.map_err(MemoryError::from)??;
        }
        Ok(forgetting::told(what, space))
    }

    /// A file of the space was written.
    pub async fn changed(&self, space: MemorySpace) {
        if let Ok(space) = self.space(space).await {
            space.touch();
        }
    }

    /// The same for a space that need not be opened for it: its files are looked at when it is.
    pub async fn noticed(&self, space: MemorySpace) {
        if let Some(space) = self.spaces.lock().await.get(&space) {
            space.touch();
        }
    }

    /// Looks at all files, and continues with it in the background when that takes longer than one wants to wait; gives
    /// whether it was done.
    async fn refreshed(&self, space: &Arc<Space>, all: bool) -> Result<bool, MemoryError> {
        let (space, stop) = (Arc::clone(space), self.stop.clone());
        let mut looking = tokio::spawn(async move { space.refresh(all, &stop).await });
        match tokio::time::timeout(self.shared.settings.patience, &mut looking).await {
            Ok(looked) => looked?.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    async fn space(&self, space: MemorySpace) -> Result<Arc<Space>, MemoryError> {
        self.opened(space).await
    }

    /// What was to be forgotten when the process ended is forgotten before anything is searched.
    async fn fulfil_pending(&self, open: &Space) -> Result<(), MemoryError> {
        let name = open.space.to_string();
        let wishes = self.shared.store.pending_forgettings().await?;
        for wish in wishes.into_iter().filter(|wish| wish.space == name) {
            open.fulfil(&wish).await?;
        }
        Ok(())
    }

    /// The space, opened and set to work.
    async fn opened(&self, space: MemorySpace) -> Result<Arc<Space>, MemoryError> {
        let mut spaces = self.spaces.lock().await;
        if let Some(open) = spaces.get(&space) {
            return Ok(Arc::clone(open));
        }
        let shared = Arc::clone(&self.shared);
        let open = match self.reads_only {
            true => Arc::new(Space::open_existing(space, shared).await?),
            false => Arc::new(Space::open(space, shared).await?),
        };
        if !self.reads_only {
            self.fulfil_pending(&open).await?;
        }
        spaces.insert(space, Arc::clone(&open));
        if self.reads_only {
            return Ok(open);
        }
        let mut tasks = self.tasks.lock().await;
        tasks.spawn(Arc::clone(&open).live(self.stop.clone()));
        tasks.spawn(watch(Arc::clone(&open), self.stop.clone()));
        Ok(open)
    }
}

/// Watches the space's files until the stop; what is added to it is watched from the next look on.
async fn watch(space: Arc<Space>, stop: CancellationToken) {
    const LOOK_AGAIN: Duration = Duration::from_secs(5);
    let mut watching = Watching::start(&space);
    let own = space.shared.settings.folder(space.space);
    let mut before = None;
    loop {
        let sources = space.shared.store.memory_sources(&space.space.to_string()).await.unwrap_or_default();
        // Another process may have added one.
        if before.replace(sources.clone()).is_some_and(|before| before != sources) {
            space.touch_at_once();
        }
        let own = own.clone();
        let followed = tokio::task::spawn_blocking(move || {
            let more = watching.follow(&own, &sources);
            (watching, more)
        });
        match followed.await {
            // What was written before it was watched is looked at too.
            Ok((back, more)) => {
                watching = back;
                if more {
                    space.touch();
                }
            }
            Err(_) => return,
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
