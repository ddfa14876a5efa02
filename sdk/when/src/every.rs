//! Repetitions: what stands after "every", and the words that say as much, «по будням», "daily", "once a week".

use jiff::civil::Weekday;

use crate::draft::{DateWord, InMonth, Place, Repeat};
use crate::error::WhenError;
use crate::grammar::Reader;
use crate::token::{Token, Unit};

const READ_AS_EVERY_OTHER: &str = "This is every other week; for one in each month say \"of every month\".";

/// The word of a month that a day was said to be of, which is no count of months.
const OF_MONTH: &str = "of_month";

impl Reader {
    pub(crate) fn repetition(&mut self) -> Result<(), WhenError> {
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
                let date = self.read_date()?;
                self.each_in_month(date)
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
            // "every 3rd of the month" is a day, "every third month" a count.
            (Some(Token::Ordinal(day) | Token::Number(day)), Some(Token::Unit(Unit::Month)))
                if self.word(1) == OF_MONTH =>
            {
                self.each_day_of_month(day)
            }
            (Some(Token::Ordinal(count)), Some(Token::Unit(unit))) => {
                self.skip(2);
                self.draft.set_repeat(Repeat::Each { count, unit })
            }
            (Some(Token::Number(_) | Token::Ordinal(_)), Some(Token::Month(_))) | (Some(Token::Month(_)), _) => {
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
                let month = if matches!(month, InMonth::Unsaid) { InMonth::Coming } else { month };
                self.each_in_month(DateWord::InMonth { day: Place::Nth(nth, day), month })
            }
        }
    }

    /// A day by its place in a month comes each month, or with the month named each year.
    fn each_in_month(&mut self, date: DateWord) -> Result<(), WhenError> {
        let named = matches!(date, DateWord::InMonth { month: InMonth::Named { .. }, .. });
        if !named || self.draft.repeat.is_none() {
            let unit = if named { Unit::Year } else { Unit::Month };
            self.draft.set_repeat(Repeat::Each { count: 1, unit })?;
        }
        self.draft.set_date(date)
    }

    /// "every 5th of the month"
    fn each_day_of_month(&mut self, day: u32) -> Result<(), WhenError> {
        if !(1..=31).contains(&day) {
            return Err(WhenError::NoDate(format!("day {day} of a month")));
        }
        self.skip(2);
        self.draft.set_repeat(Repeat::Each { count: 1, unit: Unit::Month })?;
        self.draft.set_date(DateWord::DayOfMonth(day))
    }

    /// "every day except Sunday", «по будням кроме пятницы»: the days that are left.
    pub(crate) fn except(&mut self) -> Result<(), WhenError> {
        let mut left = match self.draft.repeat.take() {
            Some(Repeat::Each { count: 1, unit: Unit::Day }) => Weekday::Monday.cycle_forward().take(7).collect(),
            Some(Repeat::Weekdays { days, weeks: 1 }) => days,
            _ => return Err(self.unexpected()),
        };
        self.skip(1);
        let all = left.len();
        loop {
            let joined = usize::from(self.peek(0) == Some(&Token::And));
            match self.peek(joined) {
                Some(Token::Weekday(day, _)) => left.retain(|kept| kept != day),
                Some(Token::Weekend(_)) => left.retain(|kept| !matches!(kept, Weekday::Saturday | Weekday::Sunday)),
                _ => break,
            }
            self.skip(joined + 1);
        }
        if left.is_empty() || left.len() == all {
            return Err(self.unexpected());
        }
        self.draft.set_repeat(Repeat::Weekdays { days: left, weeks: 1 })
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
