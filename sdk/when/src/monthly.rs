//! Days by their place in a month: "the last Friday of the month", "the first day of next month", «последний день
//! месяца». Which month a day is sought in, and how cron writes it.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::date::date_of;
use crate::draft::{DateWord, InMonth, Place, Repeat};
use crate::error::WhenError;
use crate::grammar::Reader;
use crate::token::{Token, Unit};

impl Reader {
    /// Whether an ordinal or "last" is followed by what makes it a place in a month.
    pub(crate) fn place_is_next(&self) -> bool {
        let dayish = matches!(self.peek(1), Some(Token::Weekday(..) | Token::DayNumber | Token::Unit(Unit::Day)));
        match self.peek(0) {
            Some(Token::Last) => true,
            Some(Token::End) => self.month_is_said(1),
            Some(Token::Ordinal(_)) => dayish || self.month_is_said(1),
            _ => false,
        }
    }

    /// "the last Friday of the month", after "every" as well.
    pub(crate) fn place(&mut self) -> Result<DateWord, WhenError> {
        let (which, what) = (self.peek(0).cloned(), self.peek(1).cloned());
        let day = match (which, what) {
            (Some(Token::Last), Some(Token::Weekday(day, _))) => Place::LastWeekday(day),
            (Some(Token::Last), Some(Token::Unit(Unit::Day) | Token::DayNumber)) => Place::LastDay,
            (Some(Token::Ordinal(nth @ 1..=5)), Some(Token::Weekday(day, _))) => Place::Nth(nth, day),
            (Some(Token::Ordinal(day @ 1..=31)), Some(Token::Unit(Unit::Day) | Token::DayNumber)) => Place::Day(day),
            (Some(Token::Ordinal(day @ 1..=31)), _) => {
                self.skip(1);
                return Ok(DateWord::InMonth { day: Place::Day(day), month: self.month_of()? });
            }
            (Some(Token::End), _) => {
                self.skip(1);
                return Ok(DateWord::InMonth { day: Place::LastDay, month: self.month_of()? });
            }
            _ => return Err(self.unexpected()),
        };
        self.skip(2);
        let month = self.month_of()?;
        Ok(match (day, month) {
            (Place::Day(day), InMonth::Unsaid) => DateWord::DayOfMonth(day),
            (day, month) => DateWord::InMonth { day, month },
        })
    }

    /// "of the month", "of next month", "of every month", "in January": so many tokens ahead.
    pub(crate) fn month_is_said(&self, ahead: usize) -> bool {
        let month = Some(&Token::Unit(Unit::Month));
        let joined = ahead + usize::from(matches!(self.peek(ahead), Some(Token::In | Token::At)));
        match self.peek(joined) {
            Some(Token::Next | Token::This | Token::Every) => self.peek(joined + 1) == month,
            other => other == month,
        }
    }

    pub(crate) fn month_of(&mut self) -> Result<InMonth, WhenError> {
        let named =
            matches!(self.peek(1), Some(Token::Month(_))) && matches!(self.peek(0), Some(Token::In | Token::At));
        if named || self.month_is_said(0) {
            let _ = self.accept(&Token::In) || self.accept(&Token::At);
        }
        if let Some(Token::Month(month)) = self.peek(0).cloned() {
            self.skip(1);
            return Ok(InMonth::Named { year: self.year(0), month });
        }
        if !self.month_is_said(0) {
            return Ok(InMonth::Unsaid);
        }
        let month = match self.peek(0) {
            Some(Token::Next) => InMonth::Next,
            Some(Token::Every) => {
                self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Month })?;
                InMonth::Coming
            }
            _ => InMonth::Coming,
        };
        self.skip(1);
        self.accept(&Token::Unit(Unit::Month));
        Ok(month)
    }
}

impl InMonth {
    /// The months to look in, the first that is meant first.
    pub(crate) fn months(self, today: Date) -> Result<Vec<Date>, WhenError> {
        let this = today.first_of_month();
        let later = |months: i64| this.checked_add(months.months()).map_err(|_| WhenError::TooFar);
        match self {
            Self::Unsaid => Err(WhenError::Unsupported(
                "say of which month: \"the last Friday of the month\", \"the first Monday of every month\"",
            )),
            // A fifth Friday may be months away.
            Self::Coming => (0..13).map(later).collect(),
            Self::Next => Ok(vec![later(1)?]),
            Self::Named { year: Some(year), month } => Ok(date_of(year, month, 1).into_iter().collect()),
            Self::Named { year: None, month } => {
                let year = u32::try_from(today.year()).map_err(|_| WhenError::TooFar)?;
                Ok((year..=year + 1).filter_map(|year| date_of(year, month, 1)).collect())
            }
        }
    }
}

impl Place {
    /// The day in the month that begins on this date, if it has it.
    pub(crate) fn within(self, month: Date) -> Option<Date> {
        match self {
            Self::Day(day) => i8::try_from(day).ok().and_then(|day| Date::new(month.year(), month.month(), day).ok()),
            Self::LastDay => Some(month.last_of_month()),
            Self::Nth(nth, day) => month.nth_weekday_of_month(i8::try_from(nth).ok()?, day).ok(),
            Self::LastWeekday(day) => month.nth_weekday_of_month(-1, day).ok(),
        }
    }

    /// The fields of a cron expression: the day of the month, and that of the week.
    pub(crate) fn cron(self) -> (String, String) {
        let any = || "*".to_owned();
        let number = |day: Weekday| day.to_sunday_zero_offset();
        match self {
            Self::Day(day) => (day.to_string(), any()),
            Self::LastDay => ("L".to_owned(), any()),
            Self::Nth(nth, day) => (any(), format!("{}#{nth}", number(day))),
            Self::LastWeekday(day) => (any(), format!("{}L", number(day))),
        }
    }
}
