use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::tiny::Tiny;
use super::*;

/// A folder with these files besides, or instead.
fn folder(files: &[(&str, Value)]) -> TempDir {
    let folder = Tiny::new("bert").write();
    for (name, json) in files {
        fs::write(folder.path().join(name), json.to_string()).unwrap();
    }
    folder
}

fn open(files: &[(&str, Value)]) -> Result<Folder, EmbedError> {
    Folder::open(folder(files).path())
}

fn module(kind: &str) -> Value {
    json!({"idx": 0, "name": "0", "path": "1_Pooling", "type": format!("sentence_transformers.models.{kind}")})
}

#[test]
fn a_folder_says_how_its_model_is_used() {
    let plain = open(&[]).unwrap();
    assert_eq!((plain.pooling, plain.most_tokens, plain.id.dimension), (Pooling::Mean, 12, 8));
    assert_eq!(plain.prefixed("x", Purpose::Query), "x");
    let modules = json!([module("Transformer"), module("Pooling"), module("Normalize")]);
    let cls = json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false});
    let other = open(&[("modules.json", modules), ("1_Pooling/config.json", cls)]).unwrap();
    assert_eq!(other.pooling, Pooling::Cls);
    let long = open(&[("sentence_bert_config.json", json!({"max_seq_length": 8192}))]).unwrap();
    assert_eq!(long.most_tokens, 18, "there are no more positions");
}

#[test]
fn prefixes_are_of_the_folder_or_of_the_family() {
    let of = |files: &[(&str, Value)]| {
        let folder = open(files).unwrap();
        [Purpose::Query, Purpose::Passage].map(|purpose| folder.prefixed("x", purpose))
    };
    let named = |name: &str| {
        let mut config = Tiny::new("bert").config();
        config["_name_or_path"] = json!(name);
        ("config.json", config)
    };
    assert_eq!(of(&[named("intfloat/multilingual-e5-small")]), ["query: x", "passage: x"]);
    assert_eq!(of(&[named("intfloat/multilingual-e5-large-instruct")]), ["x", "x"]);
    assert_eq!(of(&[named("nreimers/MiniLM-L6-H384-uncased")]), ["x", "x"]);
    let prompts = json!({"prompts": {"query": "find: ", "document": "text: "}});
    let both = [named("intfloat/e5-small-v2"), ("config_sentence_transformers.json", prompts)];
    assert_eq!(of(&both), ["find: x", "text: x"]);
}

#[test]
fn the_record_of_an_installed_model_counts_first() {
    let folder = folder(&[]);
    let files: serde_json::Map<String, Value> = ["config.json", "tokenizer.json", "model.safetensors"]
        .map(|name| {
            let bytes = fs::metadata(folder.path().join(name)).unwrap().len();
            (name.to_owned(), json!({"bytes": bytes, "sha256": "00"}))
        })
        .into_iter()
        .collect();
    let record = json!({"name": "mine", "repository": "a/b", "revision": "1", "query_prefix": "q ",
                        "passage_prefix": "p ", "pooling": "cls", "files": files});
    fs::write(folder.path().join("steward.json"), record.to_string()).unwrap();
    let opened = Folder::open(folder.path()).unwrap();
    assert_eq!((opened.id.name.as_str(), opened.pooling), ("mine", Pooling::Cls));
    assert_eq!(opened.prefixed("x", Purpose::Passage), "p x");
    fs::write(folder.path().join("model.safetensors"), "short").unwrap();
    let error = Folder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("model.safetensors") && error.contains("it has 5 bytes"), "{error}");
}

#[test]
fn what_cannot_be_run_is_named() {
    let why = |name: &str, json: Value| open(&[(name, json)]).unwrap_err().to_string();
    assert!(why("modules.json", json!([module("Transformer"), module("Dense")])).contains("a module Dense"));
    let most = json!({"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": false});
    assert!(why("1_Pooling/config.json", most).contains("another way"));
    let both = json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true});
    assert!(why("1_Pooling/config.json", both).contains("another way"));
    assert!(why("config.json", json!({"model_type": "llama"})).contains("config.json"));
    assert!(why("steward.json", json!({"name": 1})).contains("steward models pull"));
}
