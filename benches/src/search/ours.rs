//! Steward's index, filled and asked in a separate process.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context as _;
use steward_index::{FilePlace, FileState, FileText, Index, Model, PassageSize, Query, TextKind, Waiting, Weights};

use super::world::World;
use super::{DIMENSION, Ours, QUERIES, speed};
use crate::process::Memory;

/// The argument that makes this program such a process.
pub(crate) const CHILD: &str = "index-of";

/// Passages of one file, and of one transaction.
const OF_FILE: usize = 50;
const AT_ONCE: usize = 2_000;
/// Passages after which they can be found.
const FOLLOW_AFTER: usize = 50_000;
/// How long is written while it is asked, in batches.
const BUSY_BATCHES: usize = 60;

/// Has this program do it in a separate process.
pub(crate) fn in_a_process(size: usize, folder: &Path) -> anyhow::Result<Ours> {
    #[expect(clippy::disallowed_methods, reason = "a separate process is what is measured")]
    let mut command = std::process::Command::new(std::env::current_exe()?);
    let output = command.args([CHILD, &size.to_string()]).arg(folder.join("ours")).output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the process that measures gave something else")
}

/// What that process does: `index-of SIZE FOLDER`.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<()> {
    let [_, size, folder] = arguments else { anyhow::bail!("index-of SIZE FOLDER") };
    let ours = measure(size.parse()?, Path::new(folder))?;
    println!("{}", serde_json::to_string(&ours)?);
    Ok(())
}

fn measure(size: usize, folder: &Path) -> anyhow::Result<Ours> {
    let world = World::new(size);
    let index = Index::open(folder)?;
    let model = index.model("bench", DIMENSION)?;
    let started = Instant::now();
    for first in (0..size).step_by(AT_ONCE) {
        put(&index, &world, first, AT_ONCE.min(size - first))?;
        if (first + AT_ONCE).is_multiple_of(FOLLOW_AFTER) {
            index.follow()?;
        }
    }
    index.follow()?;
    let passages_a_second = speed(size, started);
    let started = Instant::now();
    embed(&index, &model, &world)?;
    let vectors_a_second = speed(size, started);
    index.complete(&model)?;
    index.rest(0)?;
    drop(index);
    let started = Instant::now();
    let index = Index::open(folder)?;
    index.follow()?;
    let opened = started.elapsed().as_micros() as u64;
    let resident_before = Memory::of(std::process::id())?.resident;
    let started = Instant::now();
    index.warm(&model)?;
    let warmed = started.elapsed().as_micros() as u64;
    let ask = |number: usize, vector: f32, words: f32| -> anyhow::Result<(u64, Vec<usize>)> {
        let (text, meaning) = (world.question(number), world.query(number));
        let weights = Weights { vector, words, ..Weights::default() };
        let query = Query { vector: Some((&model, &meaning)), weights, ..Query::new(&text, 10) };
        let started = Instant::now();
        let hits = index.search(&query)?;
        let taken = started.elapsed().as_micros() as u64;
        Ok((taken, hits.iter().map(|hit| number_of(&hit.text)).collect()))
    };
    let all = |vector, words| (0..QUERIES).map(|number| ask(number, vector, words)).collect::<anyhow::Result<Vec<_>>>();
    // The first ones read the files into memory.
    all(0.7, 0.3)?;
    let times = |asked: Vec<(u64, Vec<usize>)>| asked.into_iter().map(|(taken, _)| taken).collect::<Vec<_>>();
    let words = times(all(0.0, 1.0)?);
    let (meaning, nearest): (Vec<_>, Vec<_>) = all(1.0, 0.0)?.into_iter().unzip();
    let hybrid = times(all(0.7, 0.3)?);
    let resident = Memory::of(std::process::id())?;
    let disk = disk(folder)?;
    let (busy, writes) = while_writing(&index, &model, &world, &ask)?;
    Ok(Ours {
        words,
        meaning,
        hybrid,
        busy,
        writes,
        nearest,
        passages_a_second,
        vectors_a_second,
        disk,
        resident_before,
        resident: resident.resident,
        own: resident.anonymous,
        opened,
        warmed,
    })
}

fn put(index: &Index, world: &World, first: usize, count: usize) -> anyhow::Result<()> {
    index.change(|batch| {
        for from in (first..first + count).step_by(OF_FILE) {
            let text: String = (from..(from + OF_FILE).min(first + count))
                .map(|number| format!("## {number}\n\n{}\n\n", world.text(number)))
                .collect();
            let place = FilePlace { root: String::new(), path: format!("{from}.md") };
            let text = FileText { text, kind: TextKind::Markdown, written: 0 };
            batch.put(&place, &FileState::default(), Some(&text), PassageSize::default(), 0)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn embed(index: &Index, model: &Model, world: &World) -> anyhow::Result<()> {
    let mut last: Option<Waiting> = None;
    loop {
        let waiting = index.waiting(model, last.as_ref(), AT_ONCE)?;
        let Some(newest) = waiting.last().cloned() else { return Ok(()) };
        let vectors: Vec<_> = waiting
            .into_iter()
            .map(|one| {
                let vector = world.vector(number_of(&one.text));
                (one, vector)
            })
            .collect();
        index.put_vectors(model, &vectors)?;
        last = Some(newest);
    }
}

/// Asks all the time while passages with vectors are written all the time.
fn while_writing(
    index: &Index,
    model: &Model,
    world: &World,
    ask: &(impl Fn(usize, f32, f32) -> anyhow::Result<(u64, Vec<usize>)> + Sync),
) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
    let done = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let asking = threads.spawn(|| {
            let mut times = Vec::new();
            while !done.load(Ordering::Relaxed) {
                times.push(ask(times.len() % QUERIES, 0.7, 0.3)?.0);
            }
            anyhow::Ok(times)
        });
        let mut writes = Vec::new();
        let mut write = || -> anyhow::Result<()> {
            for batch in 0..BUSY_BATCHES {
                let started = Instant::now();
                put(index, world, world.size + batch * 64, 64)?;
                writes.push(started.elapsed().as_micros() as u64);
                embed(index, model, world)?;
                index.follow()?;
            }
            Ok(())
        };
        let written = write();
        done.store(true, Ordering::Relaxed);
        let times = asking.join().map_err(|_| anyhow::anyhow!("asking broke off"))??;
        written?;
        Ok((times, writes))
    })
}

/// The number a passage begins with.
fn number_of(text: &str) -> usize {
    let number = text.split_whitespace().find_map(|word| word.strip_prefix('n')?.parse().ok());
    number.unwrap_or(usize::MAX)
}

/// Kibibytes of all files below a folder, or of the file and those whose names go on after its own.
pub(crate) fn disk(path: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        match std::fs::metadata(&path)? {
            folder if folder.is_dir() => {
                for entry in std::fs::read_dir(path)? {
                    left.push(entry?.path());
                }
            }
            file => bytes += file.len(),
        }
    }
    Ok(bytes / 1024)
}
