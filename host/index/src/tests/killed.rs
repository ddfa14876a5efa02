//! A process that indexes, merges and deletes is killed at whatever it is just doing, again and again; whoever opens the
//! index next finds everything that the database knows, and nothing else.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::tests::{NOW, place};
use crate::{Batch, FileState, FileText, Index, PassageSize, Query, TextKind};

const KILLS: usize = 300;
/// The folder of the index; it makes this test binary the process that is killed.
const FOLDER: &str = "STEWARD_TEST_KILLED_INDEX";
const SEED: &str = "STEWARD_TEST_KILLED_SEED";
const FILES: u64 = 24;

/// What is killed: it changes some files at a time and has the words follow, until it ends.
#[test]
#[ignore = "it runs for ever; another test starts and kills it"]
fn child() {
    let folder = std::env::var(FOLDER).unwrap();
    let seed = std::env::var(SEED).unwrap().parse().unwrap();
    // Something to count the time by for whoever kills it.
    std::thread::spawn(|| {
        let mut out = std::io::stdout();
        while out.write_all(&[b'.'; 64]).and_then(|()| out.flush()).is_ok() {}
    });
    let mut random = StdRng::seed_from_u64(seed);
    let index = Index::open(Path::new(&folder)).unwrap();
    index.follow().unwrap();
    for version in seed * 10_000.. {
        index
            .change(|batch| {
                (0..random.random_range(1..4)).try_for_each(|_| change(batch, random.random_range(0..FILES), version))
            })
            .unwrap();
        index.follow().unwrap();
        if random.random_range(0..8) == 0 {
            index.scrub(NOW).unwrap();
        }
    }
}

fn change(batch: &mut Batch<'_>, file: u64, version: u64) -> crate::Result<()> {
    let place = place(&format!("{file}.txt"));
    if (file + version).is_multiple_of(3) {
        return batch.remove(&place, NOW);
    }
    let text = FileText { text: says(file, version), kind: TextKind::Plain, written: NOW };
    let state = FileState { size: version, ..FileState::default() };
    batch.put(&place, &state, Some(&text), PassageSize::default(), NOW)
}

fn says(file: u64, version: u64) -> String {
    format!("common mark{file}v{version} of a file")
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(folder: &Path, seed: usize) -> (Killed, ChildStdout) {
    #[expect(clippy::disallowed_methods, reason = "this very test binary, to be killed")]
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tests::killed::child", "--ignored", "--nocapture"]);
    command.env(FOLDER, folder).env(SEED, seed.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let output = child.stdout.take().unwrap();
    (Killed(child), output)
}

#[test]
fn kill_9_at_any_moment_of_indexing_merging_and_deleting_costs_no_search() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(9);
    let mut versions = 0;
    for round in 1..=KILLS {
        let (child, mut output) = start(folder.path(), round);
        let mut read = vec![0; random.random_range(1..400) * 1024];
        output.read_exact(&mut read).unwrap_or_else(|error| panic!("round {round}: it ended by itself: {error}"));
        drop(child);
        let index = Index::open(folder.path()).unwrap();
        index.follow().unwrap();
        let files = index.files().unwrap();
        for number in 0..FILES {
            let found = |text: &str| index.search(&Query::new(text, 50)).unwrap();
            let known = files.get(&place(&format!("{number}.txt")));
            if let Some(state) = known {
                let text = says(number, state.size);
                let hits = found(text.split(' ').nth(1).unwrap());
                assert_eq!(hits.len(), 1, "round {round}: {text}");
                assert_eq!(hits[0].text, text, "round {round}");
                versions = versions.max(state.size);
            }
        }
        let all = index.search(&Query::new("common", 100)).unwrap();
        assert_eq!(all.len(), files.len(), "round {round}");
    }
    assert!(versions > KILLS as u64 * 5_000, "it was killed before it did anything");
}
