//! What is written below a folder: files and folders for their owner alone, and a file is the old one or the new one.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{BeneathError, Result};
use crate::folder::Folder;
use crate::walk::Spot;

/// Ends the names of files that are not whole yet.
const PART: &str = ".part";

impl Folder {
    /// Opens a plain file for reading and for adding at its end, made with its folders where it is missing. The name of
    /// a new one is on disk when this returns.
    ///
    /// # Errors
    /// It is not a plain file, cannot be written, or a link on the way leads out.
    pub fn append(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let spot = self.spot(path, true, true)?;
        let adding = OFlags::RDWR | OFlags::APPEND;
        match self.new_file(path, &spot, adding, Mode::RUSR | Mode::WUSR) {
            Ok(made) => {
                self.sync_names(path, &spot)?;
                Ok(made)
            }
            Err(BeneathError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                Ok(self.plain(path, &spot, adding)?.file)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a file that is not there yet, with its folders; the last name is never followed as a link.
    ///
    /// # Errors
    /// Something of that name is there, or it cannot be written.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<File> {
        let path = path.as_ref();
        let spot = self.spot(path, false, true)?;
        self.new_file(path, &spot, OFlags::RDWR, Mode::RUSR | Mode::WUSR)
    }

    /// Puts a whole file in the place of another one, whose rights it keeps, or makes it, with its folders. It is on
    /// disk when this returns, and wherever the process ends there is the old one or the new one.
    ///
    /// # Errors
    /// It cannot be written, something other than a file bears the name, or a link on the way leads out.
    pub fn replace(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
        let path = path.as_ref();
        let spot = self.spot(path, true, true)?;
        let mode = match self.look(path, &spot) {
            Ok(there) => {
                self.must_be_plain(path, there)?;
                Mode::from_raw_mode(there.mode as _)
            }
            Err(error) if error.is_missing() => Mode::RUSR | Mode::WUSR,
            Err(error) => return Err(error),
        };
        let (name, draft) = (spot.name.clone().unwrap_or_default(), draft());
        let written = self.write_draft(path, &spot, &draft, bytes, mode).and_then(|()| {
            let renamed = rustix::fs::renameat(self.at(&spot), &draft, self.at(&spot), &name);
            renamed.map_err(|error| self.io(path, error))
        });
        if let Err(error) = written {
            // The first error is the one to tell.
            let _ = rustix::fs::unlinkat(self.at(&spot), &draft, AtFlags::empty());
            return Err(error);
        }
        self.sync_names(path, &spot)
    }

    fn write_draft(&self, path: &Path, spot: &Spot, draft: &str, bytes: &[u8], mode: Mode) -> Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.at(spot), draft, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(opened.map_err(|error| self.io(path, error))?);
        let written = file.write_all(bytes).and_then(|()| Ok(rustix::fs::fchmod(&file, mode)?));
        written.and_then(|()| file.sync_all()).map_err(|error| self.io(path, error))
    }

    /// Gives a file another name in the place of whatever file or link bears it. Neither name is followed as a link.
    ///
    /// # Errors
    /// There is nothing to rename, or a folder bears the new name.
    pub fn rename(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
        let (from, to) = (from.as_ref(), to.as_ref());
        let (old, new) = (self.spot(from, false, false)?, self.spot(to, false, true)?);
        let (Some(old_name), Some(new_name)) = (&old.name, &new.name) else {
            return Err(self.io(to, Errno::INVAL));
        };
        let renamed = rustix::fs::renameat(self.at(&old), old_name, self.at(&new), new_name);
        renamed.map_err(|error| self.io(to, error))?;
        self.sync_names(to, &new)
    }

    /// Removes a file, or a link and not what it leads to.
    ///
    /// # Errors
    /// It is not there, or is a folder.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let spot = self.spot(path, false, false)?;
        let name = spot.name.clone().unwrap_or_else(|| ".".into());
        rustix::fs::unlinkat(self.at(&spot), name, AtFlags::empty()).map_err(|error| self.io(path, error))
    }

    /// Gives a plain file rights for owner, group and others.
    ///
    /// # Errors
    /// It is not a plain file, or another user's.
    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) -> Result<()> {
        let path = path.as_ref();
        let spot = self.spot(path, false, false)?;
        let opened = self.plain(path, &spot, OFlags::RDONLY)?;
        let mode = Mode::from_raw_mode((mode & 0o777) as _);
        rustix::fs::fchmod(&opened.file, mode).map_err(|error| self.io(path, error))
    }

    /// Makes a link, which may lead anywhere.
    ///
    /// # Errors
    /// Something of that name is there, or it cannot be written.
    pub fn make_link(&self, path: impl AsRef<Path>, target: &Path) -> Result<()> {
        let path = path.as_ref();
        let spot = self.spot(path, false, true)?;
        let name = spot.name.clone().unwrap_or_else(|| ".".into());
        rustix::fs::symlinkat(target, self.at(&spot), name).map_err(|error| self.io(path, error))
    }

    /// Has the names in this folder on disk.
    ///
    /// # Errors
    /// The disk fails.
    pub fn sync(&self) -> Result<()> {
        self.sync_names(Path::new("."), &Spot { folder: None, name: None })
    }

    fn new_file(&self, path: &Path, spot: &Spot, access: OFlags, mode: Mode) -> Result<File> {
        let flags = access | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let name = spot.name.as_deref().unwrap_or_else(|| OsStr::new("."));
        rustix::fs::openat(self.at(spot), name, flags, mode).map(File::from).map_err(|error| self.io(path, error))
    }

    fn sync_names(&self, path: &Path, spot: &Spot) -> Result<()> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(self.at(spot), ".", flags, Mode::empty());
        let synced = opened.and_then(|folder| rustix::fs::fsync(&folder));
        synced.map_err(|error| self.io(path, error))
    }
}

/// A hidden name in the same folder that nobody else has.
fn draft() -> String {
    format!(".{:016x}{PART}", rand::random::<u64>())
}
