//! An index as a whole: what goes in is found, what is taken out is not, whatever breaks.

mod killed;
mod mending;
mod retrieval;

use std::fs;

use proptest::prelude::*;
use steward_agent::MemoryLevel;
use tempfile::TempDir;

use super::*;

pub(crate) const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) index: Index,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::open(folder.path()).unwrap();
        Self { folder, index }
    }

    pub(crate) fn reopened(self) -> Self {
        let Self { folder, index } = self;
        drop(index);
        let index = Index::open(folder.path()).unwrap();
        index.follow().unwrap();
        Self { folder, index }
    }

    pub(crate) fn put(&self, path: &str, text: &str, kind: TextKind) {
        let text = FileText { text: text.to_owned(), kind, written: NOW };
        let state = FileState { size: text.text.len() as u64, ..FileState::default() };
        self.index.change(|batch| batch.put(&place(path), &state, Some(&text), PassageSize::default(), NOW)).unwrap();
        self.index.follow().unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        self.index.change(|batch| batch.remove(&place(path), NOW)).unwrap();
        self.index.follow().unwrap();
    }

    pub(crate) fn found(&self, text: &str) -> Vec<Hit> {
        self.index.search(&Query::new(text, 10)).unwrap()
    }

    pub(crate) fn paths(&self, text: &str) -> Vec<String> {
        self.found(text).into_iter().map(|hit| hit.places[0].path.clone()).collect()
    }

    /// Gives each text that waits a vector by its words.
    fn embed(&self, model: &Model) {
        let mut last: Option<Waiting> = None;
        loop {
            let waiting = self.index.waiting(model, last.as_ref(), 7).unwrap();
            let Some(newest) = waiting.last().cloned() else { return };
            let vectors: Vec<_> = waiting.into_iter().map(|text| (text.clone(), vector(&text.text))).collect();
            self.index.put_vectors(model, &vectors).unwrap();
            last = Some(newest);
        }
    }
}

pub(crate) fn place(path: &str) -> FilePlace {
    FilePlace { root: String::new(), path: path.to_owned() }
}

/// A stand-in for a model: each word points somewhere.
fn vector(text: &str) -> Vec<f32> {
    let mut sum = vec![0.001; 64];
    for word in text.split_whitespace() {
        let hash = blake3::hash(word.to_lowercase().as_bytes());
        for (component, byte) in sum.iter_mut().zip(hash.as_bytes().iter().cycle()) {
            *component += f32::from(*byte) - 127.5;
        }
    }
    sum
}

#[test]
fn a_file_is_found_with_its_place_and_no_more_once_it_is_gone() {
    let fixture = Fixture::new();
    fixture.put("MEMORY.md", "# Home\n\n- The flat number is 42.\n- The cat is called Мурка.\n", TextKind::Markdown);
    let hits = fixture.found("what is our flat's number?");
    assert_eq!((hits[0].places[0].first_line, hits[0].places[0].last_line, hits[0].heading.as_str()), (1, 4, "Home"));
    assert!(hits[0].text.contains("42") && hits[0].score > 0.0);
    assert_eq!(fixture.paths("как зовут мурку"), ["MEMORY.md"]);
    fixture.put("MEMORY.md", "# Home\n\n- The flat number is 7.\n", TextKind::Markdown);
    assert!(fixture.found("мурка").is_empty());
    assert!(fixture.found("flat number")[0].text.contains('7'));
    fixture.remove("MEMORY.md");
    assert!(fixture.found("flat number").is_empty());
    assert_eq!(fixture.index.counts().unwrap(), Counts::default());
}

#[test]
fn what_stands_in_two_files_is_told_once_with_both_places() {
    let fixture = Fixture::new();
    for path in ["a.txt", "b.txt"] {
        fixture.put(path, "The boiler is serviced in October by Mr Krause.", TextKind::Plain);
    }
    let hits = fixture.found("boiler Krause");
    assert_eq!(hits.len(), 1);
    let places: Vec<_> = hits[0].places.iter().map(|place| place.path.as_str()).collect();
    assert_eq!(places, ["a.txt", "b.txt"]);
    fixture.remove("a.txt");
    assert_eq!(fixture.paths("boiler"), ["b.txt"]);
}

#[test]
fn a_file_that_moves_needs_no_new_vectors() {
    let fixture = Fixture::new();
    let model = fixture.index.model("words", 64).unwrap();
    fixture.put("old.md", "The bicycle key hangs in the cellar.", TextKind::Markdown);
    fixture.embed(&model);
    fixture.remove("old.md");
    assert_eq!(fixture.index.progress(&model).unwrap(), (0, 0));
    fixture.put("new.md", "The bicycle key hangs in the cellar.", TextKind::Markdown);
    assert_eq!(fixture.index.progress(&model).unwrap(), (1, 1));
    assert!(fixture.index.waiting(&model, None, 10).unwrap().is_empty());
    // What came back long after is embedded again, for what stands nowhere is deleted after a while.
    fixture.remove("new.md");
    fixture.index.rest(NOW + 30 * DAY).unwrap();
    fixture.put("new.md", "The bicycle key hangs in the cellar.", TextKind::Markdown);
    assert_eq!(fixture.index.waiting(&model, None, 10).unwrap().len(), 1);
}

