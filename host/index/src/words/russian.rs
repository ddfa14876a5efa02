//! What the Russian stemmer leaves different in the forms of one word: a vowel that comes and goes (котёл, котла), and
//! the last one of names (Сергей, Сергея).

use tantivy::tokenizer::{Token, TokenFilter, TokenStream, Tokenizer};

/// Brings stems together that are of one word.
#[derive(Clone)]
pub(super) struct Alternations;

impl TokenFilter for Alternations {
    type Tokenizer<T: Tokenizer> = Alternating<T>;

    fn transform<T: Tokenizer>(self, tokenizer: T) -> Alternating<T> {
        Alternating(tokenizer)
    }
}

#[derive(Clone)]
pub(super) struct Alternating<T>(T);

impl<T: Tokenizer> Tokenizer for Alternating<T> {
    type TokenStream<'a> = Stems<T::TokenStream<'a>>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        Stems(self.0.token_stream(text))
    }
}

pub(super) struct Stems<T>(T);

impl<T: TokenStream> TokenStream for Stems<T> {
    fn advance(&mut self) -> bool {
        let more = self.0.advance();
        if more {
            settle(&mut self.0.token_mut().text);
        }
        more
    }

    fn token(&self) -> &Token {
        self.0.token()
    }

    fn token_mut(&mut self) -> &mut Token {
        self.0.token_mut()
    }
}

fn settle(stem: &mut String) {
    // Every Cyrillic letter has two bytes.
    let is_cyrillic = |c: char| ('а'..='я').contains(&c);
    if stem.len() < 8 || !stem.chars().all(is_cyrillic) {
        return;
    }
    if stem.ends_with(['е', 'и']) {
        stem.pop();
    }
    let letters: Vec<char> = stem.chars().collect();
    let [start @ .., before, vowel, last] = letters.as_slice() else { return };
    let comes_and_goes = match (vowel, last) {
        ('е' | 'о', 'к' | 'л' | 'н') | ('е', 'ц' | 'р') => {
            start.iter().any(|c| is_vowel(*c)) || is_vowel(*before)
        }
        ('ь', 'ц' | 'к') => true,
        _ => false,
    };
    if !comes_and_goes {
        return;
    }
    stem.truncate(stem.len() - 4);
    if is_vowel(*before) {
        // боец, бойца
        stem.push('й');
    }
    stem.push(*last);
}

fn is_vowel(c: char) -> bool {
    "аеиоуыэюя".contains(c)
}
