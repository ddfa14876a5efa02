//! Tells a space when one of its files was changed by whomever. A machine that cannot watch that many folders is no
//! error: files are also looked at every few minutes.

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

impl Watching {
    pub(crate) fn start(space: &Arc<Space>) -> Self {
        let space: Weak<Space> = Arc::downgrade(space);
        let changed = move |event: notify::Result<Event>| {
            let matters = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
            if let Some(space) = space.upgrade().filter(|_| matters) {
                space.touch();
            }
        };
        let watcher = notify::recommended_watcher(changed);
        let watcher = watcher.inspect_err(|error| tracing::warn!(%error, "files cannot be watched")).ok();
        Self { watcher, watched: HashSet::new() }
    }

    /// Watches these, what is new among them.
    pub(crate) fn follow(&mut self, own: &Path, sources: &[String]) {
        // The own folder itself, not what lies below it: tools write there all day.
        let own =
            [own.to_owned(), own.join("memory"), own.join("sessions")].map(|path| (path, RecursiveMode::NonRecursive));
        let sources = sources.iter().map(|path| (PathBuf::from(path), RecursiveMode::Recursive));
        for (path, mode) in own.into_iter().chain(sources) {
            if self.watched.contains(&path) || !path.exists() {
                continue;
            }
            let Some(watcher) = &mut self.watcher else { return };
            match watcher.watch(&path, mode) {
                Ok(()) => drop(self.watched.insert(path)),
                Err(error) => tracing::debug!(%error, path = %path.display(), "this folder is not watched"),
            }
        }
    }
}
