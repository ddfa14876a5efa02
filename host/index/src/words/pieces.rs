//! Where in a text its words are: runs of letters and digits, and what stands for itself.

use std::borrow::Cow;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::folding::{composed, fold, is_unspaced};

/// Runs of letters and digits in small letters; a capital after a small letter begins a new one.
#[derive(Clone, Default)]
pub(super) struct Words {
    token: Token,
}

/// Identifiers and numbers whole.
#[derive(Clone, Default)]
pub(super) struct Exact {
    token: Token,
}

/// Where a piece of a text is, and where the one after it is looked for.
struct Piece {
    from: usize,
    to: usize,
    next: usize,
    /// The end of a piece that begins here too and comes next.
    pair: Option<usize>,
}

/// The pieces of a text that a function finds, one after the other.
pub(super) struct Pieces<'a> {
    text: Cow<'a, str>,
    at: usize,
    pair: Option<(usize, usize)>,
    find: fn(&str, usize) -> Option<Piece>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Pieces<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Pieces<'a> {
        Pieces::of(text, next_word, &mut self.token)
    }
}

impl Tokenizer for Exact {
    type TokenStream<'a> = Pieces<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Pieces<'a> {
        Pieces::of(text, next_exact, &mut self.token)
    }
}

impl<'a> Pieces<'a> {
    fn of(text: &'a str, find: fn(&str, usize) -> Option<Piece>, token: &'a mut Token) -> Self {
        token.reset();
        Self { text: composed(text), at: 0, pair: None, find, token }
    }

    fn next(&mut self) -> Option<(usize, usize)> {
        if let Some(pair) = self.pair.take() {
            return Some(pair);
        }
        let piece = (self.find)(&self.text, self.at)?;
        self.at = piece.next;
        self.pair = piece.pair.map(|to| (piece.from, to));
        Some((piece.from, piece.to))
    }
}

impl TokenStream for Pieces<'_> {
    fn advance(&mut self) -> bool {
        let Some((from, to)) = self.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        (self.token.offset_from, self.token.offset_to) = (from, to);
        self.token.text.clear();
        // `4,120` and `4'120` are the number 4120.
        for c in self.text[from..to].chars().filter(|c| !matches!(c, ',' | '\'' | '’')) {
            fold(c, &mut self.token.text);
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

fn next_word(text: &str, at: usize) -> Option<Piece> {
    let from = at + text[at..].find(char::is_alphanumeric)?;
    let mut letters = text[from..].char_indices();
    let (_, first) = letters.next()?;
    if is_unspaced(first) {
        return Some(unspaced(text, from, first));
    }
    let mut before = first;
    for (offset, c) in letters {
        let hump = before.is_lowercase() && c.is_uppercase();
        if !c.is_alphanumeric() || is_unspaced(c) || hump {
            return Some(whole(from, from + offset));
        }
        before = c;
    }
    Some(whole(from, text.len()))
}

/// A character of a script without spaces, and the pair it makes with the next one.
fn unspaced(text: &str, from: usize, first: char) -> Piece {
    let to = from + first.len_utf8();
    let second = text[to..].chars().next().filter(|c| c.is_alphanumeric() && is_unspaced(*c));
    Piece { from, to, next: to, pair: second.map(|c| to + c.len_utf8()) }
}

fn whole(from: usize, to: usize) -> Piece {
    Piece { from, to, next: to, pair: None }
}

/// The next run without spaces and brackets that is more than a plain word.
fn next_exact(text: &str, mut at: usize) -> Option<Piece> {
    const PARTS: &str = " \t\r\n()[]{}<>\"«»“”„`;|=*";
    loop {
        let from = at + text[at..].find(|c| !PARTS.contains(c))?;
        let to = text[from..].find(|c| PARTS.contains(c)).map_or(text.len(), |length| from + length);
        let piece = text[from..to].trim_matches(|c: char| !c.is_alphanumeric());
        if stands_for_itself(piece) {
            let from = from + text[from..to].find(piece).unwrap_or_default();
            return Some(whole(from, from + piece.len()));
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
