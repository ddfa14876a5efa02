//! What is done to a text before it is cut into words: the steps a tokenizer.json may name.

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use serde::Deserialize;

use super::charsmap::Charsmap;

/// One step, under the name it has in a tokenizer.json.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Named {
    Sequence {
        normalizers: Vec<Named>,
    },
    BertNormalizer(Bert),
    Precompiled {
        precompiled_charsmap: Option<String>,
    },
    Replace {
        pattern: Pattern,
        content: String,
    },
    Strip {
        strip_left: bool,
        strip_right: bool,
    },
    Lowercase,
    StripAccents,
    #[serde(rename = "NFC")]
    Nfc,
    #[serde(rename = "NFD")]
    Nfd,
    #[serde(rename = "NFKC")]
    Nfkc,
    #[serde(rename = "NFKD")]
    Nfkd,
}

#[derive(Deserialize)]
enum Pattern {
    String(String),
    Regex(String),
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Bert {
    clean_text: bool,
    handle_chinese_chars: bool,
    strip_accents: Option<bool>,
    lowercase: bool,
}

pub(super) enum Normal {
    Bert(Bert),
    Charsmap(Charsmap),
    Replace(String, String),
    /// Several spaces become this.
    Spaces(String),
    Strip {
        left: bool,
        right: bool,
    },
    Lowercase,
    StripAccents,
    Compose(ComposingNormalizerBorrowed<'static>),
    Decompose(DecomposingNormalizerBorrowed<'static>),
}

/// The steps in their order, or what is not known of them.
pub(super) fn read(json: Option<serde_json::Value>) -> Result<Vec<Normal>, String> {
    let mut steps = Vec::new();
    if let Some(json) = json {
        let named = serde_json::from_value(json).map_err(|error| format!("its normalizer is not known: {error}"))?;
        flatten(named, &mut steps)?;
    }
    Ok(steps)
}

fn flatten(named: Named, steps: &mut Vec<Normal>) -> Result<(), String> {
    steps.push(match named {
        Named::Sequence { normalizers } => {
            return normalizers.into_iter().try_for_each(|named| flatten(named, steps));
        }
        Named::Precompiled { precompiled_charsmap: None } => return Ok(()),
        Named::Precompiled { precompiled_charsmap: Some(map) } => {
            Normal::Charsmap(Charsmap::read(&map).ok_or("its precompiled_charsmap is broken")?)
        }
        Named::BertNormalizer(bert) => Normal::Bert(bert),
        Named::Replace { pattern: Pattern::String(pattern), content } => Normal::Replace(pattern, content),
        Named::Replace { pattern: Pattern::Regex(pattern), content } if pattern == " {2,}" => Normal::Spaces(content),
        Named::Replace { pattern: Pattern::Regex(pattern), .. } => {
            return Err(format!("its normalizer replaces {pattern:?}, which is not known"));
        }
        Named::Strip { strip_left: left, strip_right: right } => Normal::Strip { left, right },
        Named::Lowercase => Normal::Lowercase,
        Named::StripAccents => Normal::StripAccents,
        Named::Nfc => Normal::Compose(ComposingNormalizerBorrowed::new_nfc()),
        Named::Nfkc => Normal::Compose(ComposingNormalizerBorrowed::new_nfkc()),
        Named::Nfd => Normal::Decompose(DecomposingNormalizerBorrowed::new_nfd()),
        Named::Nfkd => Normal::Decompose(DecomposingNormalizerBorrowed::new_nfkd()),
    });
    Ok(())
}

impl Normal {
    pub(super) fn apply(&self, text: String) -> String {
        match self {
            Self::Bert(bert) => bert.apply(text),
            Self::Charsmap(map) => map.apply(&text),
            Self::Replace(old, new) => text.replace(old, new),
            Self::Spaces(new) => collapse(&text, new),
            Self::Strip { left, right } => {
                let text = if *left { text.trim_start() } else { &text };
                (if *right { text.trim_end() } else { text }).to_owned()
            }
            Self::Lowercase => lowercase(&text),
            Self::StripAccents => text.chars().filter(|letter| !is_accent(*letter)).collect(),
            Self::Compose(normalizer) => normalizer.normalize(&text).into_owned(),
            Self::Decompose(normalizer) => normalizer.normalize(&text).into_owned(),
        }
    }
}

impl Bert {
    fn apply(self, mut text: String) -> String {
        if self.clean_text {
            let kept = text.chars().filter(|letter| !is_noise(*letter));
            text = kept.map(|letter| if letter.is_whitespace() { ' ' } else { letter }).collect();
        }
        if self.handle_chinese_chars {
            text = text.chars().flat_map(spaced).collect();
        }
        if self.strip_accents.unwrap_or(self.lowercase) {
            let parts = DecomposingNormalizerBorrowed::new_nfd();
            text = parts.normalize_iter(text.chars()).filter(|letter| !is_accent(*letter)).collect();
        }
        if self.lowercase { lowercase(&text) } else { text }
    }
}

/// Letter by letter, so that a sigma at the end of a word is like any other.
fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn collapse(text: &str, new: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("  ") {
        result.push_str(&rest[..at]);
        result.push_str(new);
        rest = rest[at..].trim_start_matches(' ');
    }
    result + rest
}

fn category(letter: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(letter)
}

fn is_accent(letter: char) -> bool {
    category(letter) == GeneralCategory::NonspacingMark
}

fn is_noise(letter: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    match letter {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        _ => matches!(category(letter), Control | Format | PrivateUse),
    }
}

/// Whether BERT cuts a text around this sign.
pub(super) fn is_punctuation(letter: char) -> bool {
    use GeneralCategory::{
        ClosePunctuation, ConnectorPunctuation, DashPunctuation, FinalPunctuation, InitialPunctuation, OpenPunctuation,
        OtherPunctuation,
    };
    letter.is_ascii_punctuation()
        || matches!(
            category(letter),
            ClosePunctuation
                | ConnectorPunctuation
                | DashPunctuation
                | FinalPunctuation
                | InitialPunctuation
                | OpenPunctuation
                | OtherPunctuation
        )
}

/// An ideograph is a separate word.
fn spaced(letter: char) -> impl Iterator<Item = char> {
    let space = is_ideograph(letter).then_some(' ');
    space.into_iter().chain([letter]).chain(space)
}

/// The blocks that BERT takes for Chinese.
fn is_ideograph(letter: char) -> bool {
    matches!(u32::from(letter),
        0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x20000..=0x2a6df | 0x2a700..=0x2b73f | 0x2b740..=0x2b81f
        | 0x2b920..=0x2ceaf | 0xf900..=0xfaff | 0x2f800..=0x2fa1f)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn apply(json: serde_json::Value, text: &str) -> String {
        read(Some(json)).unwrap().iter().fold(text.to_owned(), |text, step| step.apply(text))
    }

    #[test]
    fn bert_cleans_spaces_and_accents() {
        let bert = |lowercase: bool| {
            let kind = "BertNormalizer";
            json!({"type": kind, "clean_text": true, "handle_chinese_chars": true, "strip_accents": null,
                   "lowercase": lowercase})
        };
        assert_eq!(apply(bert(true), "Çà\tЙ\u{200d}\u{0}ва 茶x"), "ca ива  茶 x");
        assert_eq!(apply(bert(false), "Çà Й"), "Çà Й");
    }

    #[test]
    fn steps_follow_one_another() {
        let steps = json!({"type": "Sequence", "normalizers": [
            {"type": "NFKC"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
            {"type": "Replace", "pattern": {"String": "b"}, "content": "c"},
            {"type": "Strip", "strip_left": true, "strip_right": false},
            {"type": "Lowercase"},
        ]});
        assert_eq!(apply(steps, "  A   ｂ  "), "a c ");
        assert_eq!(
            apply(json!({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}), "é"),
            "e"
        );
        assert_eq!(apply(json!({"type": "Precompiled", "precompiled_charsmap": null}), "é"), "é");
        assert!(read(None).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_known_is_named() {
        let why = |json: serde_json::Value| read(Some(json)).err().unwrap();
        assert!(why(json!({"type": "Nmt"})).contains("Nmt"));
        assert!(why(json!({"type": "Replace", "pattern": {"Regex": "a+"}, "content": ""})).contains("a+"));
        assert!(why(json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"})).contains("precompiled_charsmap"));
    }
}
