//! How often the right passage is among the first five, and how far ahead it is (mean reciprocal rank), over the
//! questions of `tests/retrieval`: by words, by meaning and by both. The final questions were never used for tuning.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use steward_embed::{Embedder, LocalModel, LocalOptions, Purpose};
use steward_index::{FilePlace, FileState, FileText, Hit, Index, PassageSize, Query, TextKind, Weights};

use crate::figures::print;

/// Where the tests have models made, and which of them are measured.
const MODELS: &str = "target/models";
const NAMES: [&str; 2] = ["multilingual-e5-small", "all-minilm-l6-v2"];
/// As many as are looked at for the ranks.
const DEPTH: usize = 50;

struct Question {
    set: String,
    text: String,
    answers: Vec<String>,
}

/// What one way of searching reached.
#[derive(Default)]
struct Reached {
    questions: usize,
    in_five: usize,
    reciprocal: f64,
}

impl Reached {
    fn add(&mut self, rank: Option<usize>) {
        self.questions += 1;
        self.in_five += usize::from(rank.is_some_and(|rank| rank <= 5));
        self.reciprocal += rank.map_or(0.0, |rank| 1.0 / rank as f64);
    }

    fn shown(&self) -> String {
        let of = self.questions.max(1) as f64;
        format!("{:.3}, {:.3}", self.in_five as f64 / of, self.reciprocal / of)
    }
}

pub(crate) async fn take() -> anyhow::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/retrieval");
    let (passages, questions) = (passages(&folder)?, questions(&folder)?);
    for name in NAMES {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(MODELS).join(name);
        match LocalModel::open(&place, LocalOptions::default()) {
            Ok(model) => measure(name, &model, &passages, &questions).await?,
            Err(error) => println!("{name} is left out: {error}\nHave it made: tests/setup/install.sh\n"),
        }
    }
    Ok(())
}

async fn measure(
    name: &str,
    model: &dyn Embedder,
    passages: &[(String, String)],
    questions: &[Question],
) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let index = Index::open(folder.path())?;
    index.change(|batch| {
        for (path, text) in passages {
            let place = FilePlace { root: String::new(), path: path.clone() };
            let text = FileText { text: text.clone(), kind: TextKind::Plain, written: 0 };
            batch.put(&place, &FileState::default(), Some(&text), PassageSize::default(), 0)?;
        }
        Ok(())
    })?;
    index.follow()?;
    let row = index.model(name, model.ready().await?.dimension)?;
    let waiting = index.waiting(&row, None, passages.len())?;
    let texts: Vec<_> = waiting.iter().map(|waiting| waiting.text.clone()).collect();
    let vectors = model.embed(&texts, Purpose::Passage).await?;
    index.put_vectors(&row, &waiting.into_iter().zip(vectors).collect::<Vec<_>>())?;
    let texts: Vec<_> = questions.iter().map(|question| question.text.clone()).collect();
    let asked = model.embed(&texts, Purpose::Query).await?;
    let mut reached: HashMap<(usize, &str), Reached> = HashMap::new();
    for (question, vector) in questions.iter().zip(&asked) {
        let trust = model.confidence(&question.text);
        let search = |meaning: f32, words: f32| {
            let weights = Weights { vector: meaning, words, ..Weights::default() };
            index.search(&Query { vector: Some((&row, vector)), weights, ..Query::new(&question.text, DEPTH) })
        };
        let usual = Weights::default();
        let ways = [search(0.0, 1.0)?, search(1.0, 0.0)?, search(usual.vector * trust, usual.words)?];
        let by_ranks = by_ranks(&ways[0], &ways[1], usual);
        for (way, hits) in ways.iter().chain([&by_ranks]).enumerate() {
            reached.entry((way, question.set.as_str())).or_default().add(rank(hits, &question.answers));
        }
    }
    let row = |way: usize, what: &str| {
        let cell = |set| reached.get(&(way, set)).map(Reached::shown).unwrap_or_default();
        [what.to_owned(), cell("tune"), cell("final")]
    };
    print(
        [&format!("{name}: recall@5, MRR"), "questions to tune by", "final questions"],
        vec![
            row(0, "words alone (BM25)"),
            row(1, "meaning alone"),
            row(2, "both, as Steward searches"),
            row(3, "both, fused by ranks alone"),
        ],
    );
    Ok(())
}

/// The other way to fuse two rankings (reciprocal rank fusion), to show why it was not taken.
fn by_ranks(words: &[Hit], meaning: &[Hit], weights: Weights) -> Vec<Hit> {
    let mut scores: HashMap<[u8; 16], (f32, &Hit)> = HashMap::new();
    for (hits, weight) in [(words, weights.words), (meaning, weights.vector)] {
        for (rank, hit) in hits.iter().enumerate() {
            scores.entry(hit.hash).or_insert((0.0, hit)).0 += weight / (61.0 + rank as f32);
        }
    }
    let mut fused: Vec<_> = scores.into_values().collect();
    fused.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.hash.cmp(&b.1.hash)));
    fused.into_iter().map(|(_, hit)| hit.clone()).collect()
}

fn rank(hits: &[Hit], answers: &[String]) -> Option<usize> {
    hits.iter().position(|hit| hit.places.iter().any(|place| answers.contains(&place.path))).map(|at| at + 1)
}

fn passages(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.join("passages"))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut passages = Vec::new();
    for file in files {
        for line in fs::read_to_string(&file)?.lines().filter(|line| !line.trim().is_empty()) {
            let (id, text) =
                line.split_once('\t').with_context(|| format!("{}: no tab in `{line}`", file.display()))?;
            passages.push((id.to_owned(), text.to_owned()));
        }
    }
    Ok(passages)
}

fn questions(folder: &Path) -> anyhow::Result<Vec<Question>> {
    let text = fs::read_to_string(folder.join("questions.tsv"))?;
    let question = |line: &str| {
        let [set, _, text, answers] = line.split('\t').collect::<Vec<_>>()[..] else {
            anyhow::bail!("questions.tsv: `{line}` has not four columns");
        };
        let answers = answers.split(',').map(str::to_owned).collect();
        Ok(Question { set: set.to_owned(), text: text.to_owned(), answers })
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(question).collect()
}
