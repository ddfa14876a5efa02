//! A bound on processes that the kernel itself keeps, for what multiplies faster than anyone can look. Root has no
//! limit of its own, so it takes a control group for each command; anybody else is held by the limit of their user.

use std::fs::{self, File};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Where groups that count processes are: in the first version of the kernel's interface, then in the second.
const BASES: [&str; 2] = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];
/// An empty group that is older was left when the program was killed, or when a command was given up.
const YOUNG: Duration = Duration::from_secs(60);

/// A control group. It is removed when this is dropped, or some time later if something in it is still dying.
#[derive(Debug)]
pub(super) struct ControlGroup {
    folder: PathBuf,
    entrance: Arc<File>,
}

/// The way into a group for a process that is about to start.
#[derive(Clone, Debug)]
pub(super) struct Entrance(Arc<File>);

impl ControlGroup {
    /// A group for so many threads of processes; `None` where none can be made.
    pub(super) fn make(most: u64) -> Option<Self> {
        let base = BASES.map(Path::new).into_iter().find(|base| counts_processes(base))?;
        sweep(base);
        let folder = base.join(format!("steward-{}-{:016x}", std::process::id(), rand::random::<u64>()));
        fs::create_dir(&folder).ok()?;
        let entrance = fs::write(folder.join("pids.max"), most.to_string());
        let entrance = entrance.and_then(|()| File::options().write(true).open(folder.join("cgroup.procs")));
        match entrance {
            Ok(entrance) => Some(Self { folder, entrance: Arc::new(entrance) }),
            Err(_) => {
                let _ = fs::remove_dir(&folder);
                None
            }
        }
    }

    pub(super) fn entrance(&self) -> Entrance {
        Entrance(Arc::clone(&self.entrance))
    }

    /// The processes in it.
    pub(super) fn members(&self) -> Vec<i32> {
        let listed = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        listed.lines().filter_map(|line| line.parse().ok()).collect()
    }
}

impl Entrance {
    /// Puts the calling process in. It makes one system call.
    pub(super) fn enter(&self) -> rustix::io::Result<()> {
        rustix::io::write(self.0.as_fd(), b"0").map(drop)
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        // Not while something in it is dying: then it is swept up later.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn counts_processes(base: &Path) -> bool {
    let offered = fs::read_to_string(base.join("cgroup.subtree_control"));
    let of_second = offered.is_ok_and(|offered| offered.split_whitespace().any(|one| one == "pids"));
    of_second || (base.ends_with("pids") && base.join("cgroup.procs").exists())
}

/// Removes groups that are left over; one that holds a process cannot be removed.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with("steward-"));
        let made = entry.metadata().and_then(|folder| folder.modified()).unwrap_or(SystemTime::now());
        if is_ours && made.elapsed().is_ok_and(|age| age > YOUNG) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// How many threads the user of this process has now.
pub(super) fn threads_of_user() -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    let user = rustix::process::getuid().as_raw();
    let of_user = |entry: &fs::DirEntry| entry.metadata().is_ok_and(|folder| folder.uid() == user);
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = folders.filter(of_user).filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let threads = stats.filter_map(|stat| stat.get(stat.rfind(')')? + 2..)?.split(' ').nth(17)?.parse::<u64>().ok());
    threads.sum()
}
