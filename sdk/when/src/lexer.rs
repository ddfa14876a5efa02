//! From text to tokens: numbers, dates and clocks are read here, words are looked up in the two vocabularies.

use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::error::WhenError;
use crate::token::{Token, Unit};
use crate::{english, question, russian, span};

/// Phrases that mean one thing, as one word each; `_` cannot occur in a word otherwise.
const PHRASES: &[(&str, &str)] = &[
    ("the day after tomorrow", "overmorrow"),
    ("day after tomorrow", "overmorrow"),
    ("half past", "half_past"),
    ("half after", "half_past"),
    ("three quarters of an hour", "45 minutes"),
    ("a quarter of an hour", "15 minutes"),
    ("quarter of an hour", "15 minutes"),
    ("quarter-hour", "15 minutes"),
    ("quarter hour", "15 minutes"),
    ("a quarter past", "quarter_past"),
    ("a quarter after", "quarter_past"),
    ("a quarter to", "quarter_to"),
    ("quarter past", "quarter_past"),
    ("quarter after", "quarter_past"),
    ("quarter to", "quarter_to"),
    ("every fortnight", "every 2 weeks"),
    ("fortnightly", "every 2 weeks"),
    ("a fortnight", "2 weeks"),
    ("quarterly", "every 3 months"),
    ("every quarter", "every 3 months"),
    ("and a half", "and_half"),
    ("hour and a quarter", "hour and 15 minutes"),
    ("hours and a quarter", "hours and 15 minutes"),
    ("of the month", "of_month"),
    ("of month", "of_month"),
    ("from now", "from_now"),
    ("every other", "every_other"),
    ("a couple of", "2"),
    ("a couple", "2"),
    ("a few", "3"),
    ("o'clock", "oclock"),
    ("o’clock", "oclock"),
    ("a.m.", "am"),
    ("p.m.", "pm"),
    ("a.m", "am"),
    ("p.m", "pm"),
    ("три четверти часа", "45 минут"),
    ("четверть часа", "15 минут"),
    ("четверти часа", "15 минут"),
    ("час с четвертью", "час и 15 минут"),
    ("часа с четвертью", "часа и 15 минут"),
    ("часов с четвертью", "часов и 15 минут"),
    ("с половиной", "and_half"),
    ("раз в квартал", "every 3 months"),
    ("ежеквартально", "every 3 months"),
    ("каждый квартал", "every 3 months"),
    ("после обеда", "afternoon"),
    ("пару ", "2 "),
];

/// The tokens of a text, each with the word it came from.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, String)>, WhenError> {
    let mut plain = format!("{} ", text.to_lowercase().replace('ё', "е").replace(DASHES, "-"));
    question::check_phrases(&plain)?;
    for (phrase, word) in PHRASES {
        plain = plain.replace(phrase, word);
    }
    let mut lexer = Lexer { rest: &plain, after_space: true, tokens: Vec::new() };
    while let Some(next) = lexer.rest.chars().next() {
        let known = if next.is_ascii_digit() {
            lexer.number()
        } else if next.is_alphabetic() {
            lexer.word()
        } else {
            lexer.sign(next)
        };
        let before = lexer.tokens.last().map(|(_, word)| word.as_str());
        known.map_err(|word| question::unknown(word, before, lexer.rest, text))?;
        lexer.after_space = next.is_whitespace();
    }
    Ok(join_tens(span::settle(lexer.tokens, text)?))
}

/// What is typed or made of a hyphen by a keyboard.
const DASHES: [char; 6] = ['‐', '‑', '‒', '–', '—', '−'];

