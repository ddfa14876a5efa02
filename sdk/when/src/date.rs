//! Dates: "tomorrow", "next Monday", "Nov 25", "25 ноября", "the 1st", "25.11.2026".

use crate::draft::{DateWord, Place};
use crate::error::WhenError;
use crate::grammar::Reader;
use crate::token::{Number, Token, Unit};

impl Reader {
    /// Whether a date comes next.
    pub(crate) fn date_is_next(&self) -> bool {
        match self.peek(0) {
            Some(Token::Day(_) | Token::Next | Token::This | Token::Weekday(..) | Token::Weekend(_)) => true,
            Some(Token::Date(..) | Token::Slashed(..) | Token::Ordinal(_) | Token::Month(_)) => true,
            Some(Token::Last | Token::End) => true,
            Some(Token::Number(_)) => matches!(self.peek(1), Some(Token::Month(_) | Token::DayNumber)),
            Some(Token::Dotted(_, month, year)) => year.is_some() || (1..=12).contains(month),
            _ => false,
        }
    }

    /// Reads a date into the draft.
    pub(crate) fn date(&mut self) -> Result<(), WhenError> {
        if let (Some(Token::This), Some(Token::Part(part, Number::One))) = (self.peek(0), self.peek(1).cloned()) {
            self.skip(2);
            self.draft.set_part(part)?;
            return self.draft.set_date(DateWord::Offset(0));
        }
        let date = self.read_date()?;
        self.draft.set_date(date)
    }

    /// Reads a date.
    pub(crate) fn read_date(&mut self) -> Result<DateWord, WhenError> {
        if self.place_is_next() {
            return self.place();
        }
        let first = self.peek(0).cloned().ok_or_else(|| self.unexpected())?;
        let said = self.word(0).to_owned();
        self.skip(1);
        Ok(match first {
            Token::Day(days) => DateWord::Offset(days),
            Token::Weekday(day, _) => DateWord::Weekday { day, next: false },
            Token::Weekend(_) => DateWord::Weekday { day: jiff::civil::Weekday::Saturday, next: false },
            Token::This if !matches!(self.peek(0), Some(Token::Weekday(..) | Token::Weekend(_))) => {
                return Err(self.unexpected());
            }
            Token::This => return self.read_date(),
            Token::Next => self.after_next()?,
            Token::Date(year, month, day) => self.dated(Some(year), month, day)?,
            Token::Dotted(day, month, year) => self.dated(year, month, day)?,
            Token::Slashed(first, second, year) => self.slashed(&said, first, second, year)?,
            Token::Month(month) => self.after_month(month)?,
            Token::Number(day) | Token::Ordinal(day) => self.after_day(day)?,
            _ => return Err(self.unexpected()),
        })
    }

    fn after_next(&mut self) -> Result<DateWord, WhenError> {
        let date = match self.peek(0) {
            Some(Token::Weekday(day, _)) => DateWord::Weekday { day: *day, next: true },
            Some(Token::Weekend(_)) => DateWord::Weekday { day: jiff::civil::Weekday::Saturday, next: true },
            Some(Token::Unit(unit @ (Unit::Day | Unit::Week | Unit::Month | Unit::Year))) => DateWord::Next(*unit),
            _ => return Err(self.unexpected()),
        };
        self.skip(1);
        Ok(date)
    }

    /// "Nov 25", "November 25th, 2026".
    fn after_month(&mut self, month: u32) -> Result<DateWord, WhenError> {
        let Some(Token::Number(day) | Token::Ordinal(day)) = self.peek(0).cloned() else {
            return Err(self.unexpected());
        };
        self.skip(1);
        let joined = usize::from(self.peek(0) == Some(&Token::And));
        let year = self.year(joined);
        self.dated(year, month, day)
    }

    /// "25 November", "25 ноября 2026 года", "1 числа", "the 1st".
    fn after_day(&mut self, day: u32) -> Result<DateWord, WhenError> {
        let Some(Token::Month(month)) = self.peek(0).cloned() else {
            let of_month = self.accept(&Token::DayNumber) && self.month_is_said(0);
            return match day {
                1..=31 if of_month => Ok(DateWord::InMonth { day: Place::Day(day), month: self.month_of()? }),
                1..=31 => Ok(DateWord::DayOfMonth(day)),
                _ => Err(WhenError::NoDate(format!("day {day} of a month"))),
            };
        };
        self.skip(1);
        let year = self.year(0);
        self.dated(year, month, day)
    }

    /// A year, so many places ahead; no hour is that large.
    pub(crate) fn year(&mut self, ahead: usize) -> Option<u32> {
        let year = match self.peek(ahead).cloned() {
            Some(Token::Number(year @ 1970..=9999)) => year,
            // "5 Dec 26 10:00"
            Some(Token::Number(year @ 24..=99))
                if self.word(ahead).bytes().all(|byte| byte.is_ascii_digit())
                    && matches!(self.peek(ahead + 1), None | Some(Token::Clock(..) | Token::At | Token::And)) =>
            {
                2000 + year
            }
            _ => return None,
        };
        self.skip(ahead + 1);
        self.accept(&Token::Unit(Unit::Year));
        Some(year)
    }

    fn dated(&self, year: Option<u32>, month: u32, day: u32) -> Result<DateWord, WhenError> {
        // Without a year the 29th of February may be meant.
        let exists = date_of(year.unwrap_or(2028), month, day).is_some();
        let shown = || {
            WhenError::NoDate(match (month_name(month), year) {
                (Some(name), None) => format!("{day} {name}"),
                (Some(name), Some(year)) => format!("{day} {name} {year}"),
                (None, _) => format!("month {month} in a year"),
            })
        };
        exists.then_some(DateWord::MonthDay { year, month, day }).ok_or_else(shown)
    }

    /// Which of the two is the month differs between countries: only what can be told is accepted.
    fn slashed(&self, said: &str, first: u32, second: u32, year: Option<u32>) -> Result<DateWord, WhenError> {
        match (first, second) {
            (13.., 1..=12) => self.dated(year, second, first),
            (1..=12, 13..) => self.dated(year, first, second),
            _ if first == second => self.dated(year, first, second),
            _ => {
                let shown = |month, day| match year {
                    Some(year) => format!("{year}-{month:02}-{day:02}"),
                    None => format!("{day} {}", month_name(month).unwrap_or_default()),
                };
                let (first, second) = (shown(second, first), shown(first, second));
                Err(WhenError::TwoDays { said: said.to_owned(), first, second })
            }
        }
    }
}

fn month_name(month: u32) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    NAMES.get(usize::try_from(month).ok()?.checked_sub(1)?).copied()
}

/// The date, if the calendar has it.
pub(crate) fn date_of(year: u32, month: u32, day: u32) -> Option<jiff::civil::Date> {
    let (year, month, day) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    jiff::civil::Date::new(year, month, day).ok()
}
