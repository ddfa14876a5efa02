//! From tokens to a draft. Clauses may come in any order, as people say them: "tomorrow at 9" and "at 9 tomorrow".

use jiff::civil::Weekday;

use crate::draft::{DateWord, Draft, FromNow, InMonth, Place, Repeat};
use crate::error::WhenError;
use crate::lexer;
use crate::token::{Number, Part, Token, Unit};

const READ_AS_EVERY_OTHER: &str = "This is every other week; for one in each month say \"of every month\".";

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
        if self.time_is_next() && !self.date_is_next() {
            return Err(WhenError::Span { text: self.draft.text.clone() });
        }
        self.date()
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

    /// "часа через два".
    fn inverted_length(&mut self, unit: Unit) -> Result<(), WhenError> {
        self.skip(2);
        let Some(Token::Number(count)) = self.peek(0) else { return Err(self.unexpected()) };
        let amount = halves(unit, count.saturating_mul(2));
        self.skip(1);
        self.draft.add_from_now(amount)
    }

    /// One number with its unit.
    fn amount(&mut self) -> Result<FromNow, WhenError> {
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

    fn repetition(&mut self) -> Result<(), WhenError> {
        if self.peek(0) == Some(&Token::Once) {
            self.skip(1);
            // "once a week", "раз в неделю", "once every two hours".
            if !self.accept(&Token::At) {
                self.accept(&Token::Every);
            }
            return self.each();
        }
        match self.peek(0).cloned() {
            Some(Token::Adverb(unit)) => {
                self.skip(1);
                self.draft.set_repeat(Repeat::Each { count: 1, unit })
            }
            Some(Token::EveryOther) => {
                self.skip(1);
                if matches!(self.peek(0), Some(Token::Weekday(..))) {
                    return self.each_weekday(2);
                }
                let Some(Token::Unit(unit)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
                self.skip(1);
                self.draft.set_repeat(Repeat::Each { count: 2, unit })
            }
            Some(Token::Every) => {
                self.skip(1);
                self.each()
            }
            _ => self.each(),
        }
    }

    /// What stands after "every", or a plural that says as much.
    fn each(&mut self) -> Result<(), WhenError> {
        use jiff::civil::Weekday as Day;
        match (self.peek(0).cloned(), self.peek(1).cloned()) {
            (Some(Token::Weekday(..)), _) => self.each_weekday(1),
            (Some(Token::Ordinal(nth)), Some(Token::Weekday(day, _))) => self.each_nth_weekday(nth, day),
            (Some(Token::Last), _) => {
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Month })?;
                self.date()
            }
            (Some(Token::Workdays(_)), _) => {
                self.skip(1);
                self.accept(&Token::Unit(Unit::Day));
                let days = vec![Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday];
                self.draft.set_repeat(Repeat::Weekdays { days, weeks: 1 })
            }
            (Some(Token::Weekend(_)), _) => {
                self.skip(1);
                self.accept(&Token::Unit(Unit::Day));
                self.draft.set_repeat(Repeat::Weekdays { days: vec![Day::Saturday, Day::Sunday], weeks: 1 })
            }
            (Some(Token::Part(part, _)), _) => {
                self.skip(1);
                self.draft.set_part(part)?;
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Day })
            }
            (Some(Token::Ordinal(count)), Some(Token::Unit(unit))) => {
                self.skip(2);
                self.draft.set_repeat(Repeat::Each { count, unit })
            }
            (Some(Token::Number(_)), Some(Token::Month(_))) | (Some(Token::Month(_)), _) => {
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Year })?;
                self.date()
            }
            (Some(Token::Ordinal(_) | Token::End), _) | (Some(Token::Number(_)), Some(Token::DayNumber)) => {
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Month })?;
                self.date()
            }
            (Some(Token::Number(count)), Some(Token::Unit(unit))) => {
                self.skip(2);
                self.draft.set_repeat(Repeat::Each { count, unit })
            }
            (Some(Token::Unit(unit)), _) => {
                self.skip(1);
                self.draft.set_repeat(Repeat::Each { count: 1, unit })
            }
            _ => self.each_fraction(),
        }
    }

    fn each_weekday(&mut self, weeks: u32) -> Result<(), WhenError> {
        let mut days = Vec::new();
        loop {
            let joined = usize::from(self.peek(0) == Some(&Token::And));
            let every = usize::from(self.peek(joined) == Some(&Token::Every));
            let Some(Token::Weekday(day, _)) = self.peek(joined + every).cloned() else { break };
            self.skip(joined + every + 1);
            if !days.contains(&day) {
                days.push(day);
            }
        }
        self.draft.set_repeat(Repeat::Weekdays { days, weeks })
    }

    /// "every second Tuesday of the month" is one in a month, "every second Tuesday" one in two weeks; of "every third
    /// Tuesday" nobody can tell.
    fn each_nth_weekday(&mut self, nth: u32, day: Weekday) -> Result<(), WhenError> {
        let DateWord::InMonth { month, .. } = self.read_date()? else { return Err(self.unexpected()) };
        let of_month = !matches!(month, InMonth::Unsaid) || self.draft.repeat.is_some();
        match nth {
            2 if !of_month => {
                self.draft.notes.push(READ_AS_EVERY_OTHER);
                self.draft.set_repeat(Repeat::Weekdays { days: vec![day], weeks: 2 })
            }
            3.. if !of_month => Err(WhenError::Unsupported(
                "\"every third Friday\" may be every three weeks or once a month: say \"every 3 weeks on Friday\" or \
                 \"the third Friday of every month\"",
            )),
            _ => {
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Month })?;
                self.draft.set_date(DateWord::InMonth { day: Place::Nth(nth, day), month: InMonth::Coming })
            }
        }
    }

    /// "every half hour", "каждые полтора часа": as seconds.
    fn each_fraction(&mut self) -> Result<(), WhenError> {
        let amount = self.amount()?;
        if amount.seconds == 0 {
            return Err(self.unexpected());
        }
        let count = u32::try_from(amount.seconds).map_err(|_| WhenError::TooFar)?;
        self.draft.set_repeat(Repeat::Each { count, unit: Unit::Second })
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
