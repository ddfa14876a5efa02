//! Feeds one target until its time is over or it fails. The input that made it fail is made smaller and kept.
//!
//! Each input is on disk before the target gets it, so that one which ends the whole process, by an overflow of the
//! stack, is kept too.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use crate::mutation::Mutation;
use crate::seeds::seeds;
use crate::targets::{Check, Target};

/// The longest input, in bytes.
const INPUT: usize = 32 * 1024;
/// An input that takes longer is a failure.
const PATIENCE: Duration = Duration::from_secs(20);
/// Attempts to make an input smaller that fails.
const ATTEMPTS: usize = 2_000;
/// What a tool of a plugin has at most is less.
const STACK: usize = 16 << 20;

/// How it went.
#[derive(Debug)]
pub enum Outcome {
    /// So many inputs were held.
    Held(u64),
    /// This input, which is kept in this file, made the target fail.
    Failed(PathBuf),
    /// The input in this file takes too long. The thread that works on it goes on.
    Hangs(PathBuf),
}

/// Feeds a target for so long, with the mutations of this number. Inputs that fail are kept in `failures`.
///
/// # Errors
/// There are no seeds, the target cannot be prepared, or a file cannot be written.
pub fn campaign(target: Target, time: Duration, number: u64, failures: &Path) -> anyhow::Result<Outcome> {
    fs::create_dir_all(failures).with_context(|| format!("cannot make {}", failures.display()))?;
    let running = failures.join(format!("{}.running", target.name));
    let kept = failures.join(format!("{}-{number:x}", target.name));
    let (beat, beats) = channel();
    let worker = thread::Builder::new().stack_size(STACK).spawn({
        let running = running.clone();
        // Nobody hears it any more once the target has been given up.
        let beat = move || beat.send(()).unwrap_or_default();
        move || feed(target, time, number, &Places { running, kept }, beat)
    })?;
    if !is_alive(&beats) {
        return Ok(Outcome::Hangs(running));
    }
    let outcome = worker.join().map_err(|_| anyhow!("the target {} cannot be prepared", target.name))?;
    let _ = fs::remove_file(running);
    outcome
}

/// Waits for the end of the worker; false if it is heard of no more.
fn is_alive(beats: &Receiver<()>) -> bool {
    loop {
        match beats.recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

struct Places {
    /// The input that the target has now.
    running: PathBuf,
    /// One that made it fail.
    kept: PathBuf,
}

fn feed(target: Target, time: Duration, number: u64, places: &Places, beat: impl Fn()) -> anyhow::Result<Outcome> {
    let seeds = seeds(target.name)?;
    let seeds: Vec<&[u8]> = seeds.iter().map(|(_, seed)| seed.as_slice()).collect();
    let (mut check, mut mutation) = ((target.prepare)()?, Mutation::new(number));
    let (began, mut count) = (Instant::now(), 0);
    while began.elapsed() < time {
        beat();
        let input = mutation.input(&seeds, INPUT);
        fs::write(&places.running, &input)?;
        if fails(&mut check, &input) {
            let small = smaller(target, input, &beat)?;
            fs::write(&places.kept, small)?;
            return Ok(Outcome::Failed(places.kept.clone()));
        }
        count += 1;
    }
    Ok(Outcome::Held(count))
}

fn fails(check: &mut Check, input: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| check(input))).is_err()
}

/// The input without what is not needed to make the target fail.
fn smaller(target: Target, mut input: Vec<u8>, beat: impl Fn()) -> anyhow::Result<Vec<u8>> {
    let (mut length, mut attempts) = (input.len() / 2, 0);
    while length > 0 && attempts < ATTEMPTS {
        let mut at = 0;
        while at < input.len() && attempts < ATTEMPTS {
            beat();
            attempts += 1;
            let mut shorter = input.clone();
            drop(shorter.drain(at..(at + length).min(input.len())));
            // What failed before may be broken now.
            if fails(&mut (target.prepare)()?, &shorter) { input = shorter } else { at += length }
        }
        length /= 2;
    }
    Ok(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picky() -> anyhow::Result<Check> {
        Ok(Box::new(|input| assert!(!input.windows(2).any(|pair| pair == b"9 "), "nines are not liked")))
    }

    #[test]
    fn what_fails_is_made_small() {
        let target = Target { name: "dates", prepare: picky };
        let input = b"in 5 minutes, or at 9 in the evening".to_vec();
        assert!(fails(&mut picky().unwrap(), &input));
        assert_eq!(smaller(target, input, || {}).unwrap(), b"9 ");
    }

    #[test]
    fn a_failure_is_kept_and_a_target_that_holds_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let none = Target { name: "dates", prepare: || Ok(Box::new(|_| panic!("always"))) };
        let outcome = campaign(none, PATIENCE, 1, folder.path()).unwrap();
        let Outcome::Failed(kept) = outcome else { panic!("{outcome:?}") };
        assert_eq!(fs::read(kept).unwrap(), b"");
        let all = Target { name: "dates", prepare: || Ok(Box::new(|_| {})) };
        assert!(matches!(campaign(all, Duration::ZERO, 1, folder.path()).unwrap(), Outcome::Held(0)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the failure alone");
    }
}