struct Lexer<'a> {
    rest: &'a str,
    /// What was read last was white space, or nothing was read yet.
    after_space: bool,
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

    /// Signs are known or an error: one that is passed over may have meant something.
    fn sign(&mut self, sign: char) -> Result<(), String> {
        let after_space = self.after_space;
        self.take(sign.len_utf8());
        let before_space = self.rest.chars().next().is_none_or(char::is_whitespace);
        match sign {
            ',' | ';' | '&' => self.push(Token::And, ","),
            '+' if after_space && before_space => self.push(Token::And, "+"),
            // "+5 minutes"
            '+' if after_space && matches!(self.tokens.last(), None | Some((Token::In, _))) => {}
            '@' => self.push(Token::At, "@"),
            '-' => {
                let space = |there: bool| if there { " " } else { "" };
                let word = format!("{}-{}", space(after_space), space(before_space));
                self.push(Token::Dash, &word);
            }
            ':' if before_space => {}
            '.' | '!' | '?' | '(' | ')' | '"' | '\'' | '`' | '“' | '”' | '„' | '«' | '»' | '’' | '‘' => {}
            _ if sign.is_whitespace() => {}
            _ => return Err(sign.to_string()),
        }
        Ok(())
    }

    /// A number with what belongs to it: `14:30`, `25.11.2026`, `2026-11-25`, `1st`, `5-го`.
    fn number(&mut self) -> Result<(), String> {
        if self.timestamp() {
            return Ok(());
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_digit() || ".:-/,".contains(c))).unwrap_or(self.rest.len());
        let shape = self.rest[..end].trim_end_matches(['.', ':', '-', '/', ',']);
        let ends = [shape.len()].into_iter().chain(['-', ',', '/', '.', ':'].into_iter().filter_map(|c| shape.find(c)));
        let found = ends.map(|end| &shape[..end]).find_map(|shape| Some((shape, shaped(shape)?)));
        let (word, token) = found.ok_or_else(|| shape.to_owned())?;
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

    /// `2026-11-25T14:30:00Z`, `2026-11-25 14:30+03:00`: a moment anywhere, or without an offset one on this clock.
    fn timestamp(&mut self) -> bool {
        let ends = self.rest.match_indices(char::is_whitespace).map(|(at, _)| at).take(2);
        let candidates: Vec<&str> = ends.map(|end| self.rest[..end].trim_end_matches(['.', ',', ';', '!'])).collect();
        for text in candidates.into_iter().rev().filter(|text| text.get(10..11).is_some_and(|sign| " t".contains(sign)))
        {
            if let Ok(moment) = format!("{text}z").parse::<Timestamp>()
                && let Some(zone) = utc_behind(&self.rest[text.len()..])
            {
                self.take(text.len() + zone);
                self.push(Token::Instant(moment), text);
                return true;
            }
            let token = match (text.parse::<Timestamp>(), text.parse::<DateTime>()) {
                (Ok(moment), _) => vec![Token::Instant(moment)],
                (_, Ok(at)) if !text.contains('[') => vec![
                    Token::Date(number(at.year()), number(at.month()), number(at.day())),
                    Token::Clock(number(at.hour()), number(at.minute())),
                ],
                _ => continue,
            };
            self.take(text.len());
            for token in token {
                self.push(token, text);
            }
            return true;
        }
        false
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

/// The length of the "UTC" a text begins with, unless it goes on with an offset.
fn utc_behind(rest: &str) -> Option<usize> {
    let zone = [" utc", " gmt", " z"].into_iter().find(|zone| rest.starts_with(zone))?;
    let goes_on = |c: char| c.is_alphanumeric() || "+-_".contains(c);
    (!rest[zone.len()..].trim_start().starts_with(['+', '-']) && !rest[zone.len()..].starts_with(goes_on))
        .then_some(zone.len())
}

fn number(part: impl Into<i32>) -> u32 {
    part.into().unsigned_abs()
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
        Some([first, second, third]) if *first >= 1000 => return Some(Token::Date(*first, *second, *third)),
        Some([first, second, third]) => return Some(Token::Dotted(*first, *second, Some(year(*third)))),
        _ => {}
    }
    match parts('/').as_deref() {
        Some([first, second]) => return Some(Token::Slashed(*first, *second, None)),
        Some([first, second, third]) if *first >= 1000 => return Some(Token::Date(*first, *second, *third)),
        Some([first, second, third]) => return Some(Token::Slashed(*first, *second, Some(year(*third)))),
        _ => {}
    }
    match parts(',').as_deref() {
        // A decimal comma: 1,5 часа; 1,000 is something else.
        Some([whole, tenths @ 0..=9]) if shape.len() < 6 && !shape.ends_with("00") => {
            Some(Token::Dotted(*whole, *tenths, None))
        }
        _ => None,
    }
}

/// Twenty five is 25, and twenty fifth the 25th.
fn join_tens(tokens: Vec<(Token, String)>) -> Vec<(Token, String)> {
    let mut joined: Vec<(Token, String)> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some((token, word)) = tokens.next() {
        // «без двадцати девять» is twenty to nine, «без двадцати пяти девять» twenty-five to it.
        let apart = joined.len() >= 2
            && joined[joined.len() - 2].0 == Token::Without
            && !matches!(tokens.peek(), Some((Token::Number(_) | Token::Unit(Unit::Minute | Unit::Hour), _)));
        let in_words = !word.starts_with(|c: char| c.is_ascii_digit());
        let tens = match joined.last() {
            Some((Token::Number(tens @ (20 | 30 | 40 | 50)), before))
                if in_words && !apart && !before.starts_with(|c: char| c.is_ascii_digit()) =>
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
