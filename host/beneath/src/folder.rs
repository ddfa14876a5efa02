//! An open folder and what is read below it.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{BeneathError, Result};
use crate::metadata::{Kind, Metadata};
use crate::walk::{self, Links, Spot, Stop};

const LISTED: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A name in a folder.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name alone, without a folder.
    pub name: OsString,
    /// Of the entry itself; a link is not followed.
    pub metadata: Metadata,
}

impl Entry {
    /// The name as a path's part.
    pub fn path(&self) -> &Path {
        Path::new(&self.name)
    }
}

/// A plain file that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Open for reading.
    pub file: File,
    /// As it was when it was opened.
    pub metadata: Metadata,
}

/// Where a folder is: one that a person chose, or one below it that no link may lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    base: PathBuf,
    below: PathBuf,
}

impl Place {
    /// A folder whose own path is its person's choice.
    pub fn of(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), below: PathBuf::new() }
    }

    /// A folder of Steward's making below another one.
    pub fn below(base: impl Into<PathBuf>, below: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), below: below.into() }
    }

    /// Its path, to be shown.
    pub fn path(&self) -> PathBuf {
        self.base.join(&self.below)
    }

    /// # Errors
    /// It is not there, or is not a folder.
    pub fn open(&self) -> Result<Folder> {
        self.enter(Folder::open(&self.base)?, false)
    }

    /// Opens it, made for its owner alone where it is missing.
    ///
    /// # Errors
    /// It cannot be made, or is not a folder.
    pub fn make(&self) -> Result<Folder> {
        self.enter(Folder::make(&self.base)?, true)
    }

    fn enter(&self, base: Folder, make: bool) -> Result<Folder> {
        if self.below.as_os_str().is_empty() {
            return Ok(base);
        }
        let inner = base.strict().enter(&self.below, make)?;
        Ok(Folder { links: Links::Inside, ..inner })
    }
}

/// An open folder. What happens to its own path later does not matter to it.
#[derive(Clone, Debug)]
pub struct Folder {
    fd: Arc<OwnedFd>,
    /// What it is called in messages.
    root: PathBuf,
    links: Links,
}

