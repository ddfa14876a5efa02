//! What compiling one component may cost. A small file can be written so that a compiler works on it for hours, so the
//! time follows from the file's size and the compiling process is ended by the system when it has used it up.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

/// Processor time for a component of no size; a tool in Rust takes a third of a second.
pub(crate) const FIRST: Duration = Duration::from_secs(60);
/// More of it for each megabyte; an interpreter of 18 MB takes less than a second for each on a present machine.
const EACH_MEGABYTE: Duration = Duration::from_secs(20);
/// The most a compiling process may have written to of its memory, in bytes.
const MEMORY: u64 = 4 << 30;
/// However busy the machine is, nobody waits longer than this.
pub(super) const WAIT: Duration = Duration::from_secs(600);

/// The signal by which the system ends a process that has used up its processor time.
const TIME_IS_UP: i32 = Signal::XCPU.as_raw();

/// The processor time for a component of so many bytes.
pub(super) fn time(first: Duration, bytes: usize) -> Duration {
    let megabytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    first.saturating_add(EACH_MEGABYTE.saturating_mul(megabytes)).max(Duration::from_secs(1))
}

/// How long it is waited for that much processor time where it cannot be counted: the machine may be busy.
pub(super) fn patience(time: Duration) -> Duration {
    time.saturating_mul(4).min(WAIT)
}

/// Holds this process to the time and to memory. For a process that compiles and ends.
///
/// # Errors
/// The system does not take the limits.
pub(super) fn hold_this_process(time: Duration) -> std::io::Result<()> {
    // A second later the system would end it with a signal that could have come from anybody.
    limit(Resource::Cpu, time.as_secs(), time.as_secs() + 1)?;
    limit(Resource::Data, MEMORY, MEMORY)
}

/// A limit that stands already and is lower stays.
fn limit(resource: Resource, most: u64, at_last: u64) -> std::io::Result<()> {
    let there = getrlimit(resource);
    let lower = |there: Option<u64>, most: u64| Some(there.map_or(most, |there| there.min(most)));
    let limit = Rlimit { current: lower(there.current, most), maximum: lower(there.maximum, at_last) };
    Ok(setrlimit(resource, limit)?)
}

/// What to say of a compiling process that was ended by one of its limits.
pub(super) fn over_limit(status: ExitStatus, said: &str, time: Duration) -> Option<String> {
    if status.signal() == Some(TIME_IS_UP) {
        return Some(too_slow(time));
    }
    // What Rust prints before it ends a program that gets no memory.
    let out_of_memory = status.signal().is_some() && said.contains("memory allocation of");
    out_of_memory.then(|| format!("it takes more than {} GB of memory, {REMEDY}", MEMORY >> 30))
}

fn too_slow(time: Duration) -> String {
    format!("it takes more than {} s of processor time, {REMEDY}", time.as_secs())
}

/// The same where it was waited for and not counted.
pub(super) fn too_long(time: Duration) -> String {
    format!("it takes longer than {} s to compile, {REMEDY}", time.as_secs())
}

const REMEDY: &str = "which no honest component of its size needs: do not use it, or ask its author for a smaller one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_components_may_take_longer() {
        assert_eq!(time(FIRST, 50_000), FIRST);
        assert_eq!(time(FIRST, 18 << 20), Duration::from_secs(420));
        assert_eq!(time(Duration::ZERO, 0), Duration::from_secs(1));
    }

    #[test]
    fn what_ended_a_process_is_told_apart() {
        let ended = |signal| ExitStatus::from_raw(signal);
        let time = Duration::from_secs(7);
        assert!(over_limit(ended(TIME_IS_UP), "", time).unwrap().contains("more than 7 s of processor time"));
        assert_eq!(over_limit(ended(9), "", time), None);
        assert!(over_limit(ended(6), "memory allocation of 8 bytes failed", time).unwrap().contains("4 GB of memory"));
        assert_eq!(over_limit(ended(6), "a panic", time), None);
        assert_eq!(over_limit(ended(0x100), "", time), None);
    }
}
