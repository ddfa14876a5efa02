//! Files of a folder, opened part by part without following a link, so that nobody who writes to the workspace can
//! lead the host elsewhere, not even at this moment. Only plain files are read; pipes and devices are refused.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::bindings::Failure;

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    /// How messages call it.
    shown: PathBuf,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const NEW: OFlags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    /// A folder by its real path.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let fd = rustix::fs::open(path, FOLDER, Mode::empty());
        let fd = fd.map_err(|error| Failure::Unavailable(format!("{} cannot be used: {error}", path.display())))?;
        Ok(Self { fd, shown: PathBuf::new() })
    }

    /// A folder beneath it; `None` if there is none.
    pub(super) fn inner(&self, path: &Path) -> Result<Option<Self>, Failure> {
        let fd = self.fd.try_clone().map_err(|error| Failure::Unavailable(error.to_string()))?;
        let mut at = Self { fd, shown: self.shown.clone() };
        for part in parts(path)? {
            let shown = at.shown.join(part);
            at = match openat(&at.fd, part, FOLDER, Mode::empty()) {
                Ok(fd) => Self { fd, shown },
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(refused(&shown, error)),
            };
        }
        Ok(Some(at))
    }

    /// The same, made where it is missing.
    pub(super) fn made(&self, path: &Path) -> Result<Self, Failure> {
        let fd = self.fd.try_clone().map_err(|error| Failure::Unavailable(error.to_string()))?;
        let mut at = Self { fd, shown: self.shown.clone() };
        for part in parts(path)? {
            let shown = at.shown.join(part);
            match mkdirat(&at.fd, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(refused(&shown, error)),
            }
            let fd = openat(&at.fd, part, FOLDER, Mode::empty()).map_err(|error| refused(&shown, error))?;
            at = Self { fd, shown };
        }
        Ok(at)
    }

    /// What stands under a name, links not followed.
    pub(super) fn kind(&self, name: impl AsRef<Path>) -> Option<FileType> {
        let found = statat(&self.fd, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
        Some(FileType::from_raw_mode(found.st_mode))
    }

    /// A file beneath it, of at most so many bytes; `None` if there is none.
    pub(super) fn read(&self, path: impl AsRef<Path>, most: u64) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.read_dated(path, most)?.map(|(bytes, _)| bytes))
    }

    /// The same, with when it was changed last.
    pub(super) fn read_dated(
        &self,
        path: impl AsRef<Path>,
        most: u64,
    ) -> Result<Option<(Vec<u8>, SystemTime)>, Failure> {
        let path = path.as_ref();
        let Some((folder, name)) = self.parent(path)? else { return Ok(None) };
        let shown = self.shown.join(path);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(&folder.fd, name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(refused(&shown, error)),
        };
        let wrong = |error: std::io::Error| Failure::Failed(format!("`{}` cannot be read: {error}", shown.display()));
        let about = file.metadata().map_err(wrong)?;
        if !about.is_file() {
            return Err(Failure::Denied(format!("`{}` is not a plain file: remove it first", shown.display())));
        }
        if about.len() > most {
            return Err(Failure::Denied(format!(
                "`{}` is longer than {most} bytes, which no git needs",
                shown.display()
            )));
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(wrong)?;
        Ok(Some((bytes, about.modified().map_err(wrong)?)))
    }

    /// Everything in it.
    pub(super) fn entries(&self) -> Result<Vec<(OsString, FileType)>, Failure> {
        let wrong = |error: Errno| refused(&self.shown, error);
        let mut all = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => self.kind(&name).unwrap_or(FileType::Unknown),
                known => known,
            };
            all.push((name, kind));
        }
        Ok(all)
    }

    /// Puts a file in place of another, at once.
    pub(super) fn write(&self, path: &Path, bytes: &[u8], changed: Option<SystemTime>) -> Result<(), Failure> {
        let (folder, name) = self.made_parent(path)?;
        let mut lock = name.to_owned();
        lock.push(".lock");
        let shown = self.shown.join(path);
        let fd =
            openat(&folder.fd, &lock, NEW | OFlags::EXCL, Mode::from_raw_mode(0o666)).map_err(|error| match error {
                Errno::EXIST => Failure::Unavailable(format!(
                    "`{}` is being changed by another git just now: try again, or remove `{0}.lock` if none runs",
                    shown.display()
                )),
                error => refused(&shown, error),
            })?;
        let mut file = File::from(fd);
        let written = file.write_all(bytes).and_then(|()| changed.map_or(Ok(()), |time| file.set_modified(time)));
        let placed = written
            .map_err(|error| error.to_string())
            .and_then(|()| renameat(&folder.fd, &lock, &folder.fd, name).map_err(|error| error.to_string()));
        placed.map_err(|error| {
            let _ = unlinkat(&folder.fd, &lock, AtFlags::empty());
            Failure::Failed(format!("`{}` cannot be written: {error}", shown.display()))
        })
    }

    pub(super) fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        let (folder, name) = self.made_parent(path)?;
        let flags = NEW | OFlags::APPEND | OFlags::NONBLOCK;
        let shown = self.shown.join(path);
        let fd = openat(&folder.fd, name, flags, Mode::from_raw_mode(0o666)).map_err(|error| refused(&shown, error))?;
        let mut file = File::from(fd);
        let plain = file.metadata().is_ok_and(|about| about.is_file());
        let written = if plain { file.write_all(bytes).map_err(|error| error.to_string()) } else { Ok(()) };
        written.map_err(|error| Failure::Failed(format!("`{}` cannot be written: {error}", shown.display())))
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) {
        // Another git may have removed it meanwhile.
        let _ = unlinkat(&self.fd, name, AtFlags::empty());
    }

    /// Moves a file or folder from outside to a name that is free; whether that went without copying.
    pub(super) fn take(&self, from: &Path, name: &OsStr) -> Result<bool, Failure> {
        match renameat(rustix::fs::CWD, from, &self.fd, name) {
            Ok(()) => Ok(true),
            Err(Errno::XDEV) => Ok(false),
            Err(error) => Err(refused(&self.shown.join(name), error)),
        }
    }

    /// Copies a file, folder or link from outside, with all beneath it.
    pub(super) fn copy(&self, from: &Path, name: &OsStr) -> Result<(), Failure> {
        let shown = self.shown.join(name);
        let wrong =
            |error: std::io::Error| Failure::Failed(format!("`{}` cannot be written: {error}", shown.display()));
        let about = std::fs::symlink_metadata(from).map_err(wrong)?;
        if about.is_symlink() {
            let to = std::fs::read_link(from).map_err(wrong)?;
            return rustix::fs::symlinkat(&to, &self.fd, name).map_err(|error| refused(&shown, error));
        }
        if about.is_dir() {
            let folder = self.made(Path::new(name))?;
            for entry in std::fs::read_dir(from).map_err(wrong)? {
                let entry = entry.map_err(wrong)?;
                folder.copy(&entry.path(), &entry.file_name())?;
            }
            return Ok(());
        }
        use std::os::unix::fs::PermissionsExt as _;
        let mode = Mode::from_raw_mode(about.permissions().mode() & 0o777);
        let fd = openat(&self.fd, name, NEW | OFlags::EXCL, mode).map_err(|error| refused(&shown, error))?;
        let mut file = File::from(fd);
        std::io::copy(&mut File::open(from).map_err(wrong)?, &mut file).map_err(wrong)?;
        about.modified().and_then(|time| file.set_modified(time)).map_err(wrong)
    }

    fn parent<'a>(&self, path: &'a Path) -> Result<Option<(Self, &'a OsStr)>, Failure> {
        let (above, name) = split(path)?;
        Ok(self.inner(above)?.map(|folder| (folder, name)))
    }

    fn made_parent<'a>(&self, path: &'a Path) -> Result<(Self, &'a OsStr), Failure> {
        let (above, name) = split(path)?;
        Ok((self.made(above)?, name))
    }
}

