//! A model for tests: a folder with a tiny encoder whose weights are chosen by chance, and the same forward pass once
//! more, number by number and in double precision, to compare with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use half::{bf16, f16};
use serde_json::{Value, json};
use tempfile::TempDir;

const WIDTH: usize = 8;
const HEADS: usize = 2;
const INNER: usize = 12;
const LAYERS: usize = 2;
const POSITIONS: usize = 18;
/// Of the padding.
const PAD: usize = 1;

/// Words of the vocabulary; their places are their numbers.
pub(super) const WORDS: [&str; 12] =
    ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "cat", "sat", "mat", "##s", "the", "a", "query", ":"];

#[derive(Clone, Debug)]
pub(crate) struct Tiny {
    pub(super) kind: &'static str,
    pub(super) dtype: &'static str,
    pub(super) pooling: &'static str,
    /// Before each tensor's name.
    pub(super) prefix: &'static str,
    pub(super) tensors: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
}

impl Tiny {
    pub(crate) fn new(kind: &'static str) -> Self {
        let mut tiny = Self { kind, dtype: "F32", pooling: "mean", prefix: "", tensors: BTreeMap::new() };
        let mut chance = Chance(7);
        let tables =
            [("word_embeddings", WORDS.len()), ("position_embeddings", POSITIONS), ("token_type_embeddings", 2)];
        for (name, rows) in tables {
            if name != "token_type_embeddings" || kind != "distilbert" {
                tiny.put(&mut chance, format!("embeddings.{name}.weight"), vec![rows, WIDTH]);
            }
        }
        tiny.put_pair(&mut chance, "embeddings.LayerNorm", vec![WIDTH]);
        for layer in 0..LAYERS {
            for (part, shape) in parts() {
                let name = tiny.name(layer, part);
                tiny.put_pair(&mut chance, &name, shape);
            }
        }
        tiny
    }

    fn put_pair(&mut self, chance: &mut Chance, name: &str, shape: Vec<usize>) {
        self.put(chance, format!("{name}.bias"), vec![shape[0]]);
        self.put(chance, format!("{name}.weight"), shape);
    }

    fn put(&mut self, chance: &mut Chance, name: String, shape: Vec<usize>) {
        let numbers = (0..shape.iter().product()).map(|_| chance.next()).collect();
        self.tensors.insert(name, (shape, numbers));
    }

    /// What a part of a layer is called in this kind of model.
    fn name(&self, layer: usize, part: &str) -> String {
        let distilbert = [
            ("attention.self.query", "attention.q_lin"),
            ("attention.self.key", "attention.k_lin"),
            ("attention.self.value", "attention.v_lin"),
            ("attention.output.dense", "attention.out_lin"),
            ("attention.output.LayerNorm", "sa_layer_norm"),
            ("intermediate.dense", "ffn.lin1"),
            ("output.dense", "ffn.lin2"),
            ("output.LayerNorm", "output_layer_norm"),
        ];
        match distilbert.iter().find(|(bert, _)| self.kind == "distilbert" && *bert == part) {
            Some((_, own)) => format!("transformer.layer.{layer}.{own}"),
            None => format!("encoder.layer.{layer}.{part}"),
        }
    }