#[test]
fn meaning_finds_what_no_word_does_and_both_together_rank() {
    let fixture = Fixture::new();
    let model = fixture.index.model("words", 64).unwrap();
    for n in 0..40 {
        fixture.put(&format!("{n}.txt"), &format!("note number{n} about thing{n}"), TextKind::Plain);
    }
    fixture.embed(&model);
    let near = vector("note number7 about thing7");
    let query = Query { vector: Some((&model, &near)), ..Query::new("unrelated", 3) };
    let hits = fixture.index.search(&query).unwrap();
    assert_eq!(hits[0].places[0].path, "7.txt");
    assert!(hits[0].score > hits[1].score);
}

#[test]
fn many_vectors_are_found_as_exactly_as_few() {
    let fixture = Fixture::new();
    let model = fixture.index.model("words", 64).unwrap();
    let text: String = (0..3_000).map(|n| format!("# {n}\n\nfact{n} about thing{}\n\n", n * 7)).collect();
    fixture.put("facts.md", &text, TextKind::Markdown);
    fixture.embed(&model);
    for n in [3, 1_234, 2_999] {
        let near = vector(&format!("{n} # {n} fact{n} about thing{}", n * 7));
        let query = Query { vector: Some((&model, &near)), ..Query::new("", 3) };
        let hits = fixture.index.search(&query).unwrap();
        assert!(hits[0].text.contains(&format!("fact{n} ")), "{n}: {}", hits[0].text);
    }
    // Vectors that come after the sketch was made are found too.
    fixture.put("late.md", "something quite new", TextKind::Markdown);
    fixture.embed(&model);
    let near = vector("something quite new");
    let hits = fixture.index.search(&Query { vector: Some((&model, &near)), ..Query::new("", 3) }).unwrap();
    assert_eq!(hits[0].places[0].path, "late.md");
}

#[test]
fn another_model_takes_over_when_it_has_everything() {
    let fixture = Fixture::new();
    let old = fixture.index.model("old", 64).unwrap();
    fixture.put("a.txt", "the garden needs water", TextKind::Plain);
    fixture.embed(&old);
    fixture.index.complete(&old).unwrap();
    let new = fixture.index.model("new", 64).unwrap();
    assert_eq!(fixture.index.models().unwrap().iter().map(|model| model.complete).collect::<Vec<_>>(), [true, false]);
    assert_eq!(fixture.index.progress(&new).unwrap(), (0, 1));
    let near = vector("the garden needs water");
    let hits = fixture.index.search(&Query { vector: Some((&old, &near)), ..Query::new("", 3) }).unwrap();
    assert_eq!(hits.len(), 1);
    fixture.embed(&new);
    fixture.index.complete(&new).unwrap();
    let left: Vec<_> = fixture.index.models().unwrap().into_iter().map(|model| model.identity).collect();
    assert_eq!(left, ["new"]);
    assert!(matches!(fixture.index.model("new", 32), Err(IndexError::Dimension { .. })));
}

