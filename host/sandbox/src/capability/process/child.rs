//! One program from its start to its end. However it ends, and when the one who waits for it goes away, everything it
//! has started ends with it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use steward_agent::bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{interval_at, sleep, timeout};

use super::group::{ControlGroup, Entrance, threads_of_user};
use super::output::{FLOOD, Output};
use super::tree::{self, Member};
use crate::bindings::Failure;
use crate::bindings::wit::process::Ending;
use crate::private::mask_of_programs;

/// How often a command's memory and processes are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often somebody is shown that it goes on.
const SHOW_EVERY: Duration = Duration::from_secs(5);
/// How long what was killed may take to be gone, and its pipes to be empty.
const GONE: Duration = Duration::from_secs(5);
/// Processes that bubblewrap itself is.
const OWN: usize = 2;
/// Threads that the kernel lets a command have for each process it may have, so that what is over is seen and said
/// before it is refused; and some for those who have few.
const THREADS: u64 = 4;
const SPARE: u64 = 16;
/// How much a command stands back when the processor is wanted by others, the assistant among them.
const NICE: i32 = 5;

/// A program to be started.
pub(super) struct Plan {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) folder: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    pub(super) input: Option<Vec<u8>>,
    /// It is bubblewrap, which ends all that it holds.
    pub(super) namespaced: bool,
    /// Where there is no namespace: a variable by which what it started is known, as `NAME=value`.
    pub(super) mark: Option<String>,
}

/// What it is held to.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) time: Duration,
    /// Bytes, of all its processes together; no single one can ask the system for more either.
    pub(super) memory: u64,
    /// The largest file, in bytes.
    pub(super) file: u64,
    pub(super) processes: usize,
}

/// Runs it to its end, with what it prints going to the two outputs and its last line to `show` now and then.
///
/// # Errors
/// It could not be started.
pub(super) async fn run(
    mut plan: Plan,
    bounds: Bounds,
    (output, errors): (&Output, &Output),
    mut show: impl FnMut(String),
) -> Result<Ending, Failure> {
    let input = plan.input.take();
    let held = Held::by(bounds).await;
    let mut child = start(&plan, bounds, &held)
        .map_err(|error| Failure::Unavailable(format!("{} could not be started: {error}", plan.program.display())))?;
    let Some(root) = child.id().and_then(|id| i32::try_from(id).ok()) else {
        return Err(Failure::Failed("the program ended before it could be looked after".to_owned()));
    };
    let group = Group { root, held, namespaced: plan.namespaced, mark: plan.mark, seen: Mutex::default() };
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut reading = pin!(async {
        let (flooded, complained, ()) = tokio::join!(output.read(pipes.1), errors.read(pipes.2), feed(pipes.0, input));
        flooded || complained
    });
    let mut flooded = None;
    let (mut over, mut late) = (pin!(group.watch(bounds)), pin!(sleep(bounds.time)));
    let mut ticks = interval_at(tokio::time::Instant::now() + SHOW_EVERY, SHOW_EVERY);
    let ending = loop {
        tokio::select! {
            flood = &mut reading, if flooded.is_none() => flooded = Some(flood),
            status = child.wait() => break ended(status),
            why = &mut over => break Ending::Ended(why),
            () = &mut late => break Ending::Ended(format!("it took longer than {} s", bounds.time.as_secs_f32())),
            _ = ticks.tick() => if let Some(line) = output.last_line().or_else(|| errors.last_line()) { show(line) },
        }
    };
    group.end();
    // What was killed is taken note of; it cannot refuse to die, only take a moment.
    let _ = timeout(GONE, child.wait()).await;
    if flooded.is_none() {
        flooded = timeout(GONE, reading).await.ok();
    }
    let _ = timeout(GONE, group.gone()).await;
    match flooded {
        Some(true) => Ok(Ending::Ended(format!("it printed more than {}", bytes(FLOOD)))),
        _ => Ok(ending),
    }
}

