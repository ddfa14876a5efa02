//! Reads a tokenizer.json. The vocabulary goes straight into its buffer, for there may be a quarter of a million
//! pieces.

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::pieces::Draft;
use super::unigram::Unigram;
use super::wordpiece::WordPiece;
use super::{Model, Tokenizer, frame, normal, split};
use crate::EmbedError;

#[derive(Deserialize)]
struct Json {
    #[serde(default)]
    added_tokens: Vec<Added>,
    normalizer: Option<serde_json::Value>,
    pre_tokenizer: Option<serde_json::Value>,
    post_processor: Option<serde_json::Value>,
    model: JsonModel,
}

#[derive(Deserialize)]
struct Added {
    id: u32,
    special: bool,
}

/// WordPiece's and Unigram's fields. Not an enum by `type`: to read one, serde would keep the whole vocabulary twice.
#[derive(Deserialize)]
struct JsonModel {
    r#type: Option<Kind>,
    vocab: Vocabulary,
    // Of WordPiece.
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    // Of Unigram.
    unk_id: Option<u32>,
    #[serde(default)]
    byte_fallback: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
enum Kind {
    WordPiece,
    Unigram,
    #[serde(other)]
    Other,
}

/// `{"piece": number}` or `[["piece", score]]`.
struct Vocabulary(Draft);

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Pieces)
    }
}

struct Pieces;

impl<'de> Visitor<'de> for Pieces {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vocabulary")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let mut draft = Draft::default();
        while let Some((piece, number)) = map.next_entry::<String, u32>()? {
            draft.push(&piece, number, None).ok_or_else(|| A::Error::custom("the vocabulary is endless"))?;
        }
        Ok(Vocabulary(draft))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vocabulary, A::Error> {
        let mut draft = Draft::default();
        while let Some((piece, score)) = list.next_element::<(String, f32)>()? {
            let number = u32::try_from(draft.len()).ok();
            number
                .and_then(|number| draft.push(&piece, number, Some(score)))
                .ok_or_else(|| A::Error::custom("the vocabulary is endless"))?;
        }
        Ok(Vocabulary(draft))
    }
}

pub(super) fn open(path: &Path) -> Result<Tokenizer, EmbedError> {
    let file = File::open(path).map_err(|error| EmbedError::file(path, error))?;
    let json: Json = serde_json::from_reader(BufReader::with_capacity(1 << 16, file)).map_err(|error| {
        EmbedError::Broken { path: path.to_owned(), reason: format!("it is not a tokenizer: {error}") }
    })?;
    json.into_tokenizer().map_err(|reason| EmbedError::Unsupported { path: path.to_owned(), reason })
}

impl Json {
    fn into_tokenizer(self) -> Result<Tokenizer, String> {
        let special: Vec<u32> = self.added_tokens.iter().filter(|token| token.special).map(|token| token.id).collect();
        Ok(Tokenizer {
            normal: normal::read(self.normalizer)?,
            split: split::read(self.pre_tokenizer)?,
            frame: frame::read(self.post_processor)?,
            model: self.model.into_model(&special)?,
        })
    }
}

impl JsonModel {
    /// Control tokens are left out, so that a text cannot hold one.
    fn into_model(self, special: &[u32]) -> Result<Model, String> {
        let draft = self.vocab.0;
        let guess = if draft.scored() { Kind::Unigram } else { Kind::WordPiece };
        match self.r#type.unwrap_or(guess) {
            Kind::WordPiece => {
                let unknown = self.unk_token.as_deref().unwrap_or("[UNK]");
                let unknown = draft.number(unknown).ok_or("its vocabulary has no piece for what is unknown")?;
                Ok(Model::WordPiece(WordPiece {
                    pieces: draft.finish(special),
                    unknown,
                    within: self.continuing_subword_prefix.unwrap_or_else(|| "##".to_owned()),
                    most_letters: self.max_input_chars_per_word.unwrap_or(100),
                }))
            }
            Kind::Unigram if self.byte_fallback => Err("it falls back to bytes, which is not built in".to_owned()),
            Kind::Unigram if draft.scored() => {
                let unknown = self.unk_id.ok_or("its vocabulary has no piece for what is unknown")?;
                let lowest_score = draft.lowest_score();
                Ok(Model::Unigram(Unigram { pieces: draft.finish(special), unknown, lowest_score }))
            }
            Kind::Unigram | Kind::Other => Err("its tokens are neither WordPiece's nor Unigram's".to_owned()),
        }
    }
}
