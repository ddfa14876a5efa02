//! Forgetting, so that nothing that was to be forgotten is found again wherever the process ends: the wish is on disk
//! first, every step can be made twice, and a wish that was cut off is fulfilled at the next start before anything is
//! searched.

use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::{Forgetting, MemoryLevel, MemorySpace};
use steward_beneath::{BeneathError, Place};
use steward_store::PendingForgetting;
use tokio_util::sync::CancellationToken;

use crate::scan;
use crate::shared::MemoryError;
use crate::space::Space;

impl Space {
    /// Forgets what is wished, to its end.
    pub(crate) async fn fulfil(&self, wish: &PendingForgetting) -> Result<(), MemoryError> {
        let _turn = self.turn.lock().await;
        match self.fulfil_once(wish).await {
            Err(error) if error.is_damage() => {
                self.renew(&error).await?;
                self.fulfil_once(wish).await
            }
            fulfilled => fulfilled,
        }
    }

    async fn fulfil_once(&self, wish: &PendingForgetting) -> Result<(), MemoryError> {
        let store = &self.shared.store;
        // What was said last is to be forgotten too.
        if self.is_pending() && matches!(wish.what, Forgetting::Level(_) | Forgetting::Vector | Forgetting::ShortTerm) {
            self.look(false, &CancellationToken::new()).await?;
        }
        match wish.what {
            Forgetting::Level(level) => self.forget_levels(&[level]).await?,
            Forgetting::Vector => self.forget_levels(&MemoryLevel::ALL).await?,
            Forgetting::ShortTerm => {
                store.clear_session(&wish.session).await?;
                self.forget_levels(&[MemoryLevel::Short]).await?;
            }
            Forgetting::Summary => store.forget_summary(&wish.session).await?,
            // It is gone since the wish was written down.
            Forgetting::UserData => {}
            Forgetting::All => self.forget_all().await?,
        }
        Ok(store.end_forgetting(wish.id, Timestamp::now()).await?)
    }

    /// Their files stay, so what they say has to be remembered as forgotten.
    async fn forget_levels(&self, levels: &[MemoryLevel]) -> Result<(), MemoryError> {
        let levels = levels.to_vec();
        let texts = crate::blocking(&self.index, move |index| index.texts_on(&levels)).await?;
        self.shared.store.add_forgotten(&self.space.to_string(), texts.clone()).await?;
        crate::blocking(&self.index, move |index| {
            for some in texts.chunks(500) {
                index.change(|batch| batch.forget(some))?;
            }
            index.scrub(scan::now())
        })
        .await?;
        self.settle_levels().await
    }

    async fn forget_all(&self) -> Result<(), MemoryError> {
        let (store, space) = (&self.shared.store, self.space);
        store.erase_sessions(space).await?;
        store.clear_memory_record(&space.to_string()).await?;
        let place = self.shared.settings.place(space);
        tokio::task::spawn_blocking(move || delete_files(&place)).await??;
        let index = Arc::clone(&self.index);
        let emptied = tokio::task::spawn_blocking(move || {
            let mut places: Vec<_> = index.files()?.into_keys().collect();
            places.sort();
            for some in places.chunks(64) {
                index.change(|batch| some.iter().try_for_each(|place| batch.remove(place, scan::now())))?;
            }
            index.scrub(scan::now())
        });
        Ok(emptied.await??)
    }
}

/// Deletes the facts, the days and the transcripts. HEARTBEAT.md stays: it is not memory but an order. A link goes by
/// itself: what it leads to is not memory, and a folder of memory that is a link holds none.
fn delete_files(place: &Place) -> Result<(), MemoryError> {
    let failed = |source: BeneathError| MemoryError::Delete { path: place.path().display().to_string(), source };
    let Some(folder) = there(place.open()).map_err(failed)? else { return Ok(()) };
    let folder = folder.strict();
    there(folder.remove("MEMORY.md")).map_err(failed)?;
    for name in ["memory", "sessions"] {
        let below = match folder.folder(name) {
            Ok(below) => below,
            Err(BeneathError::Missing { .. } | BeneathError::Link { .. } | BeneathError::NotFolder { .. }) => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in below.entries().map_err(failed)? {
            if entry.name.to_string_lossy().ends_with(".md") {
                there(below.remove(entry.path())).map_err(failed)?;
            }
        }
        // The names are gone on disk too before the wish counts as fulfilled.
        let _ = below.sync();
    }
    let _ = folder.sync();
    Ok(())
}

fn there<T>(done: Result<T, BeneathError>) -> Result<Option<T>, BeneathError> {
    match done {
        Err(error) if error.is_missing() => Ok(None),
        other => other.map(Some),
    }
}

/// What is told to the one who wished it.
pub(crate) fn told(what: Forgetting, space: MemorySpace) -> String {
    let whose = match space {
        MemorySpace::Owners => "the owners'",
        MemorySpace::Person(_) => "this person's",
    };
    match what {
        Forgetting::Level(level) => {
            format!(
                "Forgotten: {whose} conversations on the {} level. Their transcripts stay as files.",
                level.as_str()
            )
        }
        Forgetting::Vector => {
            format!("Forgotten: {whose} conversations on all levels. Their transcripts stay as files.")
        }
        Forgetting::ShortTerm => {
            "Forgotten: this conversation so far, and the newest ones on the short level.".to_owned()
        }
        Forgetting::Summary => "Forgotten: the summary of the earlier part of this conversation.".to_owned(),
        Forgetting::UserData => "Forgotten: everything kept about this person as keys and values.".to_owned(),
        Forgetting::All => format!(
            "Forgotten: {whose} MEMORY.md, logs of the days, transcripts, conversations, data about the person, and \
             which other files were searched. Those files themselves, and HEARTBEAT.md, stay."
        ),
    }
}