#[expect(
    unsafe_code,
    reason = "bounds are set in the new process before the program is in it; there is no other place"
)]
fn start(plan: &Plan, bounds: Bounds, held: &Held) -> io::Result<Child> {
    let mut command = Command::new(&plan.program);
    command.args(&plan.arguments).current_dir(&plan.folder).env_clear();
    command.envs(plan.environment.iter().map(|(name, value)| (name, value)));
    if let Some((name, value)) = plan.mark.as_deref().and_then(|mark| mark.split_once('=')) {
        command.env(name, value);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mask = mask_of_programs();
    let (entrance, threads) = (held.group.as_ref().map(ControlGroup::entrance), held.threads);
    // SAFETY: between fork and exec it makes system calls alone: it neither allocates nor locks.
    unsafe {
        command.pre_exec(move || {
            if let Some(mask) = mask {
                rustix::process::umask(mask);
            }
            confine(bounds, entrance.as_ref(), threads).map_err(io::Error::from)
        });
    }
    command.spawn()
}

/// What the new process does to itself before it becomes the program.
fn confine(bounds: Bounds, entrance: Option<&Entrance>, threads: u64) -> rustix::io::Result<()> {
    if let Some(entrance) = entrance {
        entrance.enter()?;
    }
    limit(Resource::Nproc, threads)?;
    rustix::process::setpriority_process(None, NICE)?;
    rustix::process::setsid()?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // What it leaves behind becomes its child again, so that it is found.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    limit(Resource::Core, 0)?;
    limit(Resource::Data, bounds.memory)?;
    limit(Resource::Fsize, bounds.file)?;
    // If nobody looks after it any more, that is where it ends.
    limit(Resource::Cpu, bounds.time.as_secs() + 5)
}

fn limit(resource: Resource, wanted: u64) -> rustix::io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(wanted, |most| most.min(wanted));
    setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
}

/// Writes the input; a program that does not read it to its end is no fault.
async fn feed(pipe: Option<ChildStdin>, input: Option<Vec<u8>>) {
    if let (Some(mut pipe), Some(input)) = (pipe, input) {
        let _ = pipe.write_all(&input).await;
    }
}

fn ended(status: io::Result<ExitStatus>) -> Ending {
    use std::os::unix::process::ExitStatusExt as _;
    match status.map(|status| (status.code(), status.signal())) {
        Ok((Some(code), _)) => Ending::Exited(code),
        Ok((None, signal)) => Ending::Killed(signal.unwrap_or_default()),
        Err(error) => Ending::Ended(format!("it cannot be waited for: {error}")),
    }
}

/// What keeps the number of processes down.
struct Held {
    group: Option<ControlGroup>,
    /// The most threads of this user while it runs.
    threads: u64,
}

impl Held {
    async fn by(bounds: Bounds) -> Self {
        let most = bounds.processes as u64 * THREADS + SPARE;
        let held = move || Self { group: ControlGroup::make(most), threads: threads_of_user().saturating_add(most) };
        tokio::task::spawn_blocking(held).await.unwrap_or(Self { group: None, threads: u64::MAX })
    }
}

/// All that one command has started. It is killed when this is dropped.
struct Group {
    root: i32,
    held: Held,
    namespaced: bool,
    mark: Option<String>,
    /// Those of the last look.
    seen: Mutex<Vec<Member>>,
}

impl Group {
    /// Looks after its memory and processes; returns when there is too much, with what to say about it.
    async fn watch(&self, bounds: Bounds) -> String {
        let own = if self.namespaced { OWN } else { 0 };
        loop {
            sleep(LOOK_EVERY).await;
            let root = self.root;
            let Ok(now) = tokio::task::spawn_blocking(move || tree::members(root, None)).await else { continue };
            let (count, memory) = (now.len().saturating_sub(own), now.iter().map(|one| one.memory).sum::<u64>());
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
            match () {
                () if count > bounds.processes => {
                    return format!("it started more than {} processes", bounds.processes);
                }
                () if memory > bounds.memory => {
                    return format!("it used more memory than {}", bytes(bounds.memory));
                }
                () => {}
            }
        }
    }

    /// Returns when the last of it is dead, as far as that can be seen.
    async fn gone(&self) {
        let left = || self.held.group.as_ref().is_some_and(|group| !group.members().is_empty());
        while left() {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills what is left of it.
    fn end(&self) {
        if self.namespaced {
            // The kernel ends everything in the namespace with its first process, which dies with bubblewrap.
            tree::kill_group(self.root);
            return;
        }
        // A few milliseconds, which nobody else may use to get away.
        let more = || self.held.group.as_ref().map(ControlGroup::members).unwrap_or_default();
        tree::kill(self.root, self.mark.as_deref(), more);
        tree::kill_same(&self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}
