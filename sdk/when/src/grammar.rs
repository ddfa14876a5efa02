//! From tokens to a draft. Clauses may come in any order, as people say them: "tomorrow at 9" and "at 9 tomorrow".

use crate::draft::{DateWord, Draft, FromNow, Repeat};
use crate::error::WhenError;
use crate::lexer;
use crate::token::{Number, Part, Token, Unit};

/// What a text says.
pub(crate) fn read(text: &str) -> Result<Draft, WhenError> {
    let tokens = lexer::tokens(text)?;
    if tokens.is_empty() {
        return Err(WhenError::Empty);
    }
    let draft = Draft { text: text.trim().to_owned(), ..Draft::default() };
    let mut reader = Reader { tokens, at: 0, draft };
    while let Some(token) = reader.peek(0).cloned() {
        reader.clause(&token)?;
    }
    let draft = reader.draft;
    if draft.says_nothing() {
        return Err(WhenError::Empty);
    }
    draft.check_together()?;
    Ok(draft)
}

/// The tokens and how far they are read.
pub(crate) struct Reader {
    tokens: Vec<(Token, String)>,
    at: usize,
    pub(crate) draft: Draft,
}

impl Reader {
    /// The token so many places ahead.
    pub(crate) fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    /// The word the token so many places ahead came from.
    pub(crate) fn word(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |(_, word)| word)
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Skips the token if it is this one.
    pub(crate) fn accept(&mut self, token: &Token) -> bool {
        let is_it = self.peek(0) == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    /// The word at the place cannot stand where it stands.
    pub(crate) fn unexpected(&self) -> WhenError {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let word = self.tokens.get(self.at).or(before).map_or_else(String::new, |(_, word)| word.clone());
        WhenError::Word { word, text: self.draft.text.clone() }
    }

    fn clause(&mut self, token: &Token) -> Result<(), WhenError> {
        match token {
            Token::And => {
                self.skip(1);
                Ok(())
            }
            Token::Instant(at) => {
                self.skip(1);
                self.draft.set_instant(*at)
            }
            Token::In => self.after_in(),
            Token::At => self.after_at(),
            Token::Until => {
                self.draft.until = true;
                self.after_at()
            }
            Token::From => self.after_from(),
            Token::Except => self.except(),
            Token::Tonight => {
                self.skip(1);
                self.draft.tonight = true;
                self.draft.set_date(DateWord::Offset(0))?;
                self.draft.set_part(Part::Evening)
            }
            Token::Every | Token::EveryOther | Token::Once | Token::Adverb(_) | Token::Workdays(_) => self.repetition(),
            Token::Weekend(Number::Each) | Token::Weekday(_, Number::Each) | Token::Part(_, Number::Each) => {
                self.repetition()
            }
            Token::Part(part, Number::One) => {
                self.skip(1);
                self.draft.set_part(*part)
            }
            Token::OneAndHalf => self.length(),
            Token::Half if !self.time_is_next() => self.length(),
            Token::Number(_) if self.minutes_of_hour_are_next() => self.time(),
            Token::Unit(unit) if self.peek(1) == Some(&Token::In) => self.inverted_length(*unit),
            Token::Number(_) if self.length_is_next() => self.length(),
            Token::Clock(..) if self.peek(1) == Some(&Token::Unit(Unit::Hour)) && self.draft.date.is_none() => {
                self.length()
            }
            Token::Number(number) if self.is_bare_after_weekday() => Err(self.day_or_hour(*number)),
            _ if self.date_is_next() => self.date(),
            _ => self.time(),
        }
    }

    /// After "in" comes a length of time, or nothing that needs it: "in the morning".
    fn after_in(&mut self) -> Result<(), WhenError> {
        self.skip(1);
        match self.peek(0) {
            Some(Token::Part(..)) => Ok(()),
            _ => self.length(),
        }
    }

    /// After "at" comes a time of day; the Russian word for it stands before dates as well.
    fn after_at(&mut self) -> Result<(), WhenError> {
        self.skip(1);
        if self.time_is_next() { self.time() } else { Ok(()) }
    }

    /// After "from" comes the day a repetition begins on; a time of day would be the beginning of a span.
    fn after_from(&mut self) -> Result<(), WhenError> {
        self.skip(1);
        if !self.time_is_next() || self.date_is_next() {
            return self.date();
        }
        match self.draft.repeat {
            Some(Repeat::Each { unit: Unit::Hour, .. }) if self.draft.times.is_empty() => self.window(),
            _ => Err(WhenError::Span { text: self.draft.text.clone() }),
        }
    }

    /// "every hour from 9 to 17": the hours of the day it repeats within.
    fn window(&mut self) -> Result<(), WhenError> {
        self.time()?;
        let joined = self.accept(&Token::ToHour) || self.accept(&Token::Until);
        if !joined || !self.time_is_next() {
            return Err(WhenError::Span { text: self.draft.text.clone() });
        }
        self.time()?;
        let times = std::mem::take(&mut self.draft.times);
        let [first, last] = times[..] else { return Err(self.unexpected()) };
        self.draft.window = Some((first, last));
        Ok(())
    }

    /// "friday 13" may be a date or an hour. With "at", minutes or a half of the day it is an hour.
    fn is_bare_after_weekday(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let after_weekday = matches!(before, Some((Token::Weekday(_, Number::One), _)));
        let said_more = matches!(
            self.peek(1),
            Some(
                Token::Am
                    | Token::Pm
                    | Token::Oclock
                    | Token::Part(..)
                    | Token::Unit(_)
                    | Token::Number(_)
                    | Token::Month(_)
                    | Token::DayNumber
                    | Token::PastHour
                    | Token::ToHour
                    | Token::In
            )
        );
        after_weekday && self.draft.repeat.is_none() && !said_more
    }

    fn day_or_hour(&self, number: u32) -> WhenError {
        WhenError::DayOrHour { text: self.draft.text.clone(), number }
    }

    fn length_is_next(&self) -> bool {
        let unit = match (self.peek(1), self.peek(2)) {
            (Some(Token::Unit(unit)), _) | (Some(Token::AndHalf), Some(Token::Unit(unit))) => *unit,
            _ => return false,
        };
        // "tomorrow 9 o'clock" is said with the word for hours in Russian.
        unit != Unit::Hour || self.draft.date.is_none()
    }

    /// "two hours and thirty minutes", "half an hour", "полтора часа", "3 days 2 hours from now".
    fn length(&mut self) -> Result<(), WhenError> {
        let mut amount = self.amount()?;
        let hours = amount.seconds > 0 && amount.seconds % 3600 == 0;
        self.draft.add_from_now(amount)?;
        loop {
            let joined = usize::from(self.peek(0) == Some(&Token::And));
            let more = matches!(self.peek(joined), Some(Token::Number(_)))
                && matches!(self.peek(joined + 1), Some(Token::Unit(_)));
            if !more {
                break;
            }
            self.skip(joined);
            amount = self.amount()?;
            self.draft.add_from_now(amount)?;
        }
        self.minutes_without_name(hours)?;
        if self.accept(&Token::FromNow) {
            return Ok(());
        }
        // "a week from Friday"
        if self.peek(0) == Some(&Token::From) {
            self.skip(1);
            self.draft.from = Some(self.read_date()?);
        }
        Ok(())
    }

    /// "in 2 hours 15": a number that ends the sentence after whole hours counts minutes.
    fn minutes_without_name(&mut self, after_hours: bool) -> Result<(), WhenError> {
        let Some(Token::Number(minutes @ 1..=59)) = self.peek(0).cloned() else { return Ok(()) };
        if after_hours && self.peek(1).is_none() && !self.word(0).starts_with('0') {
            self.skip(1);
            return self.draft.add_from_now(halves(Unit::Minute, minutes * 2));
        }
        Ok(())
    }

    /// "часа через два".
    fn inverted_length(&mut self, unit: Unit) -> Result<(), WhenError> {
        self.skip(2);
        let Some(Token::Number(count)) = self.peek(0) else { return Err(self.unexpected()) };
        let amount = halves(unit, count.saturating_mul(2));
        self.skip(1);
        self.draft.add_from_now(amount)
    }

    /// One number with its unit.
    pub(crate) fn amount(&mut self) -> Result<FromNow, WhenError> {
        // "1:30 hours"
        if let (Some(Token::Clock(hours, minutes @ 0..=59)), Some(Token::Unit(Unit::Hour))) =
            (self.peek(0).cloned(), self.peek(1))
        {
            self.skip(2);
            return Ok(halves(Unit::Minute, hours.saturating_mul(60).saturating_add(minutes).saturating_mul(2)));
        }
        let (halves_count, read) = match (self.peek(0), self.peek(1)) {
            (Some(Token::Number(count)), Some(Token::AndHalf)) => (count.saturating_mul(2).saturating_add(1), 2),
            (Some(Token::Number(count)), _) => (count.saturating_mul(2), 1),
            (Some(Token::Dotted(whole, 5, None)), _) => (whole.saturating_mul(2).saturating_add(1), 1),
            (Some(Token::OneAndHalf), _) => (3, 1),
            (Some(Token::Half), Some(Token::Number(1))) => (1, 2),
            (Some(Token::Half), _) => (1, 1),
            (Some(Token::Unit(_)), _) => (2, 0),
            _ => return Err(self.unexpected()),
        };
        self.skip(read);
        let Some(Token::Unit(unit)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
        self.skip(1);
        let more = u32::from(self.accept(&Token::AndHalf));
        Ok(halves(unit, halves_count.saturating_add(more)))
    }
}

/// So many halves of a unit. Half a day is twelve hours, half a year six months; half a month is fifteen days.
fn halves(unit: Unit, count: u32) -> FromNow {
    let count = i64::from(count);
    let (whole, odd) = (count / 2, count % 2);
    let none = FromNow::default();
    match unit {
        Unit::Second => FromNow { seconds: (count + 1) / 2, ..none },
        Unit::Minute => FromNow { seconds: count * 30, ..none },
        Unit::Hour => FromNow { seconds: count * 30 * 60, ..none },
        Unit::Day => FromNow { days: whole, seconds: odd * 12 * 3600, ..none },
        Unit::Week => FromNow { days: whole * 7 + odd * 3, seconds: odd * 12 * 3600, ..none },
        Unit::Month => FromNow { months: whole, days: odd * 15, ..none },
        Unit::Year => FromNow { months: count * 6, ..none },
    }
}
