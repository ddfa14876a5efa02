//! Times of day: "at 9", "9:30pm", "half past nine", "в половине десятого", "в 9 вечера", "без пятнадцати десять".

use crate::draft::TimeOfDay;
use crate::error::WhenError;
use crate::grammar::Reader;
use crate::token::{Number, Part, Token, Unit};

impl Reader {
    /// Whether what follows an "at" is a time of day.
    pub(crate) fn time_is_next(&self) -> bool {
        match self.peek(0) {
            Some(Token::Clock(..) | Token::Past(_) | Token::To(_) | Token::Without | Token::Unit(Unit::Hour)) => true,
            Some(Token::Quarter) => true,
            Some(Token::Half) => self.half_of_hour_is_next(),
            Some(Token::Dotted(hour, minute, None)) => *hour < 24 && *minute < 60,
            Some(Token::Number(_)) => !matches!(self.peek(1), Some(Token::Month(_) | Token::DayNumber)),
            _ => false,
        }
    }

    /// "половине десятого", and the British "half nine", which are not half of a unit of time.
    fn half_of_hour_is_next(&self) -> bool {
        match self.peek(1) {
            Some(Token::Ordinal(_)) => true,
            Some(Token::Number(1..=12)) => {
                !matches!(self.word(1), "a" | "an") && !matches!(self.peek(2), Some(Token::Unit(_)))
            }
            _ => false,
        }
    }

    /// "ten past five", "twenty minutes to nine", «десять минут шестого».
    pub(crate) fn minutes_of_hour_are_next(&self) -> bool {
        let named = self.peek(1) == Some(&Token::Unit(Unit::Minute));
        let after = 1 + usize::from(named);
        match self.peek(after) {
            Some(Token::PastHour) => true,
            // In figures "2 to 4" is a span.
            Some(Token::ToHour) => named || self.is_in_words(0),
            Some(Token::Ordinal(1..=12)) => named && !matches!(self.peek(after + 1), Some(Token::Month(_))),
            _ => false,
        }
    }

    fn is_in_words(&self, ahead: usize) -> bool {
        self.word(ahead).starts_with(char::is_alphabetic)
    }

    /// Reads a time of day.
    pub(crate) fn time(&mut self) -> Result<(), WhenError> {
        let is_full = self.word(0).starts_with('0');
        let (hour, minute) = self.hour_and_minute()?;
        let time = TimeOfDay::new(hour, minute)?;
        let time = self.half_of_day(TimeOfDay { settled: time.settled || is_full, ..time })?;
        if !self.draft.times.contains(&time) {
            self.draft.times.push(time);
        }
        Ok(())
    }

