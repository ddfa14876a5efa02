//! The tokens of real vocabularies, compared with what the reference implementation made of the same texts.

use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    texts: Vec<Sample>,
    cut: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    text: String,
    tokens: Vec<u32>,
    #[serde(default)]
    query: bool,
}

fn open(model: &str) -> Tokenizer {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/models")).join(model);
    assert!(path.exists(), "the model {model} is missing: run tests/setup/install.sh");
    Tokenizer::open(&path.join("tokenizer.json")).unwrap()
}

fn compare(model: &str, most: usize, prefixes: [&str; 2]) {
    let tokenizer = open(model);
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/{}.json"), model);
    let reference: Reference = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    for Sample { text, tokens, query } in reference.texts.iter().chain(&reference.cut) {
        let prefixed = format!("{}{text}", prefixes[usize::from(!query)]);
        assert_eq!(&tokenizer.encode(&prefixed, most), tokens, "{text:?}");
    }
}

#[test]
fn wordpiece_is_as_the_reference_cuts() {
    compare("all-minilm-l6-v2", 256, ["", ""]);
}

#[test]
fn unigram_is_as_the_reference_cuts() {
    compare("multilingual-e5-small", 512, ["query: ", "passage: "]);
}

#[test]
fn what_looks_like_a_control_token_is_text() {
    let control = [0, 2, 250_001];
    let tokens = open("multilingual-e5-small").encode("a <s> b </s> c <mask>", 64);
    let inside = &tokens[1..tokens.len() - 1];
    assert!(inside.iter().all(|token| !control.contains(token)), "{inside:?}");
}

#[test]
fn endless_texts_are_cut_before_they_are_looked_at() {
    let tokenizer = open("multilingual-e5-small");
    for text in ["x".repeat(5_000_000), "слово ".repeat(1_000_000), "\n".repeat(5_000_000)] {
        let tokens = tokenizer.encode(&text, 64);
        assert!(tokens.len() <= 64 && tokens.first() == Some(&0) && tokens.last() == Some(&2));
    }
}

#[test]
fn a_tokenizer_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let why = |model: &str| {
        fs::write(
            &path,
            format!(r#"{{"normalizer": null, "pre_tokenizer": null, "post_processor": null, "model": {model}}}"#),
        )
        .unwrap();
        Tokenizer::open(&path).err().unwrap().to_string()
    };
    let bpe = why(r#"{"type": "BPE", "vocab": {"a": 0}, "merges": []}"#);
    assert!(bpe.contains("tokenizer.json") && bpe.contains("neither WordPiece's nor Unigram's"), "{bpe}");
    assert!(why(r#"{"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 0, "byte_fallback": true}"#).contains("bytes"));
    assert!(why(r#"{"type": "WordPiece", "vocab": {"a": 0}}"#).contains("unknown"));
    assert!(why(r#"{"type": "WordPiece", "vocab": 1}"#).contains("steward models pull"));
}