impl Folder {
    /// Opens a folder where a person put it: its own path may lead through links. Below it, links that stay within are
    /// followed.
    ///
    /// # Errors
    /// It is not there, or is not a folder.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = rustix::fs::open(path, LISTED.difference(OFlags::NOFOLLOW), Mode::empty());
        let fd = opened.map_err(|error| BeneathError::io(path, Path::new("."), error))?;
        Ok(Self { fd: Arc::new(fd), root: path.to_owned(), links: Links::Inside })
    }

    /// The same for an absolute path that was resolved once before: no part of it may have become a link since.
    ///
    /// # Errors
    /// It is not there, is not a folder, or a part is a link.
    pub fn open_resolved(path: &Path) -> Result<Self> {
        let top = Self::open(Path::new("/"))?.strict();
        let below = path.strip_prefix("/").unwrap_or(path);
        let opened = if below.as_os_str().is_empty() { top } else { top.folder(below)? };
        Ok(Self { root: path.to_owned(), ..opened })
    }

    /// Opens a folder, made for its owner alone where it is missing.
    ///
    /// # Errors
    /// It cannot be made, or is not a folder.
    pub fn make(path: &Path) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|error| BeneathError::io(path, Path::new("."), error))?;
        Self::open(path)
    }

    /// A folder that is open already.
    pub fn of(file: File, root: &Path) -> Self {
        Self { fd: Arc::new(file.into()), root: root.to_owned(), links: Links::Inside }
    }

    /// The same folder without following any link below it, wherever that leads.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { links: Links::Never, ..self }
    }

    pub(crate) fn handle(&self) -> &OwnedFd {
        &self.fd
    }

    /// What it is called in messages.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Opens a folder below. Beneath it, what leads out of it leads out, even if it stays in this one.
    ///
    /// # Errors
    /// It is not there, a part of the path is not a folder, or a link on the way leads out.
    pub fn folder(&self, path: impl AsRef<Path>) -> Result<Self> {
        self.enter(path.as_ref(), false)
    }

    /// The same, made for its owner alone where it is missing.
    ///
    /// # Errors
    /// It cannot be made, a part of the path is not a folder, or a link on the way leads out.
    pub fn make_folder(&self, path: impl AsRef<Path>) -> Result<Self> {
        self.enter(path.as_ref(), true)
    }

    fn enter(&self, path: &Path, make: bool) -> Result<Self> {
        // The last name of a path is not entered, so one is put behind the folder's.
        let inner = path.join("x");
        let spot =
            walk::walk(self.fd.as_fd(), &inner, self.links, false, make).map_err(|stop| self.stopped(path, stop))?;
        let fd =
            rustix::fs::openat(self.at(&spot), ".", LISTED, Mode::empty()).map_err(|error| self.io(path, error))?;
        Ok(Self { fd: Arc::new(fd), root: self.root.join(path), links: self.links })
    }

    /// Opens a plain file for reading.
    ///
    /// # Errors
    /// It is not there, is not a plain file, or a link on the way leads out.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Opened> {
        let path = path.as_ref();
        self.plain(path, &self.spot(path, true, false)?, OFlags::RDONLY)
    }

    /// The bytes of a plain file.
    ///
    /// # Errors
    /// As [`Self::read`], or it is longer than `most`.
    pub fn bytes(&self, path: impl AsRef<Path>, most: u64) -> Result<Vec<u8>> {
        let path = path.as_ref();
        let opened = self.read(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(opened.metadata.size.min(most)).unwrap_or_default());
        // One byte more tells a file that is too long, also when it grows meanwhile.
        opened.file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| self.io(path, error))?;
        match bytes.len() as u64 > most {
            true => Err(BeneathError::TooLong { root: self.root.clone(), path: path.to_owned(), most }),
            false => Ok(bytes),
        }
    }

    /// The text of a plain file; bytes that are not text are shown as `�`.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub fn text(&self, path: impl AsRef<Path>, most: u64) -> Result<String> {
        let bytes = self.bytes(path, most)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into_owned()))
    }

    /// What bears a name, links that stay within followed.
    ///
    /// # Errors
    /// Nothing does, or a link on the way leads out.
    pub fn metadata(&self, path: impl AsRef<Path>) -> Result<Metadata> {
        let path = path.as_ref();
        let spot = self.spot(path, true, false)?;
        self.look(path, &spot)
    }

    /// What bears a name itself, which may be a link.
    ///
    /// # Errors
    /// Nothing does, or a link on the way leads out.
    pub fn link_metadata(&self, path: impl AsRef<Path>) -> Result<Metadata> {
        let path = path.as_ref();
        let spot = self.spot(path, false, false)?;
        self.look(path, &spot)
    }

    /// Where a link leads.
    ///
    /// # Errors
    /// It is none.
    pub fn link_target(&self, path: impl AsRef<Path>) -> Result<PathBuf> {
        let path = path.as_ref();
        let spot = self.spot(path, false, false)?;
        let name = spot.name.clone().unwrap_or_else(|| ".".into());
        let target = rustix::fs::readlinkat(self.at(&spot), name, Vec::new()).map_err(|error| self.io(path, error))?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// What is in this folder, in the order of names. What goes away meanwhile is left out.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let here = Path::new(".");
        let fail = |error: Errno| self.io(here, error);
        let mut entries = Vec::new();
        for entry in Dir::read_from(&*self.fd).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().to_bytes().to_owned();
            if name == b"." || name == b".." {
                continue;
            }
            let name = OsString::from_vec(name);
            if let Ok(stat) = rustix::fs::statat(&*self.fd, &name, AtFlags::SYMLINK_NOFOLLOW) {
                entries.push(Entry { name, metadata: Metadata::of(&stat) });
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// The open folder itself.
    ///
    /// # Errors
    /// The system has no room for one more.
    pub fn into_file(self) -> io::Result<File> {
        match Arc::try_unwrap(self.fd) {
            Ok(fd) => Ok(File::from(fd)),
            Err(shared) => shared.try_clone().map(File::from),
        }
    }

    /// Opens what must be a plain file, and nothing by way of a link. A pipe or a device is not even opened.
    pub(crate) fn plain(&self, path: &Path, spot: &Spot, flags: OFlags) -> Result<Opened> {
        self.must_be_plain(path, self.look(path, spot)?)?;
        let name = spot.name.clone().unwrap_or_else(|| ".".into());
        let flags = flags | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.at(spot), name, flags, Mode::empty());
        let fd = opened.map_err(|error| self.io(path, error))?;
        // It may have become another one since it was looked at.
        let metadata = Metadata::of(&rustix::fs::fstat(&fd).map_err(|error| self.io(path, error))?);
        self.must_be_plain(path, metadata)?;
        Ok(Opened { file: File::from(fd), metadata })
    }

    pub(crate) fn must_be_plain(&self, path: &Path, metadata: Metadata) -> Result<()> {
        let (root, path) = (self.root.clone(), path.to_owned());
        match metadata.kind {
            Kind::File => Ok(()),
            Kind::Link => Err(BeneathError::Link { root, path }),
            kind => Err(BeneathError::NotPlain { root, path, kind }),
        }
    }

    pub(crate) fn look(&self, path: &Path, spot: &Spot) -> Result<Metadata> {
        let name = spot.name.clone().unwrap_or_else(|| ".".into());
        let stat = rustix::fs::statat(self.at(spot), name, AtFlags::SYMLINK_NOFOLLOW);
        stat.map(|stat| Metadata::of(&stat)).map_err(|error| self.io(path, error))
    }

    /// Where a path ends. `last` follows its last name too, `make` makes the folders on the way.
    pub(crate) fn spot(&self, path: &Path, last: bool, make: bool) -> Result<Spot> {
        walk::walk(self.fd.as_fd(), path, self.links, last, make).map_err(|stop| self.stopped(path, stop))
    }

    pub(crate) fn at<'a>(&'a self, spot: &'a Spot) -> BorrowedFd<'a> {
        spot.folder.as_ref().map_or_else(|| self.fd.as_fd(), AsFd::as_fd)
    }

    pub(crate) fn io(&self, path: &Path, error: impl Into<io::Error>) -> BeneathError {
        BeneathError::io(&self.root, path, error)
    }

    fn stopped(&self, path: &Path, stop: Stop) -> BeneathError {
        let (root, named) = (self.root.clone(), path.to_owned());
        match stop {
            Stop::Outside => BeneathError::Outside { root, path: named },
            Stop::Link => BeneathError::Link { root, path: named },
            Stop::NotFolder => BeneathError::NotFolder { root, path: named },
            Stop::System(error) => self.io(path, error),
        }
    }
}
