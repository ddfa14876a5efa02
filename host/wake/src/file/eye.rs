//! Is told of changes below the folders that are followed. It never says what was changed, only of which subscription it may
//! have been: that is looked at the one way to files. So it does no harm that a name becomes a link just before it is
//! watched.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Config, ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use steward_beneath::Folder;
use steward_store::SubscriptionId;
use tokio::sync::Notify;

use crate::subject::Stirred;

/// The most folders that are followed for one subscription.
const FOLDERS: usize = 2000;
const TOO_MANY: &str = "more than 2000 folders are below one that is watched: watch a smaller one";
const REMOTE: &str = "they are on a network or shared file system, which does not tell what others change";
const NO_MORE: &str = "the system allows no more watched folders: raise fs.inotify.max_user_watches";

/// What is told.
#[derive(Debug)]
pub(crate) enum Told {
    Changed {
        paths: Vec<PathBuf>,
        /// They bear another file or folder now, or none.
        moved: bool,
    },
    /// Too much happened to tell it all.
    Everything,
}

/// Why a folder is not watched.
#[derive(Debug)]
pub(crate) enum Unwatched {
    /// It has just gone away, of which the one above it tells.
    Gone,
    Because(String),
}

/// What watches folders, without those below them.
pub(crate) trait Teller: Send {
    fn watch(&mut self, folder: &Path) -> Result<(), Unwatched>;

    fn unwatch(&mut self, folder: &Path);
}

/// Who is told.
pub(crate) type Tell = Box<dyn Fn(Told) + Send>;

/// Begins to watch. The error is the reason why that cannot be.
pub(crate) trait Open: Fn(Tell) -> Result<Box<dyn Teller>, String> + Send + Sync + 'static {}

impl<F: Fn(Tell) -> Result<Box<dyn Teller>, String> + Send + Sync + 'static> Open for F {}

pub(super) struct Eye {
    workspace: PathBuf,
    open: Box<dyn Open>,
    watching: Mutex<Watching>,
    ear: Arc<Ear>,
}

#[derive(Default)]
struct Watching {
    teller: Option<Box<dyn Teller>>,
    /// The folders of each subscription, by their paths in the workspace.
    folders: BTreeMap<SubscriptionId, HashSet<PathBuf>>,
}

/// What the thread of the teller works on. It waits for nobody who waits for it.
#[derive(Default)]
struct Ear {
    heard: Mutex<Heard>,
    news: Notify,
}

#[derive(Default)]
struct Heard {
    /// The folders that are watched now.
    watched: HashSet<PathBuf>,
    /// What is subscribed to, by its path in the workspace.
    paths: BTreeMap<SubscriptionId, PathBuf>,
    stirred: Option<Stirred>,
}

impl Eye {
    pub(super) fn new(workspace: PathBuf, open: impl Open) -> Self {
        Self { workspace, open: Box::new(open), watching: Mutex::default(), ear: Arc::default() }
    }

    pub(super) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Begins to follow a subscription, or does so again. Blocks, as all of this does but [`Eye::stirred`].
    pub(super) fn follow(&self, id: SubscriptionId, inside: &Path) -> Following<'_> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        self.ear.heard().paths.insert(id, inside.to_owned());
        let mut missed = None;
        if watching.teller.is_none() {
            let (ear, workspace) = (Arc::clone(&self.ear), self.workspace.clone());
            match (self.open)(Box::new(move |told| ear.hear(&workspace, told))) {
                Ok(teller) => watching.teller = Some(teller),
                Err(reason) => missed = Some(reason),
            }
        }
        Following { eye: self, watching, id, folders: HashSet::new(), full: missed.is_some(), missed }
    }

    /// Whether any but these are followed.
    pub(super) fn has_others(&self, ids: &BTreeSet<SubscriptionId>) -> bool {
        self.ear.heard().paths.keys().any(|id| !ids.contains(id))
    }

    /// Follows no others than these any more.
    pub(super) fn keep(&self, ids: &BTreeSet<SubscriptionId>) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        self.ear.heard().paths.retain(|id, _| ids.contains(id));
        let (kept, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut watching.folders).into_iter().partition(|(id, _)| ids.contains(id));
        watching.folders = kept;
        if watching.folders.is_empty() {
            watching.teller = None;
            self.ear.heard().watched.clear();
        }
        gone.into_values().for_each(|folders| self.let_go(&mut watching, folders));
    }

    pub(super) async fn stirred(&self) -> Stirred {
        loop {
            self.ear.news.notified().await;
            if let Some(stirred) = self.ear.heard().stirred.take() {
                return stirred;
            }
        }
    }

    /// Watches no longer what nobody follows.
    fn let_go(&self, watching: &mut Watching, folders: HashSet<PathBuf>) {
        let Watching { teller: Some(teller), folders: followed } = watching else { return };
        for folder in folders.into_iter().filter(|one| !followed.values().any(|folders| folders.contains(one))) {
            if self.ear.heard().watched.remove(&folder) {
                teller.unwatch(&self.workspace.join(folder));
            }
        }
    }
}

/// A subscription whose folders are being looked at.
pub(super) struct Following<'a> {
    eye: &'a Eye,
    watching: MutexGuard<'a, Watching>,
    id: SubscriptionId,
    folders: HashSet<PathBuf>,
    missed: Option<String>,
    /// No more can be watched.
    full: bool,
}

