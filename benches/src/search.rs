//! Searching memory with many passages: Steward's index against plain sqlite-vec with FTS5, against comparing all
//! vectors in memory, and against exact answers. Steward's part runs in a separate process, so that its memory can be
//! told; see `ours`.

mod ours;
mod plain;
mod world;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::figures::{Samples, mebibytes, number, print, rate, ratio, time};
use world::World;

pub(crate) use ours::{CHILD, child};

/// Passages; the environment may name others, such as `STEWARD_BENCH_PASSAGES=10000,100000`.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Components of a vector.
const DIMENSION: usize = 384;
const QUERIES: usize = 200;
/// The plain way takes up to a second a query.
const PLAIN_QUERIES: usize = 25;

/// What Steward's process measured, times in microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ours {
    words: Vec<u64>,
    meaning: Vec<u64>,
    hybrid: Vec<u64>,
    /// The same while passages are written all the time.
    busy: Vec<u64>,
    /// Writing those: each batch.
    writes: Vec<u64>,
    /// The numbers of the ten nearest of each query.
    nearest: Vec<Vec<usize>>,
    passages_a_second: f64,
    vectors_a_second: f64,
    /// Kibibytes.
    disk: u64,
    resident_before: u64,
    resident: u64,
    own: u64,
    opened: u64,
    warmed: u64,
}

pub(crate) async fn take() -> anyhow::Result<()> {
    for size in sizes()? {
        // Work of minutes on one thread each.
        tokio::task::spawn_blocking(move || one(size)).await??;
    }
    Ok(())
}

fn sizes() -> anyhow::Result<Vec<usize>> {
    match std::env::var("STEWARD_BENCH_PASSAGES") {
        Err(_) => Ok(SIZES.to_vec()),
        Ok(text) => text
            .split(',')
            .map(|size| {
                size.trim().parse().with_context(|| format!("STEWARD_BENCH_PASSAGES: `{size}` is not a number"))
            })
            .collect(),
    }
}

fn one(size: usize) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = ours::in_a_process(size, folder.path())?;
    let world = World::new(size);
    let matrix: Vec<f32> = (0..size).flat_map(|number| world.vector(number)).collect();
    let (exact, scan) = exact(&world, &matrix);
    let plain = plain::measure(&world, &folder.path().join("plain.sqlite"))?;
    let recall = recall(&exact, &ours.nearest);
    let samples = |times: &[u64]| Samples::new(times.iter().map(|micros| Duration::from_micros(*micros)).collect());
    let (hybrid, words, meaning) = (samples(&ours.hybrid)?, samples(&ours.words)?, samples(&ours.meaning)?);
    let (busy, writes) = (samples(&ours.busy)?, samples(&ours.writes)?);
    let both = |samples: &Samples| format!("{}, {}", time(samples.median()), time(samples.quantile(0.95)));
    let against = |mine: Duration, other: Duration| ratio(mine.as_secs_f64(), other.as_secs_f64());
    let row = |what: &str, mine: String, other: String, ratio: String| [what.to_owned(), mine, other, ratio];
    print(
        ["what", &format!("Steward, {size} passages"), "compared with", "ratio"],
        vec![
            row(
                "a hybrid query, without its embedding: p50, p95",
                both(&hybrid),
                format!("sqlite-vec and FTS5: {}", both(&plain.hybrid)),
                against(hybrid.quantile(0.95), plain.hybrid.quantile(0.95)),
            ),
            row(
                "by words alone: p50, p95",
                both(&words),
                format!("FTS5: {}", both(&plain.words)),
                against(words.quantile(0.95), plain.words.quantile(0.95)),
            ),
            row(
                "by meaning alone: p50, p95",
                both(&meaning),
                format!("sqlite-vec: {}", both(&plain.meaning)),
                against(meaning.quantile(0.95), plain.meaning.quantile(0.95)),
            ),
            row(
                "the same against the memory's bandwidth",
                time(meaning.median()),
                format!("reading all vectors once: {}", time(scan)),
                against(meaning.median(), scan),
            ),
            row("recall@10 of the vectors", format!("{recall:.4}"), "comparing all: 1".to_owned(), number(recall)),
            row(
                "hybrid while passages are written: p50, most",
                format!("{}, {}", time(busy.median()), time(busy.quantile(1.0))),
                format!("in peace: {}", time(hybrid.median())),
                against(busy.median(), hybrid.median()),
            ),
            row(
                "writing 64 passages meanwhile: p50, most",
                format!("{}, {}", time(writes.median()), time(writes.quantile(1.0))),
                String::new(),
                String::new(),
            ),
            row(
                "taking in: passages a second, vectors a second",
                format!("{:.0}, {:.0}", ours.passages_a_second, ours.vectors_a_second),
                format!("both at once, plainly: {:.0}", plain.a_second),
                ratio(ours.passages_a_second, plain.a_second),
            ),
            row(
                "on disk",
                mebibytes(ours.disk),
                format!("plainly: {}", mebibytes(plain.disk)),
                ratio(ours.disk as f64, plain.disk as f64),
            ),
            row(
                "resident after the queries, of it its own",
                format!("{}, {}", mebibytes(ours.resident), mebibytes(ours.own)),
                format!("before: {}", mebibytes(ours.resident_before)),
                ratio(ours.resident as f64, ours.resident_before as f64),
            ),
            row(
                "opening it again, and making ready for the first query",
                format!("{}, {}", time(Duration::from_micros(ours.opened)), time(Duration::from_micros(ours.warmed))),
                String::new(),
                String::new(),
            ),
        ],
    );
    Ok(())
}

/// The true ten nearest of each query, and the time it takes to compare all once.
fn exact(world: &World, matrix: &[f32]) -> (Vec<Vec<usize>>, Duration) {
    let mut fastest = Duration::MAX;
    let nearest = (0..QUERIES).map(|query| {
        let asked = world.query(query);
        let started = Instant::now();
        let cosines: Vec<f32> = matrix.chunks_exact(DIMENSION).map(|row| dot(&asked, row)).collect();
        fastest = fastest.min(started.elapsed());
        let mut order: Vec<usize> = (0..cosines.len()).collect();
        order.select_nth_unstable_by(10, |a, b| cosines[*b].total_cmp(&cosines[*a]));
        order.truncate(10);
        order
    });
    let nearest = nearest.collect();
    (nearest, fastest)
}

/// In pieces, so that the compiler can do several at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for at in 0..16 {
            sums[at] += a[at] * b[at];
        }
    }
    sums.iter().sum()
}

fn recall(exact: &[Vec<usize>], found: &[Vec<usize>]) -> f64 {
    let hits: usize =
        exact.iter().zip(found).map(|(exact, found)| found.iter().filter(|one| exact.contains(one)).count()).sum();
    hits as f64 / exact.iter().map(Vec::len).sum::<usize>().max(1) as f64
}

/// What was measured of the plain way.
pub(crate) struct Plain {
    words: Samples,
    meaning: Samples,
    hybrid: Samples,
    a_second: f64,
    /// Kibibytes.
    disk: u64,
}

/// How many were written a second.
fn speed(count: usize, since: Instant) -> f64 {
    rate(count, since.elapsed())
}
