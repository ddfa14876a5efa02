//! How texts are read as words: Russian and English mixed, each word brought to its stem, ё read as е, the parts of an
//! identifier each for itself (`evictOldest`, `evict_oldest`), and beside that identifiers and numbers as they stand
//! (`gpt-5.1`, `INV-2024-117`, `4,120`).

use tantivy::tokenizer::{
    Language, RemoveLongFilter, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager,
};

/// The analyzer of words.
pub(crate) const WORDS: &str = "words";
/// The analyzer of what stands for itself.
pub(crate) const EXACT: &str = "exact";

/// Longer words are noise, such as encoded data.
const LONGEST: usize = 80;

pub(crate) fn analyzers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(WORDS, words());
    manager.register(EXACT, TextAnalyzer::builder(Exact::default()).filter(RemoveLongFilter::limit(LONGEST)).build());
    manager
}

fn words() -> TextAnalyzer {
    let stop = |language| StopWordFilter::new(language);
    let mut builder = TextAnalyzer::builder(Words::default()).filter(RemoveLongFilter::limit(LONGEST)).dynamic();
    for language in [Language::Russian, Language::English] {
        if let Some(filter) = stop(language) {
            builder = builder.filter_dynamic(filter);
        }
    }
    // Each stems words of its own alphabet and leaves the others as they are.
    builder.filter_dynamic(Stemmer::new(Language::Russian)).filter_dynamic(Stemmer::new(Language::English)).build()
}

/// Runs of letters and digits in small letters; a capital after a small letter begins a new one.
#[derive(Clone, Default)]
pub(crate) struct Words {
    token: Token,
}

/// Identifiers and numbers whole.
#[derive(Clone, Default)]
pub(crate) struct Exact {
    token: Token,
}

/// The pieces of a text that a function finds, one after the other.
pub(crate) struct Pieces<'a> {
    text: &'a str,
    at: usize,
    next: fn(&str, usize) -> Option<(usize, usize)>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Pieces<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Pieces<'a> {
        self.token.reset();
        Pieces { text, at: 0, next: next_word, token: &mut self.token }
    }
}

impl Tokenizer for Exact {
    type TokenStream<'a> = Pieces<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Pieces<'a> {
        self.token.reset();
        Pieces { text, at: 0, next: next_exact, token: &mut self.token }
    }
}

impl TokenStream for Pieces<'_> {
    fn advance(&mut self) -> bool {
        let Some((from, to)) = (self.next)(self.text, self.at) else { return false };
        self.at = to;
        self.token.position = self.token.position.wrapping_add(1);
        (self.token.offset_from, self.token.offset_to) = (from, to);
        self.token.text.clear();
        for c in self.text[from..to].chars() {
            match c {
                'ё' | 'Ё' => self.token.text.push('е'),
                // `4,120` and `4'120` are the number 4120.
                ',' | '\'' | '’' => {}
                _ => self.token.text.extend(c.to_lowercase()),
            }
        }
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

fn next_word(text: &str, at: usize) -> Option<(usize, usize)> {
    let from = at + text[at..].find(char::is_alphanumeric)?;
    let mut before: Option<char> = None;
    for (offset, c) in text[from..].char_indices() {
        let ends = !c.is_alphanumeric() || before.is_some_and(|before| before.is_lowercase() && c.is_uppercase());
        if ends {
            return Some((from, from + offset));
        }
        before = Some(c);
    }
    Some((from, text.len()))
}

/// The next run without spaces and brackets that is more than a plain word.
fn next_exact(text: &str, mut at: usize) -> Option<(usize, usize)> {
    const PARTS: &str = " \t\r\n()[]{}<>\"«»“”„`;|=*";
    loop {
        let from = at + text[at..].find(|c| !PARTS.contains(c))?;
        let to = text[from..].find(|c| PARTS.contains(c)).map_or(text.len(), |length| from + length);
        let piece = text[from..to].trim_matches(|c: char| !c.is_alphanumeric());
        if stands_for_itself(piece) {
            let from = from + text[from..to].find(piece).unwrap_or_default();
            return Some((from, from + piece.len()));
        }
        at = to;
    }
}

/// Whether it is a number, a code or an identifier.
fn stands_for_itself(piece: &str) -> bool {
    let mut before: Option<char> = None;
    for c in piece.chars() {
        let joint = matches!(c, '_' | '.' | ':' | '/' | '@' | '#' | '$' | '\\');
        let hump = before.is_some_and(|before| before.is_lowercase() && c.is_uppercase());
        if c.is_numeric() || joint || hump {
            return true;
        }
        before = Some(c);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(analyzer: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut analyzer = analyzers().get(analyzer).unwrap();
        analyzer.token_stream(text).process(&mut |token| found.push(token.text.clone()));
        found
    }

    #[test]
    fn words_of_both_languages_come_to_their_stems() {
        assert_eq!(read(WORDS, "running dogs"), ["run", "dog"]);
        assert_eq!(read(WORDS, "квартиры"), read(WORDS, "Квартирой"));
        assert_eq!(read(WORDS, "зелёный ЁЖИК"), read(WORDS, "зеленый ежик"));
        assert_eq!(read(WORDS, "Steward читает the books"), ["steward", "чита", "book"]);
    }

    #[test]
    fn identifiers_are_found_by_their_parts_and_whole() {
        assert_eq!(read(WORDS, "evict_oldest"), read(WORDS, "evictOldest"));
        assert_eq!(read(EXACT, "call evictOldest() of TileCache."), ["evictoldest", "tilecache"]);
        assert_eq!(
            read(EXACT, "gpt-5.1, (INV-2024-117) and parse_weight: ok"),
            ["gpt-5.1", "inv-2024-117", "parse_weight"]
        );
    }

    #[test]
    fn numbers_are_one_however_they_are_grouped() {
        assert_eq!(read(EXACT, "4,120 euros"), ["4120"]);
        assert_eq!(read(EXACT, "the 4120, please"), ["4120"]);
        assert_eq!(read(EXACT, "plain words only - nothing…"), Vec::<String>::new());
    }
}