    pub(crate) fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        self.write_to(folder.path());
        folder
    }

    pub(super) fn write_to(&self, folder: &Path) {
        let put = |name: &str, json: Value| fs::write(folder.join(name), json.to_string()).unwrap();
        put("config.json", self.config());
        put("tokenizer.json", tokenizer());
        put("sentence_bert_config.json", json!({"max_seq_length": 12}));
        fs::create_dir_all(folder.join("1_Pooling")).unwrap();
        let [cls, mean] = ["cls", "mean"].map(|kind| self.pooling == kind);
        put("1_Pooling/config.json", json!({"pooling_mode_cls_token": cls, "pooling_mode_mean_tokens": mean}));
        fs::write(folder.join("model.safetensors"), self.safetensors()).unwrap();
    }

    pub(super) fn config(&self) -> Value {
        match self.kind {
            "distilbert" => json!({"model_type": "distilbert", "activation": "gelu", "dim": WIDTH, "n_layers": LAYERS,
                "n_heads": HEADS, "hidden_dim": INNER, "max_position_embeddings": POSITIONS}),
            kind => json!({"model_type": kind, "hidden_act": "gelu", "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
                "num_attention_heads": HEADS, "intermediate_size": INNER, "max_position_embeddings": POSITIONS,
                "layer_norm_eps": 1e-12, "pad_token_id": PAD}),
        }
    }

    fn safetensors(&self) -> Vec<u8> {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, (shape, numbers)) in &self.tensors {
            let start = data.len();
            for number in numbers {
                match self.dtype {
                    "F16" => data.extend(f16::from_f32(*number).to_le_bytes()),
                    "BF16" => data.extend(bf16::from_f32(*number).to_le_bytes()),
                    _ => data.extend(number.to_le_bytes()),
                }
            }
            let entry = json!({"dtype": self.dtype, "shape": shape, "data_offsets": [start, data.len()]});
            header.insert(format!("{}{name}", self.prefix), entry);
        }
        let header = Value::Object(header).to_string();
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()
    }

    /// The vector of a text of these tokens.
    pub(super) fn vector(&self, tokens: &[u32]) -> Vec<f32> {
        let mut rows: Vec<Vec<f64>> = tokens.iter().enumerate().map(|(at, token)| self.word(at, *token)).collect();
        for layer in 0..LAYERS {
            rows = self.layer(layer, &rows);
        }
        let kept = if self.pooling == "cls" { 1 } else { rows.len() };
        let mut vector = rows[..kept].iter().fold(vec![0.0; WIDTH], |sum, row| add(&sum, row));
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        vector.into_iter().map(|x| x as f32).collect()
    }

    fn word(&self, at: usize, token: u32) -> Vec<f64> {
        let first = if self.kind == "xlm-roberta" { PAD + 1 } else { 0 };
        let row = |name: &str, row: usize| self.matrix(&format!("embeddings.{name}.weight"))[row].clone();
        let mut sum = add(&row("word_embeddings", token as usize), &row("position_embeddings", at + first));
        if self.kind != "distilbert" {
            sum = add(&sum, &row("token_type_embeddings", 0));
        }
        self.norm("embeddings.LayerNorm", &sum)
    }

    fn layer(&self, layer: usize, rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let name = |part: &str| self.name(layer, part);
        let all = |part: &str| -> Vec<Vec<f64>> { rows.iter().map(|row| self.linear(&name(part), row)).collect() };
        let [query, key, value] = ["query", "key", "value"].map(|part| all(&format!("attention.self.{part}")));
        let attended = (0..rows.len()).map(|at| {
            let taken: Vec<f64> = (0..HEADS).flat_map(|head| attend(head, &query[at], &key, &value)).collect();
            let taken = self.linear(&name("attention.output.dense"), &taken);
            let row = self.norm(&name("attention.output.LayerNorm"), &add(&rows[at], &taken));
            let mut inner = self.linear(&name("intermediate.dense"), &row);
            inner.iter_mut().for_each(|x| *x *= normal(*x));
            let outer = self.linear(&name("output.dense"), &inner);
            self.norm(&name("output.LayerNorm"), &add(&row, &outer))
        });
        attended.collect()
    }

    fn linear(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let matrix = self.matrix(&format!("{name}.weight"));
        let bias = &self.matrix(&format!("{name}.bias"))[0];
        matrix.iter().zip(bias).map(|(weights, bias)| bias + dot(weights, row)).collect()
    }

    fn norm(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let mean = row.iter().sum::<f64>() / WIDTH as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / WIDTH as f64;
        let weight = &self.matrix(&format!("{name}.weight"))[0];
        let bias = &self.matrix(&format!("{name}.bias"))[0];
        let scaled = row.iter().map(|x| (x - mean) / (variance + 1e-12).sqrt());
        scaled.zip(weight).zip(bias).map(|((x, weight), bias)| x * weight + bias).collect()
    }

    fn matrix(&self, name: &str) -> Vec<Vec<f64>> {
        let (shape, numbers) = &self.tensors[name];
        let rows = numbers.chunks(*shape.last().unwrap());
        rows.map(|row| row.iter().map(|x| f64::from(*x)).collect()).collect()
    }
}

fn parts() -> [(&'static str, Vec<usize>); 8] {
    [
        ("attention.self.query", vec![WIDTH, WIDTH]),
        ("attention.self.key", vec![WIDTH, WIDTH]),
        ("attention.self.value", vec![WIDTH, WIDTH]),
        ("attention.output.dense", vec![WIDTH, WIDTH]),
        ("attention.output.LayerNorm", vec![WIDTH]),
        ("intermediate.dense", vec![INNER, WIDTH]),
        ("output.dense", vec![WIDTH, INNER]),
        ("output.LayerNorm", vec![WIDTH]),
    ]
}

pub(super) fn tokenizer() -> Value {
    let vocabulary: BTreeMap<&str, usize> = WORDS.iter().enumerate().map(|(number, word)| (*word, number)).collect();
    let added = ["[CLS]", "[PAD]", "[SEP]", "[UNK]"];
    let added: Vec<Value> =
        (0..).zip(added).map(|(id, word)| json!({"id": id, "content": word, "special": true})).collect();
    json!({
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 0]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": vocabulary},
    })
}

fn attend(head: usize, query: &[f64], key: &[Vec<f64>], value: &[Vec<f64>]) -> Vec<f64> {
    let width = WIDTH / HEADS;
    let part = head * width..(head + 1) * width;
    let score = |key: &Vec<f64>| (dot(&query[part.clone()], &key[part.clone()]) / (width as f64).sqrt()).exp();
    let scores: Vec<f64> = key.iter().map(score).collect();
    let sum: f64 = scores.iter().sum();
    let mut taken = vec![0.0; width];
    for (score, value) in scores.iter().zip(value) {
        taken.iter_mut().zip(&value[part.clone()]).for_each(|(taken, value)| *taken += score / sum * value);
    }
    taken
}

/// The normal distribution, by its series.
fn normal(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..100 {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Numbers between -1 and 1 that are the same each time (a linear congruential generator).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Of what 16 bits hold exactly, so that every kind of number stores the same.
        ((self.0 >> 33) % 128) as f32 / 64.0 - 1.0
    }
}
