//! A namespace of its own for each command, made by bubblewrap: the system for reading, the workspace for writing, its
//! own processes and `/tmp`, no network unless granted. Where bubblewrap cannot make one, that is found out by trying,
//! and said.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::environment::PATH;
use super::program;

/// What the host wants of namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Namespaces {
    /// One for each command where the machine can make them.
    #[default]
    Auto,
    /// No command runs without one.
    Required,
    /// None is made.
    Off,
}

/// Whether this machine can make a namespace for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    Ready(Bubblewrap),
    /// It cannot, with the reason and the remedy.
    Missing(String),
}

/// A bubblewrap that was seen to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bubblewrap {
    program: PathBuf,
    /// It knows how to bound a folder in memory and to forbid further namespaces within: since 0.8.
    modern: bool,
}

/// What a command sees of the machine.
pub(super) struct View<'a> {
    pub(super) workspace: &'a Path,
    pub(super) folder: &'a Path,
    /// For reading, in addition to the system.
    pub(super) read: &'a [PathBuf],
    /// Never, wherever it is.
    pub(super) hidden: &'a [PathBuf],
    /// A private folder of this call, seen and written to though it is among what is hidden.
    pub(super) own: Option<&'a Path>,
    pub(super) network: bool,
    /// The most that may be kept in memory as files, in bytes.
    pub(super) memory: u64,
}

/// The system's programs and libraries.
const SYSTEM: [&str; 9] =
    ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/run/current-system"];

/// Of /etc what programs need to run, to reach hosts and to show names and times; no keys and passwords.
const ETC: [&str; 19] = [
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "fonts",
    "group",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "passwd",
    "pki",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
];

const TRIAL: Duration = Duration::from_secs(10);

impl Namespace {
    /// Tries to make one.
    pub async fn find() -> Self {
        let Ok(bwrap) = program::find("bwrap", Path::new("/nonexistent")) else {
            return Self::Missing("bubblewrap is not installed: install the package bubblewrap".to_owned());
        };
        let mut reason = String::new();
        for modern in [true, false] {
            let bwrap = Bubblewrap { program: bwrap.clone(), modern };
            match bwrap.try_out().await {
                Ok(()) => return Self::Ready(bwrap),
                Err(error) => reason = error,
            }
        }
        Self::Missing(format!(
            "bubblewrap cannot make a namespace here ({reason}): allow user namespaces on this machine or in its \
             container"
        ))
    }
}

impl Bubblewrap {
    async fn try_out(&self) -> Result<(), String> {
        let nowhere = Path::new("/tmp");
        let view = View {
            workspace: nowhere,
            folder: nowhere,
            read: &[],
            hidden: &[],
            own: None,
            network: false,
            memory: 1 << 20,
        };
        let mut command = Command::new(&self.program);
        command.args(self.arguments(&view)).arg("true").env_clear().env("PATH", PATH).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let tried = tokio::time::timeout(TRIAL, command.output()).await.map_err(|_| "it does not end".to_owned())?;
        let tried = tried.map_err(|error| error.to_string())?;
        let told = String::from_utf8_lossy(&tried.stderr).lines().next().unwrap_or_default().to_owned();
        if tried.status.success() { Ok(()) } else { Err(told) }
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Everything before the command itself.
    pub(super) fn arguments(&self, view: &View) -> Vec<OsString> {
        let (mut all, size) = (Arguments::default(), self.modern.then_some(view.memory));
        all.words(&[
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--cap-drop",
            "ALL",
            "--hostname",
            "steward",
        ]);
        if self.modern {
            all.words(&["--unshare-user", "--disable-userns"]);
        }
        if view.network {
            all.words(&["--share-net"]);
        }
        for folder in SYSTEM {
            all.mount("--ro-bind-try", folder.as_ref());
        }
        for name in ETC {
            all.mount("--ro-bind-try", &Path::new("/etc").join(name));
        }
        all.words(&["--proc", "/proc", "--dev", "/dev"]);
        for folder in ["/tmp", "/dev/shm"] {
            all.empty(Path::new(folder), size);
        }
        all.words(&["--symlink", "../tmp", "/var/tmp"]);
        for folder in view.read {
            all.mount("--ro-bind-try", folder);
        }
        let seen = SYSTEM.iter().map(Path::new).chain(view.read.iter().map(PathBuf::as_path));
        let mut empty = all.hide(view.hidden, &seen.collect::<Vec<_>>(), size);
        all.mount("--bind", view.workspace);
        empty.extend(all.hide(view.hidden, &[view.workspace], size));
        if let Some(own) = view.own {
            all.mount("--bind", own);
        }
        // What bubblewrap keeps in memory to hold all these together; last, for it makes folders to mount others at.
        for folder in empty.into_iter().chain([Path::new("/dev"), Path::new("/")]) {
            all.0.extend(["--remount-ro".into(), folder.into()]);
        }
        all.0.extend(["--chdir".into(), view.folder.into(), "--".into()]);
        all.0
    }
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    /// The same path within as without.
    fn mount(&mut self, how: &str, path: &Path) {
        self.0.extend([how.into(), path.into(), path.into()]);
    }

    /// A folder in memory, of at most `size` bytes where that can be said.
    fn empty(&mut self, path: &Path, size: Option<u64>) {
        if let Some(size) = size {
            self.words(&["--size", &size.to_string()]);
        }
        self.0.extend(["--tmpfs".into(), path.into()]);
    }

    /// Puts something empty over what is in a folder that is seen. Gives the folders, which can still be written to.
    fn hide<'a>(&mut self, hidden: &'a [PathBuf], seen: &[&Path], size: Option<u64>) -> Vec<&'a Path> {
        let mut folders = Vec::new();
        for path in hidden.iter().filter(|path| seen.iter().any(|folder| path.starts_with(folder))) {
            match path.is_dir() {
                true => {
                    self.empty(path, size);
                    folders.push(path.as_path());
                }
                false if path.exists() => self.0.extend(["--ro-bind".into(), "/dev/null".into(), path.into()]),
                false => {}
            }
        }
        folders
    }
}
