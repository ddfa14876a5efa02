//! `[memory.search]`: how memory is searched: which model makes the vectors, what counts how much, which
//! folders tools may have searched.

use std::path::PathBuf;

use anyhow::bail;
use serde::Deserialize;
use steward_embed::{EndpointConfig, models};
use steward_memory::{Levels, Weights};

use super::environment::{self, Environment};

/// How memory is searched.
#[derive(Clone, Debug)]
pub struct Search {
    /// Folders outside the workspace from which tools may have files searched.
    pub folders: Vec<PathBuf>,
    /// What makes the vectors.
    pub embeddings: Embeddings,
    /// A folder with models in addition to the one in the data folder.
    pub models: Option<PathBuf>,
    /// What counts how much in the ranking.
    pub weights: Weights,
    /// How many passages of conversations keep their vectors.
    pub levels: Levels,
}

/// What makes the vectors.
#[derive(Clone, Debug)]
pub enum Embeddings {
    /// Nothing: words alone are compared.
    Off,
    /// A model folder, by its name below the folder of models or by its path.
    Model(String),
    /// A server with OpenAI's `/embeddings`.
    Endpoint(Box<EndpointConfig>),
}

/// The keys as they are written in `[memory.search]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SearchFile {
    /// Folders outside the workspace that may be indexed from a chat.
    folders: Vec<PathBuf>,
    /// The model that searches by meaning: one of `steward models list`, a folder, or `"none"` for words alone.
    ///
    /// Default: `multilingual-e5-small`
    model: Option<String>,
    endpoint: Option<EndpointFile>,
    weights: WeightsFile,
    levels: LevelsFile,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointFile {
    /// A server with OpenAI's `/embeddings`, instead of `memory.search.model`.
    ///
    /// Values: an address
    url: String,
    /// The model to ask for.
    model: String,
    /// The key. For api.openai.com, `OPENAI_API_KEY` works too.
    ///
    /// Environment: `EMBEDDINGS_API_KEY`
    key: Option<String>,
    /// How long the vectors should be, for models that offer several lengths.
    ///
    /// Default: the model's own
    dimensions: Option<u32>,
    /// Whether requests say if a text is a question or a passage (`input_type`), which some servers need.
    #[serde(default)]
    input_type: bool,
    /// What is put before a question.
    #[serde(default)]
    query_prefix: String,
    /// What is put before a passage.
    #[serde(default)]
    passage_prefix: String,
    /// Texts in one request.
    ///
    /// Values: 1 to 2048
    /// Default: `32`
    batch: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WeightsFile {
    /// How much meaning counts in the ranking.
    ///
    /// Values: 0 to 1
    /// Default: `0.7`
    vector: f32,
    /// How much words count.
    ///
    /// Values: 0 to 1
    /// Default: `0.3`
    words: f32,
    /// How much it counts that something is new.
    ///
    /// Values: 0 to 1
    /// Default: `0`
    recency: f32,
    /// After how long something is half as new.
    ///
    /// Values: days
    /// Default: `30`
    half_life_days: f32,
}

impl Default for WeightsFile {
    fn default() -> Self {
        let Weights { vector, words, recency, half_life } = Weights::default();
        Self { vector, words, recency, half_life_days: half_life / 86_400.0 }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LevelsFile {
    /// Passages of recent conversations that keep their vectors.
    ///
    /// Default: `100`
    short: u32,
    /// Passages of older conversations that keep their vectors.
    ///
    /// Default: `500`
    medium: u32,
    /// Passages of long-term memory that keep their vectors; 0 is unlimited.
    ///
    /// Default: `0`
    long: u32,
    /// Recalls that make a passage long-term.
    ///
    /// Default: `2`
    promote_after: u32,
}

impl Default for LevelsFile {
    fn default() -> Self {
        let Levels { short, medium, long, promote_after } = Levels::default();
        Self { short, medium, long: long.unwrap_or_default(), promote_after }
    }
}

impl SearchFile {
    pub(super) fn checked(self, environment: &Environment, proxy: Option<&str>) -> anyhow::Result<Search> {
        let embeddings = match (self.endpoint, self.model.as_deref().map(str::trim)) {
            (Some(_), Some(_)) => {
                bail!("memory: name either memory.search.model or [memory.search.endpoint], not both.")
            }
            (Some(endpoint), None) => Embeddings::Endpoint(Box::new(endpoint.checked(environment, proxy)?)),
            (None, Some("none")) => Embeddings::Off,
            (None, Some("")) => bail!("memory.search.model: name a model, or \"none\" to compare words alone."),
            (None, model) => Embeddings::Model(model.unwrap_or(models::DEFAULT).to_owned()),
        };
        let models = environment.get(environment::MODELS).map(PathBuf::from);
        let (weights, levels) = (self.weights.checked()?, self.levels.checked()?);
        Ok(Search { folders: self.folders, embeddings, models, weights, levels })
    }
}

impl EndpointFile {
    fn checked(self, environment: &Environment, proxy: Option<&str>) -> anyhow::Result<EndpointConfig> {
        let url = environment::url("memory.search.endpoint.url", &self.url)?;
        let of_openai = url.host_str() == Some("api.openai.com");
        let known = environment.get("EMBEDDINGS_API_KEY").or(environment.get("OPENAI_API_KEY").filter(|_| of_openai));
        let batch = self.batch.unwrap_or(32);
        if !(1..=2_048).contains(&batch) {
            bail!("memory.search.endpoint.batch: {batch} is out of range. Use 1 to 2048.");
        }
        if self.model.trim().is_empty() {
            bail!("memory.search.endpoint.model: name the model to ask for, such as text-embedding-3-small.");
        }
        Ok(EndpointConfig {
            key: self.key.or_else(|| known.map(str::to_owned)),
            dimensions: self.dimensions,
            input_type: self.input_type,
            query_prefix: self.query_prefix,
            passage_prefix: self.passage_prefix,
            batch,
            http_proxy: proxy.map(str::to_owned),
            ..EndpointConfig::new(url, self.model)
        })
    }
}

impl WeightsFile {
    fn checked(self) -> anyhow::Result<Weights> {
        let Self { vector, words, recency, half_life_days } = self;
        for (key, value) in [("vector", vector), ("words", words), ("recency", recency)] {
            if !(0.0..=1.0).contains(&value) {
                bail!("memory.search.weights.{key}: {value} is out of range. Use 0 to 1.");
            }
        }
        if vector + words <= 0.0 {
            bail!("memory.search.weights: vector and words are both 0, so nothing would be found. Raise one.");
        }
        if !(half_life_days > 0.0 && half_life_days.is_finite()) {
            bail!("memory.search.weights.half_life_days: {half_life_days} is out of range. Use more than 0.");
        }
        Ok(Weights { vector, words, recency, half_life: half_life_days * 86_400.0 })
    }
}

impl LevelsFile {
    fn checked(self) -> anyhow::Result<Levels> {
        if self.promote_after == 0 {
            bail!("memory.search.levels.promote_after: 0 would keep everything for ever. Use 1 or more.");
        }
        let long = (self.long > 0).then_some(self.long);
        Ok(Levels { short: self.short, medium: self.medium, long, promote_after: self.promote_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Search> {
        let file: SearchFile = toml::from_str(text)?;
        file.checked(&Environment::default(), None)
    }

    #[test]
    fn nothing_configured_looks_for_the_multilingual_model() {
        let search = read("").unwrap();
        assert!(matches!(search.embeddings, Embeddings::Model(name) if name == models::DEFAULT));
        assert_eq!((search.weights, search.levels), (Weights::default(), Levels::default()));
        assert!(matches!(read("model = \"none\"").unwrap().embeddings, Embeddings::Off));
    }

    #[test]
    fn an_endpoint_is_read_and_its_key_is_taken_from_the_environment() {
        let file: SearchFile =
            toml::from_str("[endpoint]\nurl = \"http://127.0.0.1:8000/v1\"\nmodel = \"e5\"\ninput_type = true")
                .unwrap();
        let environment = [("EMBEDDINGS_API_KEY".to_owned(), "k".to_owned())].into_iter().collect();
        let search = file.checked(&environment, None).unwrap();
        let Embeddings::Endpoint(endpoint) = search.embeddings else { panic!("no endpoint") };
        assert_eq!((endpoint.model.as_str(), endpoint.key.as_deref(), endpoint.input_type), ("e5", Some("k"), true));
    }

    #[test]
    fn mistakes_are_named_with_what_would_be_right() {
        for (text, wanted) in [
            ("model = \"a\"\n[endpoint]\nurl = \"http://h\"\nmodel = \"b\"", "not both"),
            ("[endpoint]\nurl = \"h\"\nmodel = \"b\"", "begins with http"),
            ("[weights]\nvector = 7", "Use 0 to 1"),
            ("[weights]\nvector = 0\nwords = 0", "Raise one"),
            ("[levels]\npromote_after = 0", "Use 1 or more"),
            ("[weights]\nhalf_life_days = 0", "more than 0"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
