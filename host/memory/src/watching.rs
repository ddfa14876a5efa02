//! Tells a space when one of its files was changed by whomever. A machine that cannot watch that many folders is not
//! an error: files are also looked at every few minutes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::space::Space;

/// Watches what belongs to one space; dropping it ends that.
pub(crate) struct Watching {
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
}

/// Whether something was changed that may be searched. In the own folder much goes on that is not.
fn matters(event: &Event, own: &Path) -> bool {
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    let searched = |path: &PathBuf| {
        // What is directly in the own folder, but for the files of memory and the folders of days and transcripts.
        let beside = path.parent() == Some(own);
        let names = ["MEMORY.md", "HEARTBEAT.md", "memory", "sessions"];
        !beside || path.file_name().is_some_and(|name| names.iter().any(|known| name == *known))
    };
    event.paths.is_empty() || event.paths.iter().any(searched)
}

impl Watching {
    pub(crate) fn start(space: &Arc<Space>) -> Self {
        let space: Weak<Space> = Arc::downgrade(space);
        let changed = move |event: notify::Result<Event>| {
            let Some(space) = space.upgrade() else { return };
            let own = space.shared.settings.folder(space.space);
            if event.is_ok_and(|event| matters(&event, &own)) {
                space.touch();
            }
        };
        let watcher = notify::recommended_watcher(changed);
        let watcher = watcher.inspect_err(|error| tracing::warn!(%error, "files cannot be watched")).ok();
        Self { watcher, watched: HashSet::new() }
    }

    /// Watches these, what is new among them; gives whether anything was.
    pub(crate) fn follow(&mut self, own: &Path, sources: &[String]) -> bool {
        let before = self.watched.len();
        // The own folder itself, not what is below it: tools write there all day.
        let own =
            [own.to_owned(), own.join("memory"), own.join("sessions")].map(|path| (path, RecursiveMode::NonRecursive));
        let sources = sources.iter().map(|path| (PathBuf::from(path), RecursiveMode::Recursive));
        for (path, mode) in own.into_iter().chain(sources) {
            if self.watched.contains(&path) || !path.exists() {
                continue;
            }
            let Some(watcher) = &mut self.watcher else { return false };
            match watcher.watch(&path, mode) {
                Ok(()) => drop(self.watched.insert(path)),
                Err(error) => tracing::debug!(%error, path = %path.display(), "this folder is not watched"),
            }
        }
        self.watched.len() > before
    }
}
