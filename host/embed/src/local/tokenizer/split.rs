//! Cuts a text into the words that pieces are looked for in: the ways a tokenizer.json may name.

use serde::Deserialize;

use super::normal::is_punctuation;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Named {
    Sequence {
        pretokenizers: Vec<Named>,
    },
    BertPreTokenizer,
    WhitespaceSplit,
    Metaspace {
        replacement: char,
        /// As older files say it.
        #[serde(default = "yes")]
        add_prefix_space: bool,
        prepend_scheme: Option<Prepend>,
        #[serde(default = "yes")]
        split: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Prepend {
    First,
    Never,
    Always,
}

fn yes() -> bool {
    true
}

pub(super) enum Split {
    /// At spaces, and around punctuation.
    Bert,
    /// At spaces.
    Spaces,
    /// Spaces become a mark that begins a word.
    Marked { mark: char, prepend: Prepend, split: bool },
}

/// The ways in their order, or what is not known of them.
pub(super) fn read(json: Option<serde_json::Value>) -> Result<Vec<Split>, String> {
    let mut splits = Vec::new();
    if let Some(json) = json {
        let named = serde_json::from_value(json).map_err(|error| format!("its pre_tokenizer is not known: {error}"))?;
        flatten(named, &mut splits);
    }
    Ok(splits)
}

fn flatten(named: Named, splits: &mut Vec<Split>) {
    splits.push(match named {
        Named::Sequence { pretokenizers } => {
            return pretokenizers.into_iter().for_each(|named| flatten(named, splits));
        }
        Named::BertPreTokenizer => Split::Bert,
        Named::WhitespaceSplit => Split::Spaces,
        Named::Metaspace { replacement, add_prefix_space, prepend_scheme, split } => {
            let older = if add_prefix_space { Prepend::Always } else { Prepend::Never };
            Split::Marked { mark: replacement, prepend: prepend_scheme.unwrap_or(older), split }
        }
    });
}

impl Split {
    pub(super) fn apply(&self, words: Vec<String>) -> Vec<String> {
        match self {
            Self::Bert => words.iter().flat_map(|text| text.split_whitespace()).flat_map(around_punctuation).collect(),
            Self::Spaces => words.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect(),
            Self::Marked { mark, prepend, split } => {
                let marked = words.into_iter().enumerate().map(|(number, text)| {
                    let wanted = *prepend == Prepend::Always || (*prepend == Prepend::First && number == 0);
                    marked(&text, *mark, wanted)
                });
                if *split { marked.flat_map(|text| before(&text, *mark)).collect() } else { marked.collect() }
            }
        }
    }
}

fn marked(text: &str, mark: char, prepend: bool) -> String {
    let text = text.replace(' ', mark.encode_utf8(&mut [0; 4]));
    if prepend && !text.starts_with(mark) { format!("{mark}{text}") } else { text }
}

/// Cut before each mark.
fn before(text: &str, mark: char) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for letter in text.chars() {
        match parts.last_mut() {
            Some(part) if letter != mark => part.push(letter),
            _ => parts.push(letter.to_string()),
        }
    }
    parts
}

/// Each sign of punctuation is a separate word.
fn around_punctuation(word: &str) -> Vec<String> {
    word.split_inclusive(is_punctuation)
        .flat_map(|part| match part.char_indices().next_back() {
            Some((at, sign)) if is_punctuation(sign) => [&part[..at], &part[at..]],
            _ => [part, ""],
        })
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(json: serde_json::Value, text: &str) -> Vec<String> {
        read(Some(json)).unwrap().iter().fold(vec![text.to_owned()], |words, split| split.apply(words))
    }

    #[test]
    fn bert_cuts_at_spaces_and_around_punctuation() {
        let words = apply(json!({"type": "BertPreTokenizer"}), " it's «дом» a_b. ");
        assert_eq!(words, ["it", "'", "s", "«", "дом", "»", "a", "_", "b", "."]);
    }

    #[test]
    fn words_begin_with_the_mark() {
        let spaces = json!({"type": "WhitespaceSplit"});
        let mark = json!({"type": "Metaspace", "replacement": "▁", "add_prefix_space": true});
        let both = json!({"type": "Sequence", "pretokenizers": [spaces, mark]});
        assert_eq!(apply(both, " a  bc\n"), ["▁a", "▁bc"]);
        assert_eq!(apply(mark.clone(), "a b"), ["▁a", "▁b"]);
        assert_eq!(apply(mark, " a"), ["▁a"]);
        let never = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false});
        assert_eq!(apply(never, "a b"), ["a▁b"]);
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert!(read(Some(json!({"type": "ByteLevel"}))).err().unwrap().contains("ByteLevel"));
    }
}
