//! From text to tokens: numbers, dates and clocks are read here, words are looked up in the two vocabularies.

use crate::error::WhenError;
use crate::token::Token;
use crate::{english, russian};

/// Phrases that mean one thing, as one word each; `_` cannot occur in a word otherwise.
const PHRASES: &[(&str, &str)] = &[
    ("day after tomorrow", "overmorrow"),
    ("half past", "half_past"),
    ("quarter past", "quarter_past"),
    ("quarter to", "quarter_to"),
    ("and a half", "and_half"),
    ("from now", "from_now"),
    ("every other", "every_other"),
    ("every second day", "every_other day"),
    ("a couple of", "2"),
    ("a couple", "2"),
    ("a few", "3"),
    ("o'clock", "oclock"),
    ("o’clock", "oclock"),
    ("a.m.", "am"),
    ("p.m.", "pm"),
    ("a.m", "am"),
    ("p.m", "pm"),
    ("с половиной", "and_half"),
    ("пару ", "2 "),
];

/// The tokens of a text, each with the word it came from.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, String)>, WhenError> {
    let mut plain = format!("{} ", text.to_lowercase().replace('ё', "е"));
    for (phrase, word) in PHRASES {
        plain = plain.replace(phrase, word);
    }
    let mut lexer = Lexer { rest: &plain, tokens: Vec::new() };
    while let Some(next) = lexer.rest.chars().next() {
        let known = if next.is_ascii_digit() {
            lexer.number()
        } else if next.is_alphabetic() {
            lexer.word()
        } else {
            lexer.sign(next);
            Ok(())
        };
        known.map_err(|word| WhenError::Word { word, text: text.trim().to_owned() })?;
    }
    Ok(join_tens(lexer.tokens))
}

struct Lexer<'a> {
    rest: &'a str,
    tokens: Vec<(Token, String)>,
}

impl<'a> Lexer<'a> {
    fn push(&mut self, token: Token, word: &str) {
        self.tokens.push((token, word.to_owned()));
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn sign(&mut self, sign: char) {
        match sign {
            ',' | '&' | '+' => self.push(Token::And, ","),
            '@' => self.push(Token::At, "@"),
            _ => {}
        }
        self.take(sign.len_utf8());
    }

    /// A number with what belongs to it: `14:30`, `25.11.2026`, `2026-11-25`, `1st`, `5-го`.
    fn number(&mut self) -> Result<(), String> {
        let end = self.rest.find(|c: char| !(c.is_ascii_digit() || ".:-/,".contains(c))).unwrap_or(self.rest.len());
        let shape = self.rest[..end].trim_end_matches(['.', ':', '-', '/', ',']);
        let token = shaped(shape);
        let (word, token) = match token {
            Some(token) => (shape, token),
            None => {
                let digits = shape.find(|c: char| !c.is_ascii_digit()).map_or(shape, |end| &shape[..end]);
                (digits, Token::Number(digits.parse().map_err(|_| digits.to_owned())?))
            }
        };
        self.take(word.len());
        let token = match token {
            Token::Number(number) if self.take_ordinal_ending() => Token::Ordinal(number),
            // 2026-11-25T14:30
            Token::Date(..) if self.rest.starts_with("t") => {
                self.take(1);
                token
            }
            other => other,
        };
        self.push(token, word);
        Ok(())
    }

    fn take_ordinal_ending(&mut self) -> bool {
        const ENDINGS: &[&str] =
            &["st", "nd", "rd", "th", "-го", "-ого", "-е", "-ое", "-й", "-ый", "-му", "-м", "-ю", "-ую", "го"];
        let ending = ENDINGS.iter().find(|ending| {
            let after = self.rest.strip_prefix(**ending);
            after.is_some_and(|after| !after.starts_with(char::is_alphabetic))
        });
        if let Some(ending) = ending {
            self.take(ending.len());
        }
        ending.is_some()
    }

    fn word(&mut self) -> Result<(), String> {
        let end = self.rest.find(|c: char| !(c.is_alphabetic() || c == '_')).unwrap_or(self.rest.len());
        let word = self.take(end);
        if english::is_noise(word) || russian::is_noise(word) {
            return Ok(());
        }
        let meaning = english::meaning(word).or_else(|| russian::meaning(word)).ok_or_else(|| word.to_owned())?;
        for token in meaning {
            self.push(token, word);
        }
        Ok(())
    }
}

/// What a run of digits and signs is as a whole.
fn shaped(shape: &str) -> Option<Token> {
    let parts = |sign: char| -> Option<Vec<u32>> { shape.split(sign).map(|part| part.parse().ok()).collect() };
    let year = |year: u32| if year < 100 { year + 2000 } else { year };
    match parts(':').as_deref() {
        Some([hour, minute] | [hour, minute, _]) => return Some(Token::Clock(*hour, *minute)),
        Some([number]) => return Some(Token::Number(*number)),
        _ => {}
    }
    match parts('-').as_deref() {
        Some([first, month, day]) if *first >= 1000 => return Some(Token::Date(*first, *month, *day)),
        Some([day, month, last]) if *last >= 1000 => return Some(Token::Date(*last, *month, *day)),
        _ => {}
    }
    match parts('.').as_deref() {
        Some([first, second]) => return Some(Token::Dotted(*first, *second, None)),
        Some([first, second, third]) => return Some(Token::Dotted(*first, *second, Some(year(*third)))),
        _ => {}
    }
    match parts('/').as_deref() {
        Some([first, second]) => return Some(Token::Slashed(*first, *second, None)),
        Some([first, second, third]) => return Some(Token::Slashed(*first, *second, Some(year(*third)))),
        _ => {}
    }
    match parts(',').as_deref() {
        // A decimal comma: 1,5 часа.
        Some([whole, tenths @ 0..=9]) => Some(Token::Dotted(*whole, *tenths, None)),
        _ => None,
    }
}

/// Twenty five is 25, and twenty fifth the 25th.
fn join_tens(tokens: Vec<(Token, String)>) -> Vec<(Token, String)> {
    let mut joined: Vec<(Token, String)> = Vec::with_capacity(tokens.len());
    for (token, word) in tokens {
        let in_words = !word.starts_with(|c: char| c.is_ascii_digit());
        let tens = match joined.last() {
            Some((Token::Number(tens @ (20 | 30 | 40 | 50)), before))
                if in_words && !before.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                Some(*tens)
            }
            _ => None,
        };
        match (tens, token) {
            (Some(tens), Token::Number(ones @ 1..=9)) => replace_last(&mut joined, Token::Number(tens + ones), &word),
            (Some(tens), Token::Ordinal(ones @ 1..=9)) => replace_last(&mut joined, Token::Ordinal(tens + ones), &word),
            (_, token) => joined.push((token, word)),
        }
    }
    joined
}

fn replace_last(tokens: &mut [(Token, String)], token: Token, word: &str) {
    if let Some(last) = tokens.last_mut() {
        *last = (token, format!("{} {word}", last.1));
    }
}