    fn hour_and_minute(&mut self) -> Result<(u32, u32), WhenError> {
        let first = self.peek(0).cloned().ok_or_else(|| self.unexpected())?;
        match first {
            Token::Clock(hour, minute) | Token::Dotted(hour, minute, None) => {
                self.skip(1);
                Ok((hour, minute))
            }
            Token::Past(minutes) => {
                self.skip(1);
                Ok((self.number()?, minutes))
            }
            Token::To(minutes) => {
                self.skip(1);
                let hour = self.number()?;
                before(hour, minutes)
            }
            Token::Half if matches!(self.peek(1), Some(Token::Number(_))) => {
                self.skip(1);
                Ok((self.number()?, 30))
            }
            Token::Half => {
                self.skip(1);
                before(self.ordinal()?, 30)
            }
            Token::Quarter => {
                self.skip(1);
                before(self.ordinal()?, 45)
            }
            Token::Number(minutes) if self.minutes_of_hour_are_next() => {
                self.skip(1);
                self.accept(&Token::Unit(Unit::Minute));
                match self.peek(0) {
                    Some(Token::Ordinal(_)) => before(self.ordinal()?, 60_u32.saturating_sub(minutes)),
                    Some(Token::PastHour) => {
                        self.skip(1);
                        Ok((self.number()?, minutes))
                    }
                    _ => {
                        self.skip(1);
                        before(self.number()?, minutes)
                    }
                }
            }
            Token::Without => {
                self.skip(1);
                let minutes = self.number()?;
                self.accept(&Token::Unit(Unit::Minute));
                let hour = if self.accept(&Token::Unit(Unit::Hour)) { 1 } else { self.number()? };
                before(hour, minutes)
            }
            // "в час дня"
            Token::Unit(Unit::Hour) => {
                self.skip(1);
                Ok((1, 0))
            }
            Token::Number(hour) => {
                let in_words = self.is_in_words(0);
                self.skip(1);
                Ok((hour, self.minutes_after_hour(in_words)))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<u32, WhenError> {
        let Some(Token::Number(number)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
        self.skip(1);
        Ok(number)
    }

    fn ordinal(&mut self) -> Result<u32, WhenError> {
        let Some(Token::Ordinal(number)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
        self.skip(1);
        Ok(number)
    }

    /// "9 o'clock", "9 часов 30 минут", "9 30", "17h30", "nine thirty", "nine oh five".
    fn minutes_after_hour(&mut self, hour_in_words: bool) -> u32 {
        let short = matches!(self.word(0), "h" | "ч");
        let named = self.accept(&Token::Oclock) || self.accept(&Token::Unit(Unit::Hour));
        if hour_in_words
            && let (Some(Token::Number(0)), Some(Token::Number(minutes @ 1..=9))) =
                (self.peek(0), self.peek(1).cloned())
        {
            self.skip(2);
            return minutes;
        }
        let Some(Token::Number(minutes)) = self.peek(0).cloned() else { return 0 };
        let has_unit = self.peek(1) == Some(&Token::Unit(Unit::Minute));
        let is_date = matches!(self.peek(1), Some(Token::DayNumber | Token::Month(_)));
        let in_figures = self.word(0).len() == 2 && !self.is_in_words(0);
        let follows = match (named, has_unit) {
            (true, true) => true,
            (true, false) => short && in_figures,
            (false, _) => in_figures && !hour_in_words || hour_in_words && self.is_in_words(0) && minutes >= 10,
        };
        if minutes < 60 && follows && !is_date {
            self.skip(1 + usize::from(has_unit));
            return minutes;
        }
        0
    }

    /// "am", "in the evening", "вечера", "дня" after a time.
    fn half_of_day(&mut self, time: TimeOfDay) -> Result<TimeOfDay, WhenError> {
        let joined = usize::from(matches!(self.peek(0), Some(Token::In | Token::At)));
        let part = match self.peek(joined) {
            Some(Token::Am) => {
                self.skip(1);
                if time.hour > 12 {
                    return self.draft.check_part(time, Part::Morning).map(|()| time);
                }
                let hour = if time.hour == 12 { 0 } else { time.hour };
                return Ok(TimeOfDay { hour, settled: true, ..time });
            }
            Some(Token::Pm) => {
                self.skip(1);
                if time.hour == 0 {
                    return self.draft.check_part(time, Part::Afternoon).map(|()| time);
                }
                let hour = if time.hour < 12 { time.hour + 12 } else { time.hour };
                return Ok(TimeOfDay { hour, settled: true, ..time });
            }
            Some(Token::Part(part, Number::One)) => *part,
            Some(Token::Unit(Unit::Day)) if joined == 0 => Part::Afternoon,
            _ => return Ok(time),
        };
        self.skip(joined + 1);
        self.draft.tonight |= part == Part::Night;
        let time = TimeOfDay { settled: true, ..time.within(Some(part)) };
        self.draft.check_part(time, part).map(|()| time)
    }
}

/// So many minutes before the hour.
fn before(hour: u32, minutes: u32) -> Result<(u32, u32), WhenError> {
    let total = if hour == 0 { 24 * 60 } else { hour.saturating_mul(60) };
    let time =
        total.checked_sub(minutes).filter(|_| minutes < 60).ok_or(WhenError::NoTime { hour, minute: minutes })?;
    // Before one o'clock it is past twelve.
    let hour = if time / 60 == 0 { 12 } else { time / 60 };
    Ok((hour, time % 60))
}
