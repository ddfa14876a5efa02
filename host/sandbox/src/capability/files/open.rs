//! Opening what a guest names. WASI's own implementation waits for whoever is at the other end of a pipe, on a thread that
//! nothing can end; here only files and folders are opened, and nothing is waited for.

use std::fs::File;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::filesystem::{self, Descriptor, Dir};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

/// How a guest wants something opened.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) path_flags: PathFlags,
    pub(super) open_flags: OpenFlags,
    pub(super) flags: DescriptorFlags,
}

impl Wanted {
    fn mode(self) -> OpenMode {
        let makes = self.open_flags.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE);
        let writes = self.flags.contains(DescriptorFlags::WRITE);
        // Without writing it is opened for reading, whether or not that was asked for: something must be.
        let reads = self.flags.contains(DescriptorFlags::READ) || !writes;
        let mode = if reads { OpenMode::READ } else { OpenMode::empty() };
        if makes || writes { mode | OpenMode::WRITE } else { mode }
    }

    /// Whether WASI's own implementation refuses it whatever there is.
    fn is_refused(self, dir: &Dir) -> bool {
        let at_once = DescriptorFlags::FILE_INTEGRITY_SYNC
            | DescriptorFlags::DATA_INTEGRITY_SYNC
            | DescriptorFlags::REQUESTED_WRITE_SYNC;
        let makes = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
        self.flags.intersects(at_once)
            || (self.open_flags.contains(OpenFlags::DIRECTORY) && self.open_flags.intersects(makes))
            || (dir.perms.write_not_permitted() && self.mode().contains(OpenMode::WRITE))
    }
}

/// Pipes, sockets and devices: a guest can see them and not open them.
pub(super) fn is_refused(kind: DescriptorType) -> bool {
    !matches!(kind, DescriptorType::RegularFile | DescriptorType::Directory | DescriptorType::SymbolicLink)
}

pub(super) fn refused() -> FsError {
    ErrorCode::Unsupported.into()
}

/// Opens a file or a folder beneath another. `None` where it is for WASI's own implementation to say what is wrong, or
/// where the system cannot open without waiting.
pub(super) async fn open(dir: &Dir, path: &str, wanted: Wanted) -> FsResult<Option<Descriptor>> {
    if wanted.is_refused(dir) {
        return Ok(None);
    }
    let (beneath, path) = (Arc::clone(&dir.dir), path.to_owned());
    let opened = spawn_blocking(move || open_now(&beneath, &path, wanted)).await;
    let Some(file) = opened.map_err(FsError::trap)?? else { return Ok(None) };
    let about = file.metadata()?;
    let (perms, mode) = (dir.perms, wanted.mode());
    match about.is_dir() {
        true => Ok(Some(Descriptor::Dir(Dir::new(file, perms, mode, false)))),
        false if wanted.open_flags.contains(OpenFlags::DIRECTORY) => Err(ErrorCode::NotDirectory.into()),
        false if !about.is_file() => Err(refused()),
        false => Ok(Some(Descriptor::File(filesystem::File::new(file, perms, mode, false)))),
    }
}

/// Opens what a path leads to, to have its times set; `None` as of [`open`].
pub(super) async fn open_for_times(dir: &Dir, path: &str) -> FsResult<Option<Descriptor>> {
    let (path_flags, open_flags) = (PathFlags::SYMLINK_FOLLOW, OpenFlags::empty());
    match open(dir, path, Wanted { path_flags, open_flags, flags: DescriptorFlags::WRITE }).await {
        // A folder, or a file that may only be read.
        Err(_) => open(dir, path, Wanted { path_flags, open_flags, flags: DescriptorFlags::READ }).await,
        opened => opened,
    }
}

/// As WASI's own implementation opens it, but without waiting.
#[cfg(target_os = "linux")]
fn open_now(beneath: &File, path: &str, wanted: Wanted) -> FsResult<Option<File>> {
    use rustix::fs::{Mode, ResolveFlags, openat2};
    use rustix::io::Errno;

    let flags = system_flags(wanted);
    let rights = if wanted.open_flags.contains(OpenFlags::CREATE) { 0o666 } else { 0 };
    // A renaming anywhere on the machine may disturb it.
    for _ in 0..4 {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        return match openat2(beneath, path, flags, Mode::from_raw_mode(rights), resolve) {
            Ok(file) => Ok(Some(File::from(file))),
            Err(Errno::AGAIN) => continue,
            // An old system, or a container without this call.
            Err(Errno::NOSYS | Errno::PERM) => Ok(None),
            Err(Errno::XDEV) => Err(ErrorCode::NotPermitted.into()),
            // A socket, or a pipe that nobody reads.
            Err(Errno::NXIO) => Err(refused()),
            Err(error) => Err(std::io::Error::from(error).into()),
        };
    }
    Ok(None)
}

#[cfg(not(target_os = "linux"))]
fn open_now(_: &File, _: &str, _: Wanted) -> FsResult<Option<File>> {
    Ok(None)
}

#[cfg(target_os = "linux")]
fn system_flags(wanted: Wanted) -> rustix::fs::OFlags {
    use rustix::fs::OFlags;

    let mode = wanted.mode();
    let mut flags = OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    flags |= match (mode.contains(OpenMode::READ), mode.contains(OpenMode::WRITE)) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        (_, false) => OFlags::RDONLY,
    };
    flags.set(OFlags::NOFOLLOW, !wanted.path_flags.contains(PathFlags::SYMLINK_FOLLOW));
    let creates = wanted.open_flags.contains(OpenFlags::CREATE);
    flags.set(OFlags::CREATE, creates);
    flags.set(OFlags::EXCL, creates && wanted.open_flags.contains(OpenFlags::EXCLUSIVE));
    flags.set(OFlags::TRUNC, wanted.open_flags.contains(OpenFlags::TRUNCATE));
    flags
}
