//! From a path to the open folder that holds its last name. Each part is opened from the folder before it and never
//! through a link; a link that stays beneath is read and walked like a path, where that is allowed. `..` goes back to a
//! folder that is already open, so nothing that is moved meanwhile leads out.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// More links on one way lead round and round.
const LINKS: usize = 40;

/// What folders on the way are opened with: only to go on from there, which needs no right to list them.
#[cfg(any(target_os = "linux", target_os = "android"))]
const STEP: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const STEP: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Whether links that stay beneath the folder are followed; others never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    Inside,
    Never,
}

/// Why a way ends.
pub(crate) enum Stop {
    Outside,
    /// It may be followed nowhere, wherever it leads.
    Link,
    NotFolder,
    System(Errno),
}

impl From<Errno> for Stop {
    fn from(error: Errno) -> Self {
        Self::System(error)
    }
}

/// Where a way ends: a name in an open folder, or a folder itself.
pub(crate) struct Spot {
    /// `None` is the folder the way began at.
    pub(crate) folder: Option<OwnedFd>,
    pub(crate) name: Option<OsString>,
}

enum Part {
    Up,
    Name(OsString),
}

/// A way under way.
struct Walk<'a> {
    root: BorrowedFd<'a>,
    open: Vec<OwnedFd>,
    ahead: VecDeque<Part>,
    links: Links,
    followed: usize,
    /// Folders that are missing are made.
    make: bool,
}

/// Walks to the last name of a path. The last name itself is followed as a link only with `last`.
pub(crate) fn walk(root: BorrowedFd<'_>, path: &Path, links: Links, last: bool, make: bool) -> Result<Spot, Stop> {
    let ahead = parts(path)?;
    let mut walk = Walk { root, open: Vec::new(), ahead, links, followed: 0, make };
    while let Some(part) = walk.ahead.pop_front() {
        match part {
            Part::Up => walk.open.pop().map(drop).ok_or(Stop::Outside)?,
            Part::Name(name) if walk.ahead.is_empty() => {
                if last && walk.follow(&name)? {
                    continue;
                }
                return Ok(Spot { folder: walk.open.pop(), name: Some(name) });
            }
            Part::Name(name) => walk.enter(&name)?,
        }
    }
    Ok(Spot { folder: walk.open.pop(), name: None })
}

/// The parts of a path; one that begins elsewhere leads out.
fn parts(path: &Path) -> Result<VecDeque<Part>, Stop> {
    let part = |part: Component<'_>| match part {
        Component::Normal(name) => Some(Ok(Part::Name(name.to_owned()))),
        Component::ParentDir => Some(Ok(Part::Up)),
        Component::CurDir => None,
        Component::RootDir | Component::Prefix(_) => Some(Err(Stop::Outside)),
    };
    path.components().filter_map(part).collect()
}

impl Walk<'_> {
    fn at(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.root, |folder| folder.as_fd())
    }

    fn enter(&mut self, name: &OsStr) -> Result<(), Stop> {
        let opened = match rustix::fs::openat(self.at(), name, STEP, Mode::empty()) {
            Err(Errno::NOENT) if self.make => match rustix::fs::mkdirat(self.at(), name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => rustix::fs::openat(self.at(), name, STEP, Mode::empty()),
                Err(error) => Err(error),
            },
            opened => opened,
        };
        match opened {
            Ok(folder) => self.open.push(folder),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                if !self.follow(name)? {
                    return Err(Stop::NotFolder);
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Goes by way of a link; `false` where there is none.
    fn follow(&mut self, name: &OsStr) -> Result<bool, Stop> {
        let target = match rustix::fs::readlinkat(self.at(), name, Vec::new()) {
            Ok(target) => target,
            Err(Errno::INVAL | Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.followed += 1;
        if self.links == Links::Never {
            return Err(Stop::Link);
        }
        if self.followed > LINKS {
            return Err(Stop::Outside);
        }
        let target = PathBuf::from(OsStr::from_bytes(target.as_bytes()));
        for part in parts(&target)?.into_iter().rev() {
            self.ahead.push_front(part);
        }
        Ok(true)
    }
}
