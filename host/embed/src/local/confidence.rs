//! Whether a model knows the script of a text: one that does not cuts its words into single letters or takes them for
//! unknown, and its vectors mean nothing.

use icu_properties::CodePointMapData;
use icu_properties::props::Script;

use super::tokenizer::Tokenizer;

/// Words that are looked at.
const WORDS: usize = 200;
/// Pieces a word is cut into where a model knows the language, and where it knows next to nothing of it.
const KNOWN: f32 = 2.5;
const STRANGE: f32 = 5.0;

/// From 0 to 1, by how many pieces a word is cut into and how many of them are unknown. A text without letters is as
/// good as any other.
pub(super) fn of(tokenizer: &Tokenizer, text: &str) -> f32 {
    let words = words(text);
    if words.is_empty() {
        return 1.0;
    }
    let mut pieces = Vec::new();
    words.iter().for_each(|word| tokenizer.pieces(word, usize::from(u8::MAX), &mut pieces));
    if pieces.is_empty() {
        return 0.0;
    }
    let unknown = pieces.iter().filter(|piece| **piece == tokenizer.unknown()).count() as f32 / pieces.len() as f32;
    let each = pieces.len() as f32 / words.len() as f32;
    let known = ((STRANGE - each) / (STRANGE - KNOWN)).clamp(0.0, 1.0);
    known * (1.0 - 2.0 * unknown).max(0.0)
}

/// The first words of a text: letters in a row, and each letter alone in a script that sets no spaces.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    for letter in text.chars().chain([' ']) {
        let alone = sets_no_spaces(letter);
        let goes_on = !word.is_empty() && !alone && is_part(letter);
        if !goes_on && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if words.len() == WORDS {
            break;
        }
        match letter.is_alphabetic() {
            true if alone => words.push(letter.to_string()),
            alphabetic if alphabetic || goes_on => word.push(letter),
            _ => {}
        }
    }
    words
}

/// A letter, or a mark on one.
fn is_part(letter: char) -> bool {
    letter.is_alphabetic() || CodePointMapData::<Script>::new().get(letter) == Script::Inherited
}

fn sets_no_spaces(letter: char) -> bool {
    const SCRIPTS: [Script; 8] = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Thai,
        Script::Lao,
        Script::Khmer,
        Script::Myanmar,
        Script::Tibetan,
    ];
    SCRIPTS.contains(&CodePointMapData::<Script>::new().get(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_in_a_row() {
        assert_eq!(words("It's 42 o'clock, 3rd a1b!"), ["It", "s", "o", "clock", "rd", "a", "b"]);
        assert_eq!(words("и\u{306}од"), ["и\u{306}од"]);
        assert_eq!(words("日本 goes"), ["日", "本", "goes"]);
        assert_eq!(words("12:30 — !"), [] as [&str; 0]);
        assert_eq!(words(&"a ".repeat(500)).len(), WORDS);
    }
}