#[test]
fn a_model_made_known_by_several_at_once_is_one() {
    let fixture = Fixture::new();
    let index = &fixture.index;
    let barrier = std::sync::Barrier::new(4);
    let ids = std::thread::scope(|threads| {
        let make = || {
            barrier.wait();
            index.model("words", 64).unwrap().identity
        };
        let made: Vec<_> = (0..4).map(|_| threads.spawn(make)).collect();
        made.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(ids.len(), 4);
    assert_eq!(index.models().unwrap().len(), 1);
}

fn transcript(from: usize, to: usize) -> String {
    let exchange = |n: usize| format!("## {:02}:{:02}\n\n**Ann:** exchange{n}\n\n", n / 60, n % 60);
    (from..to).map(exchange).collect()
}

#[test]
fn levels_follow_from_age_and_recalls() {
    let fixture = Fixture::new();
    let levels = Levels { short: 3, medium: 4, ..Levels::default() };
    fixture.put("sessions/1.md", &transcript(0, 10), TextKind::Transcript);
    fixture.put("notes.md", "no conversation", TextKind::Markdown);
    fixture.index.settle_levels(levels).unwrap();
    assert_eq!(fixture.index.counts().unwrap().levels, [3, 4, 0]);
    let model = fixture.index.model("words", 64).unwrap();
    fixture.embed(&model);
    assert_eq!(fixture.index.progress(&model).unwrap(), (8, 8));
    // The oldest has no vector; its words are still found, and recalled twice it is kept for good.
    let oldest = fixture.found("exchange0").remove(0);
    fixture.index.change(|batch| batch.set_recalls(&[(oldest.hash, 2)])).unwrap();
    fixture.index.settle_levels(levels).unwrap();
    assert_eq!(fixture.index.counts().unwrap().levels, [3, 4, 1]);
    assert_eq!(fixture.index.waiting(&model, None, 10).unwrap().len(), 1);
    // An index rebuilt from the same files and counts has the same levels.
    let again = Fixture::new();
    again.index.change(|batch| batch.set_recalls(&[(oldest.hash, 2)])).unwrap();
    again.put("sessions/1.md", &transcript(0, 10), TextKind::Transcript);
    again.index.settle_levels(levels).unwrap();
    for level in MemoryLevel::ALL {
        let sorted = |fixture: &Fixture| {
            let mut texts = fixture.index.texts_on(&[level]).unwrap();
            texts.sort_unstable();
            texts
        };
        assert_eq!(sorted(&fixture), sorted(&again), "{level:?}");
    }
}

#[test]
fn what_was_forgotten_is_not_found_again_though_its_file_stays() {
    let fixture = Fixture::new();
    fixture.put("sessions/1.md", &transcript(0, 5), TextKind::Transcript);
    let model = fixture.index.model("words", 64).unwrap();
    fixture.embed(&model);
    let texts = fixture.index.texts_on(&[MemoryLevel::Short]).unwrap();
    assert_eq!(texts.len(), 5);
    fixture.index.change(|batch| batch.forget(&texts)).unwrap();
    // Not even before the words have followed.
    assert!(fixture.found("exchange3").is_empty());
    fixture.put("sessions/1.md", &transcript(0, 6), TextKind::Transcript);
    assert!(fixture.found("exchange3").is_empty());
    assert_eq!(fixture.paths("exchange5"), ["sessions/1.md"]);
    fixture.index.scrub(NOW).unwrap();
    let bytes: Vec<u8> = fs::read_dir(fixture.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .flat_map(|path| fs::read(path).unwrap())
        .collect();
    assert!(!bytes.windows(9).any(|window| window == b"exchange3"));
}

#[test]
fn words_that_were_lost_or_are_another_s_are_taken_in_again() {
    let fixture = Fixture::new();
    fixture.put("a.txt", "the stove in the summer house burns birch", TextKind::Plain);
    fs::remove_dir_all(fixture.folder.path().join("words")).unwrap();
    let fixture = fixture.reopened();
    assert_eq!(fixture.paths("birch"), ["a.txt"]);
    fs::write(fixture.folder.path().join("words/meta.json"), "broken").unwrap();
    let fixture = fixture.reopened();
    assert_eq!(fixture.paths("birch"), ["a.txt"]);
    // A database that was lost leaves words of texts that are there no more.
    for file in ["passages.sqlite", "passages.sqlite-wal", "passages.sqlite-shm"] {
        let _ = fs::remove_file(fixture.folder.path().join(file));
    }
    let fixture = fixture.reopened();
    assert!(fixture.found("birch").is_empty());
    fixture.put("b.txt", "oak", TextKind::Plain);
    assert_eq!(fixture.paths("oak birch"), ["b.txt"]);
}

#[test]
fn changes_the_words_have_not_followed_are_followed_after_a_crash() {
    let fixture = Fixture::new();
    let text = FileText { text: "quince jam".to_owned(), kind: TextKind::Plain, written: NOW };
    let state = FileState::default();
    fixture.index.change(|batch| batch.put(&place("a"), &state, Some(&text), PassageSize::default(), NOW)).unwrap();
    let fixture = fixture.reopened();
    assert_eq!(fixture.paths("quince"), ["a"]);
}

#[test]
fn newer_ones_come_first_where_recency_counts() {
    let fixture = Fixture::new();
    for (path, age) in [("old.txt", 400 * DAY), ("new.txt", DAY)] {
        let text = FileText { text: format!("the rent is due, {path}"), kind: TextKind::Plain, written: NOW - age };
        let change = |batch: &mut Batch<'_>| {
            batch.put(&place(path), &FileState::default(), Some(&text), PassageSize::default(), NOW)
        };
        fixture.index.change(change).unwrap();
    }
    fixture.index.follow().unwrap();
    let weights = Weights { recency: 0.5, ..Weights::default() };
    let query = Query { weights, now: NOW, ..Query::new("rent due", 2) };
    let hits = fixture.index.search(&query).unwrap();
    assert_eq!(hits[0].places[0].path, "new.txt");
    assert_eq!(fixture.paths("rent due")[0], "old.txt");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is put, changed and removed in whatever order: exactly what the files say now is found.
    #[test]
    fn the_index_says_what_the_files_say(steps in prop::collection::vec((0..4u8, 0..5u8), 1..14)) {
        let fixture = Fixture::new();
        let mut files = std::collections::BTreeMap::new();
        for (path, content) in steps {
            let path = format!("f{path}.txt");
            match content {
                0 => {
                    fixture.remove(&path);
                    files.remove(&path);
                }
                content => {
                    fixture.put(&path, &format!("content{content} of it"), TextKind::Plain);
                    files.insert(path, content);
                }
            }
        }
        let fixture = fixture.reopened();
        for content in 1..5u8 {
            let hits = fixture.found(&format!("content{content}"));
            let mut found: Vec<_> = hits.iter().flat_map(|hit| &hit.places).map(|place| place.path.clone()).collect();
            found.sort();
            let wanted: Vec<_> = files.iter().filter(|(_, says)| **says == content).map(|(path, _)| path.clone()).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
