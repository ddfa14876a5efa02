use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::tiny::{Tiny, WORDS};
use super::*;

fn open(folder: &Path) -> LocalModel {
    LocalModel::open(folder, LocalOptions { threads: 2, ..LocalOptions::default() }).unwrap()
}

async fn embed(model: &LocalModel, texts: &[&str], purpose: Purpose) -> Result<Vec<Vec<f32>>, EmbedError> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    model.embed(&texts, purpose).await
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let far = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far < 1e-5, "{what}: {found:?} is not {expected:?}");
}

/// The numbers of words, with what stands around a text.
fn tokens(words: &[&str]) -> Vec<u32> {
    let number = |word: &&str| WORDS.iter().position(|known| known == word).unwrap() as u32;
    [&["[CLS]"], words, &["[SEP]"]].concat().iter().map(number).collect()
}

#[tokio::test]
async fn every_kind_of_model_number_and_pooling_is_computed() {
    for kind in ["bert", "xlm-roberta", "distilbert"] {
        for (dtype, pooling, prefix) in
            [("F32", "mean", ""), ("F16", "cls", "bert."), ("BF16", "mean", "0.auto_model.")]
        {
            let tiny = Tiny { dtype, pooling, prefix, ..Tiny::new(kind) };
            let folder = tiny.write();
            let vectors = embed(&open(folder.path()), &["The cats sat, [CLS]"], Purpose::Passage).await;
            // What looks like a control token is text: a bracket is unknown, and so on.
            let expected = tiny.vector(&tokens(&["the", "cat", "##s", "sat", "[UNK]", "[UNK]", "[UNK]", "[UNK]"]));
            assert_near(&vectors.unwrap()[0], &expected, &format!("{kind} {dtype} {pooling}"));
        }
    }
}

#[tokio::test]
async fn texts_together_are_as_texts_alone() {
    let tiny = Tiny::new("bert");
    let folder = tiny.write();
    let texts = ["the cat", "", "a mat sat the cat a mat", "cats", "the the the"];
    for batch_tokens in [1, 12, 1000] {
        let options = LocalOptions { threads: 3, batch_tokens, ..LocalOptions::default() };
        let model = LocalModel::open(folder.path(), options).unwrap();
        let together = embed(&model, &texts, Purpose::Query).await.unwrap();
        for (text, vector) in texts.iter().zip(&together) {
            let alone = embed(&model, &[text], Purpose::Query).await.unwrap();
            assert_near(vector, &alone[0], text);
            let length: f32 = vector.iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5, "{text}: {length}");
        }
    }
    assert_near(
        &embed(&open(folder.path()), &[""], Purpose::Query).await.unwrap()[0],
        &tiny.vector(&tokens(&[])),
        "nothing",
    );
}

#[tokio::test]
async fn a_long_text_is_cut_and_keeps_its_end_mark() {
    let tiny = Tiny::new("bert");
    let folder = tiny.write();
    let vectors = embed(&open(folder.path()), &[&"cat ".repeat(1000)], Purpose::Passage).await.unwrap();
    assert_near(&vectors[0], &tiny.vector(&tokens(&["cat"; 10])), "of 12 tokens");
}

#[tokio::test]
async fn a_folder_may_want_prefixes() {
    let tiny = Tiny::new("bert");
    let folder = tiny.write();
    let plain = LocalModel::open(folder.path(), LocalOptions::default()).unwrap();
    let prompts = json!({"prompts": {"query": "query: "}}).to_string();
    fs::write(folder.path().join("config_sentence_transformers.json"), prompts).unwrap();
    let model = open(folder.path());
    assert_ne!(plain.id().fingerprint, model.id().fingerprint);
    let query = embed(&model, &["cat"], Purpose::Query).await.unwrap();
    let passage = embed(&model, &["cat"], Purpose::Passage).await.unwrap();
    assert_near(&query[0], &tiny.vector(&tokens(&["query", ":", "cat"])), "query");
    assert_near(&passage[0], &tiny.vector(&tokens(&["cat"])), "passage");
}

#[tokio::test]
async fn a_model_is_loaded_when_it_is_needed_and_let_go_when_it_is_not() {
    let folder = Tiny::new("bert").write();
    let model = open(folder.path());
    let later = |seconds: u64| Instant::now() + Duration::from_secs(seconds);
    assert!(!model.is_loaded());
    assert!(!model.unload_if_idle(later(1000)), "there is nothing to let go");
    assert!(embed(&model, &[], Purpose::Query).await.unwrap().is_empty());
    assert!(!model.is_loaded(), "for no text nothing is read");
    let first = embed(&model, &["cat"], Purpose::Query).await.unwrap();
    assert!(model.is_loaded());
    assert!(!model.unload_if_idle(later(290)), "it was used just now");
    assert!(model.unload_if_idle(later(310)));
    assert!(!model.is_loaded());
    assert_eq!(embed(&model, &["cat"], Purpose::Query).await.unwrap(), first);
}