impl Following<'_> {
    /// Watches a folder before it is read: what is changed in it after that is told.
    pub(super) fn visit(&mut self, folder: &Folder, path: &Path) {
        if folder.is_remote() {
            self.missed.get_or_insert_with(|| REMOTE.to_owned());
        }
        if self.folders.len() == FOLDERS {
            self.missed.get_or_insert_with(|| TOO_MANY.to_owned());
            return;
        }
        self.folders.insert(path.to_owned());
        // What is told of it meanwhile takes it out again, so it is put in before.
        let Some(teller) = self.watching.teller.as_mut().filter(|_| !self.full) else { return };
        if !self.eye.ear.heard().watched.insert(path.to_owned()) {
            return;
        }
        let Err(unwatched) = teller.watch(&self.eye.workspace.join(path)) else { return };
        self.eye.ear.heard().watched.remove(path);
        if let Unwatched::Because(reason) = unwatched {
            self.missed.get_or_insert(reason);
            self.full = true;
        }
    }

    /// Why not all changes are told.
    pub(super) fn end(mut self) -> Option<String> {
        let before = self.watching.folders.insert(self.id, std::mem::take(&mut self.folders));
        self.eye.let_go(&mut self.watching, before.unwrap_or_default());
        self.missed
    }
}

impl Ear {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, workspace: &Path, told: Told) {
        let mut heard = self.heard();
        match told {
            Told::Everything => heard.lose_all(),
            Told::Changed { paths, moved } => paths.iter().for_each(|path| match path.strip_prefix(workspace) {
                Ok(path) => heard.change(path, moved),
                Err(_) => heard.lose_all(),
            }),
        }
        if heard.stirred.is_some() {
            self.news.notify_one();
        }
    }
}

impl Heard {
    /// What is watched is watched again, for who knows what became of it.
    fn lose_all(&mut self) {
        self.watched.clear();
        self.stirred = Some(Stirred::All);
    }

    fn change(&mut self, path: &Path, moved: bool) {
        if moved && self.watched.contains(path) {
            // The folders that bear these names now, if any, are others.
            self.watched.retain(|folder| !folder.starts_with(path));
        }
        let concerned = self.paths.iter().filter(|(_, subject)| concerns(path, subject)).map(|(id, _)| *id);
        let concerned: BTreeSet<_> = concerned.collect();
        match &mut self.stirred {
            Some(Stirred::All) => {}
            Some(Stirred::These(ids)) => ids.extend(concerned),
            None if concerned.is_empty() => {}
            none => *none = Some(Stirred::These(concerned)),
        }
    }
}

/// Whether a change of one path may be one of what is watched: it is the same, below it and not hidden, or above it.
fn concerns(changed: &Path, watched: &Path) -> bool {
    let is_hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
    match changed.strip_prefix(watched) {
        Ok(below) => !below.components().any(is_hidden),
        Err(_) => watched.starts_with(changed),
    }
}

/// Watches by what the system offers.
struct OfTheSystem(RecommendedWatcher);

pub(super) fn of_the_system(tell: Tell) -> Result<Box<dyn Teller>, String> {
    let handle = move |event: notify::Result<Event>| {
        if let Some(told) = told(event) {
            tell(told);
        }
    };
    let config = Config::default().with_follow_symlinks(false);
    let watcher = RecommendedWatcher::new(handle, config).map_err(|error| {
        format!("the system watches no files ({error}): fs.inotify.max_user_instances may be too low")
    })?;
    Ok(Box::new(OfTheSystem(watcher)))
}

impl Teller for OfTheSystem {
    fn watch(&mut self, folder: &Path) -> Result<(), Unwatched> {
        self.0.watch(folder, RecursiveMode::NonRecursive).map_err(|error| match &error.kind {
            ErrorKind::MaxFilesWatch => Unwatched::Because(NO_MORE.to_owned()),
            ErrorKind::PathNotFound => Unwatched::Gone,
            ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotFound => Unwatched::Gone,
            ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotADirectory => Unwatched::Gone,
            _ => Unwatched::Because(format!("a folder cannot be watched: {error}")),
        })
    }

    fn unwatch(&mut self, folder: &Path) {
        // It may have gone away, and what watched it with it.
        let _ = self.0.unwatch(folder);
    }
}

/// What of an event matters. Looking at a folder is one too, and must not have it looked at again.
fn told(event: notify::Result<Event>) -> Option<Told> {
    let Ok(event) = event else { return Some(Told::Everything) };
    if event.need_rescan() {
        return Some(Told::Everything);
    }
    let moved = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => return None,
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => true,
        _ => false,
    };
    Some(Told::Changed { paths: event.paths, moved })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_concerns_what_is_at_below_or_above_it_and_not_hidden_files() {
        let check = |changed: &str, watched: &str| concerns(Path::new(changed), Path::new(watched));
        assert!(check("notes", "notes") && check("notes/deep/a.md", "notes") && check("a.md", ""));
        assert!(check("notes", "notes/todo.md") && check("", "notes"), "it may have gone, or come");
        assert!(!check("notes2", "notes") && !check("notes/other.md", "notes/todo.md"));
        assert!(!check("notes/.todo.swp", "notes") && !check(".git/index", ""));
        assert!(check(".config/a", ".config"), "what is watched may be hidden itself");
    }

    #[test]
    fn looking_at_files_is_no_change() {
        let event = |kind| told(Ok(Event::new(kind)));
        assert!(event(EventKind::Access(AccessKind::Open(AccessMode::Any))).is_none());
        assert!(event(EventKind::Access(AccessKind::Close(AccessMode::Read))).is_none());
        assert!(event(EventKind::Access(AccessKind::Close(AccessMode::Write))).is_some());
        let lost = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        assert!(matches!(told(Ok(lost)), Some(Told::Everything)));
    }
}