fn split(path: &Path) -> Result<(&Path, &OsStr), Failure> {
    match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) => Ok((above, name)),
        _ => Err(Failure::Denied(format!("`{}` is not the name of a file", path.display()))),
    }
}

fn parts(path: &Path) -> Result<Vec<&OsStr>, Failure> {
    let part = |part| match part {
        Component::Normal(name) => Ok(name),
        _ => Err(Failure::Denied(format!("`{}` leads out of its folder", path.display()))),
    };
    path.components().filter(|part| *part != Component::CurDir).map(part).collect()
}

fn refused(shown: &Path, error: Errno) -> Failure {
    let shown = shown.display();
    match error {
        // A link where a file is opened, or where a folder is.
        Errno::LOOP | Errno::MLINK | Errno::NOTDIR => Failure::Denied(format!(
            "`{shown}` is a link or not what git keeps there, and git is not led elsewhere: put the real thing in its \
             place"
        )),
        error => Failure::Failed(format!("`{shown}` cannot be used: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_link_is_followed_and_no_pipe_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::create_dir_all(inside.join("a")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("key"), "secret").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("key"), inside.join("a/key")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, inside.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0)
            .unwrap();
        let root = Folder::open(&inside).unwrap();
        for path in ["link/key", "a/key", "pipe", "../out/key"] {
            assert!(matches!(root.read(path, 100), Err(Failure::Denied(_))), "{path}");
        }
        for path in ["link/new", "../new"] {
            assert!(root.write(Path::new(path), b"x", None).is_err(), "{path}");
            assert!(root.append(Path::new(path), b"x").is_err(), "{path}");
        }
        assert!(root.append(Path::new("a/key"), b"x").is_err());
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(std::fs::read_to_string(outside.join("key")).unwrap(), "secret");
        root.write(Path::new("b/c"), b"x", None).unwrap();
        // In place of a link, not through it.
        root.write(Path::new("a/key"), b"x", None).unwrap();
        assert_eq!(root.read("a/key", 100).unwrap().unwrap(), b"x");
        assert_eq!(root.read("none/x", 100).unwrap(), None);
    }
}
