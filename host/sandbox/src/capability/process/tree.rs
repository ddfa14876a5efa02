//! The processes a command has started, read from /proc: how many there are, what they take, and which are left to be
//! killed. Linux alone tells.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A process of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) pid: i32,
    /// When it began, in ticks since the machine did: a number used again has another.
    pub(super) since: u64,
    /// Bytes of memory it shares with nobody.
    pub(super) memory: u64,
}

struct Entry {
    parent: i32,
    session: i32,
    since: u64,
}

/// The process `root`, what descends from it, what shares its session, and what carries the mark in its environment
/// though it has left both.
pub(super) fn members(root: i32, mark: Option<&str>) -> Vec<Member> {
    let all = entries();
    let belongs = |&pid: &i32| {
        descends(&all, pid, root)
            || all.get(&pid).is_some_and(|entry| entry.session == root)
            || mark.is_some_and(|mark| carries(pid, mark))
    };
    let member = |pid: i32| Some(Member { pid, since: all.get(&pid)?.since, memory: memory(pid) });
    all.keys().copied().filter(belongs).filter_map(member).collect()
}

fn entries() -> HashMap<i32, Entry> {
    let Ok(folder) = fs::read_dir("/proc") else { return HashMap::new() };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, entry(pid)?))).collect()
}

fn entry(pid: i32) -> Option<Entry> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets is the process's own choice and may have brackets in it.
    let fields: Vec<&str> = stat.get(stat.rfind(')')? + 2..)?.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse().ok();
    Some(Entry { parent: number(1)?, session: number(3)?, since: fields.get(19)?.parse().ok()? })
}

fn descends(all: &HashMap<i32, Entry>, pid: i32, root: i32) -> bool {
    let mut at = pid;
    // Reading took a while, and what was read may go round in circles.
    for _ in 0..256 {
        if at == root {
            return true;
        }
        match all.get(&at) {
            Some(entry) if entry.parent > 1 => at = entry.parent,
            _ => return false,
        }
    }
    false
}

fn carries(pid: i32, mark: &str) -> bool {
    variables(pid).split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
}

fn variables(pid: i32) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()
}

/// The variable by which what a command started is known, as `NAME=value`. It begins with whose command it is.
pub(super) fn new_mark() -> String {
    format!("{MARK}{}.{:032x}", std::process::id(), rand::random::<u128>())
}

const MARK: &str = "_STEWARD_CALL=";

/// Kills what was left by commands of hosts that are gone, which had no time to.
pub(super) fn kill_orphans() {
    for pid in entries().into_keys() {
        let variables = variables(pid);
        let marks = variables.split(|&byte| byte == 0).filter_map(|variable| variable.strip_prefix(MARK.as_bytes()));
        let mut hosts = marks.filter_map(|mark| std::str::from_utf8(mark).ok()?.split('.').next()?.parse::<u32>().ok());
        if hosts.any(|host| !Path::new(&format!("/proc/{host}")).exists()) && signal(pid, Signal::KILL) {
            tracing::warn!(pid, "a program that outlived the host it was run by was ended");
        }
    }
}

fn memory(pid: i32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let mut pages = statm.split(' ').skip(1).map(|word| word.parse::<u64>().unwrap_or_default());
    let (resident, shared) = (pages.next().unwrap_or_default(), pages.next().unwrap_or_default());
    resident.saturating_sub(shared) * rustix::param::page_size() as u64
}

/// Kills `root` and all that belongs to it, and whatever `more` gives. The root is stopped first, so that it starts
/// nothing more meanwhile.
pub(super) fn kill(root: i32, mark: Option<&str>, more: impl Fn() -> Vec<i32>) {
    signal(root, Signal::STOP);
    for _ in 0..64 {
        let own = members(root, mark).into_iter().map(|one| one.pid);
        let others: Vec<_> = own.chain(more()).filter(|&pid| pid != root).collect();
        let alive = others.iter().filter(|&&pid| signal(pid, Signal::KILL)).count();
        if alive == 0 {
            break;
        }
    }
    kill_group(root);
}

/// Kills a process group at once.
pub(super) fn kill_group(root: i32) {
    if let Some(root) = Pid::from_raw(root) {
        // There may be nobody left in it.
        let _ = kill_process_group(root, Signal::KILL);
    }
}

/// Whether there was somebody to hear it: one that has died and is not yet looked after does not count.
fn signal(pid: i32, signal: Signal) -> bool {
    let alive = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    alive && Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// Kills those of an earlier look that are still the same.
pub(super) fn kill_same(seen: &[Member]) {
    for one in seen {
        if entry(one.pid).is_some_and(|entry| entry.since == one.since) {
            signal(one.pid, Signal::KILL);
        }
    }
}