#[tokio::test]
async fn a_dropped_call_ends_and_lets_the_next_one_in() {
    let folder = Tiny::new("bert").write();
    let model = Arc::new(open(folder.path()));
    let texts: Vec<String> = vec!["cat sat mat".to_owned(); 200_000];
    let call = tokio::spawn({
        let model = Arc::clone(&model);
        async move { model.embed(&texts, Purpose::Query).await.map(|vectors| vectors.len()) }
    });
    while model.turn.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!model.unload_if_idle(Instant::now() + Duration::from_secs(1000)), "it is at work");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(embed(&model, &["cat"], Purpose::Query).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_broken_folder_names_the_file_and_the_remedy() {
    let broken = |break_it: &dyn Fn(&Path)| {
        let folder = Tiny::new("bert").write();
        break_it(folder.path());
        folder
    };
    let cut = |name: &'static str| {
        move |folder: &Path| {
            let content = fs::read(folder.join(name)).unwrap();
            fs::write(folder.join(name), &content[..content.len() - 1]).unwrap();
        }
    };
    let gone = |name: &'static str| move |folder: &Path| fs::remove_file(folder.join(name)).unwrap();
    let cases = [
        ("config.json", broken(&gone("config.json"))),
        ("tokenizer.json", broken(&gone("tokenizer.json"))),
        ("tokenizer.json", broken(&cut("tokenizer.json"))),
        ("model.safetensors", broken(&gone("model.safetensors"))),
        ("model.safetensors", broken(&cut("model.safetensors"))),
    ];
    for (name, folder) in cases {
        let error = match LocalModel::open(folder.path(), LocalOptions::default()) {
            Ok(model) => embed(&model, &["cat"], Purpose::Query).await.unwrap_err(),
            Err(error) => error,
        };
        let error = error.to_string();
        assert!(error.contains(name) && error.contains("steward models pull"), "{error}");
    }
}

#[tokio::test]
async fn a_config_that_lies_takes_no_memory() {
    let folder = Tiny::new("bert").write();
    let mut config = Tiny::new("bert").config();
    config["num_hidden_layers"] = json!(1_000_000_000_000_u64);
    fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let error = embed(&open(folder.path()), &["cat"], Purpose::Query).await.unwrap_err().to_string();
    assert!(error.contains("it has no encoder.layer.2."), "{error}");
}

#[tokio::test]
async fn a_tokenizer_of_another_model_is_refused() {
    let folder = Tiny::new("bert").write();
    let mut tokenizer = super::tiny::tokenizer();
    tokenizer["model"]["vocab"]["dog"] = json!(100);
    fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
    let error = embed(&open(folder.path()), &["cat"], Purpose::Query).await.unwrap_err().to_string();
    assert!(error.contains("fewer words than the tokenizer"), "{error}");
}

#[test]
fn another_model_has_another_fingerprint() {
    let fingerprint = |tiny: &Tiny| open(tiny.write().path()).id().fingerprint.clone();
    let bert = Tiny::new("bert");
    let same = fingerprint(&bert);
    assert_eq!(fingerprint(&bert), same);
    assert_ne!(fingerprint(&Tiny { pooling: "cls", ..bert.clone() }), same);
    assert_ne!(fingerprint(&Tiny { dtype: "F16", ..bert.clone() }), same);
    let folder = bert.write();
    let path = folder.path().join("model.safetensors");
    let mut weights = fs::read(&path).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(path, weights).unwrap();
    assert_ne!(open(folder.path()).id().fingerprint, same);
}

#[test]
fn strange_words_are_told_from_known_ones() {
    let folder = Tiny::new("bert").write();
    let model = open(folder.path());
    assert_eq!(model.confidence("The cats sat, the cat: 42!"), 1.0);
    assert_eq!(model.confidence("кот сел"), 0.0);
    assert_eq!(model.confidence("2024 — 42!"), 1.0);
    assert!(model.is_loaded());
    let half = model.confidence("the cat sat кот");
    assert!((0.4..0.6).contains(&half), "{half}");
}

#[test]
fn runs_of_texts_keep_within_their_tokens() {
    let texts: Vec<Vec<u32>> = [3, 3, 5, 9, 1].iter().map(|tokens| vec![0; *tokens]).collect();
    let sizes: Vec<usize> = batches(&texts, 7).map(<[Vec<u32>]>::len).collect();
    assert_eq!(sizes, [2, 1, 1, 1]);
    assert_eq!(batches(&[], 7).count(), 0);
}
