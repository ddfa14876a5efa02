//! Words alone find the right passage as often as they did: over the questions of `tests/retrieval`.

use std::fs;
use std::path::Path;

use crate::tests::{Fixture, NOW, place};
use crate::{FileState, FileText, PassageSize, Query, TextKind, Weights};

#[test]
fn words_alone_find_the_right_passage_as_often_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/retrieval");
    let mut files: Vec<_> = fs::read_dir(folder.join("passages")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let fixture = Fixture::new();
    let passages: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines = passages.iter().flat_map(|file| file.lines()).filter_map(|line| line.split_once('\t'));
    fixture
        .index
        .change(|batch| {
            lines.clone().try_for_each(|(id, text)| {
                let text = FileText { text: text.to_owned(), kind: TextKind::Plain, written: NOW };
                batch.put(&place(id), &FileState::default(), Some(&text), PassageSize::default(), NOW)
            })
        })
        .unwrap();
    fixture.index.follow().unwrap();
    let (mut asked, mut in_five, mut reciprocal) = (0.0, 0.0, 0.0);
    for line in fs::read_to_string(folder.join("questions.tsv")).unwrap().lines() {
        let [_, _, text, answers] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let answers: Vec<_> = answers.split([',', ' ']).filter(|answer| !answer.is_empty()).collect();
        let weights = Weights { vector: 0.0, words: 1.0, ..Weights::default() };
        let hits = fixture.index.search(&Query { weights, ..Query::new(text, 50) }).unwrap();
        let is_right = |hit: &crate::Hit| hit.places.iter().any(|place| answers.contains(&place.path.as_str()));
        let rank = hits.iter().position(is_right);
        asked += 1.0;
        in_five += f64::from(u8::from(rank.is_some_and(|rank| rank < 5)));
        reciprocal += rank.map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0));
    }
    let (recall, mean) = (in_five / asked, reciprocal / asked);
    assert!(recall > 0.71 && mean > 0.645, "recall@5 {recall:.4}, mean reciprocal rank {mean:.4}");
}
