//! What a model's folder says of it, in the layout of sentence-transformers, and what is known of some models besides.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fingerprint;
use super::shape::Shape;
use crate::models::record::{Pooling, Record};
use crate::{EmbedError, ModelId, Purpose};

/// Longer texts are cut, even where a model could take them: time grows with the square.
const MOST_TOKENS: usize = 512;

pub(super) const TOKENIZER: &str = "tokenizer.json";
pub(super) const WEIGHTS: &str = "model.safetensors";

/// A model, before anything large of it is read.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    pub(super) id: ModelId,
    pub(super) shape: Shape,
    pub(super) pooling: Pooling,
    pub(super) most_tokens: usize,
    query_prefix: String,
    passage_prefix: String,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

#[derive(Deserialize)]
struct Sentence {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct PoolingJson {
    #[serde(default)]
    pooling_mode_cls_token: bool,
    #[serde(default)]
    pooling_mode_mean_tokens: bool,
    #[serde(default)]
    pooling_mode_max_tokens: bool,
    #[serde(default)]
    pooling_mode_mean_sqrt_len_tokens: bool,
    #[serde(default)]
    pooling_mode_weightedmean_tokens: bool,
    #[serde(default)]
    pooling_mode_lasttoken: bool,
}

#[derive(Default, Deserialize)]
struct Transformers {
    #[serde(default)]
    prompts: Prompts,
}

#[derive(Default, Deserialize)]
struct Prompts {
    query: Option<String>,
    #[serde(alias = "document")]
    passage: Option<String>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, EmbedError> {
        let record = Record::read(path)?;
        if let Some(record) = &record {
            record.check_sizes(path)?;
        }
        let config = path.join("config.json");
        let json = fs::read(&config).map_err(|error| EmbedError::file(&config, error))?;
        let shape = Shape::read(&json).map_err(|reason| EmbedError::Unsupported { path: config, reason })?;
        let pooling = match record.as_ref().and_then(|record| record.pooling) {
            Some(pooling) => pooling,
            None => pooling(path)?,
        };
        let said = optional::<Sentence>(&path.join("sentence_bert_config.json"))?.and_then(|json| json.max_seq_length);
        let most_tokens = said.unwrap_or(MOST_TOKENS).min(shape.most_tokens()).clamp(3, MOST_TOKENS);
        let name = name(path, record.as_ref());
        let [query_prefix, passage_prefix] = prefixes(path, record.as_ref(), &[&name, &shape.made_as])?;
        let settings = format!("{pooling:?} {most_tokens} {query_prefix:?} {passage_prefix:?}");
        let fingerprint = fingerprint::of(path, record.as_ref(), &settings)?;
        let id = ModelId { name, dimension: shape.hidden, fingerprint };
        Ok(Self { path: path.to_owned(), id, shape, pooling, most_tokens, query_prefix, passage_prefix })
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The text as the model was trained to see it.
    pub(super) fn prefixed(&self, text: &str, purpose: Purpose) -> String {
        let prefix = match purpose {
            Purpose::Query => &self.query_prefix,
            Purpose::Passage => &self.passage_prefix,
        };
        format!("{prefix}{text}")
    }
}

fn name(folder: &Path, record: Option<&Record>) -> String {
    let folder = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    record.map(|record| record.name.clone()).or(folder).unwrap_or_default()
}

/// By the module for it, and refused where there is any that cannot be computed.
fn pooling(folder: &Path) -> Result<Pooling, EmbedError> {
    let list = folder.join("modules.json");
    let modules = optional::<Vec<Module>>(&list)?.unwrap_or_default();
    let kind = |module: &Module| module.r#type.rsplit('.').next().unwrap_or_default().to_owned();
    if let Some(other) =
        modules.iter().map(kind).find(|kind| !["Transformer", "Pooling", "Normalize"].contains(&&**kind))
    {
        let reason = format!("it has a module {other}; Transformer, Pooling and Normalize can be run here");
        return Err(EmbedError::Unsupported { path: list, reason });
    }
    let module = modules.iter().find(|module| kind(module) == "Pooling").map_or("1_Pooling", |module| &module.path);
    let path = folder.join(module).join("config.json");
    let json = optional::<PoolingJson>(&path)?.unwrap_or_default();
    let other = json.pooling_mode_max_tokens
        || json.pooling_mode_mean_sqrt_len_tokens
        || json.pooling_mode_weightedmean_tokens
        || json.pooling_mode_lasttoken;
    match (json.pooling_mode_cls_token, json.pooling_mode_mean_tokens) {
        (true, false) if !other => Ok(Pooling::Cls),
        (false, _) if !other => Ok(Pooling::Mean),
        _ => {
            let reason = "it pools in another way than by the mean or by the first token".to_owned();
            Err(EmbedError::Unsupported { path, reason })
        }
    }
}

/// Of queries and of passages: as recorded, as the folder says, or as the model's family is known to want.
fn prefixes(folder: &Path, record: Option<&Record>, names: &[&str]) -> Result<[String; 2], EmbedError> {
    if let Some(record) = record {
        return Ok([record.query_prefix.clone(), record.passage_prefix.clone()]);
    }
    let said = optional::<Transformers>(&folder.join("config_sentence_transformers.json"))?.unwrap_or_default().prompts;
    if said.query.is_some() || said.passage.is_some() {
        return Ok([said.query.unwrap_or_default(), said.passage.unwrap_or_default()]);
    }
    // The E5 models (Wang and others, 2022), but not those that are given instructions.
    let e5 = |name: &&str| {
        let name = name.to_lowercase();
        !name.contains("instruct") && name.split(['/', '-', '_']).any(|part| part == "e5")
    };
    let family = if names.iter().any(e5) { ["query: ", "passage: "] } else { ["", ""] };
    Ok(family.map(str::to_owned))
}

/// A small file that not every folder has.
fn optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, EmbedError> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EmbedError::file(path, error)),
        Ok(json) => match serde_json::from_slice(&json) {
            Ok(read) => Ok(Some(read)),
            Err(error) => Err(EmbedError::Broken { path: path.to_owned(), reason: error.to_string() }),
        },
    }
}

#[cfg(test)]
mod tests;
