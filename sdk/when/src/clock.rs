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
            Some(Token::Half) => matches!(self.peek(1), Some(Token::Ordinal(_))),
            Some(Token::Dotted(hour, minute, None)) => *hour < 24 && *minute < 60,
            Some(Token::Number(_)) => !matches!(self.peek(1), Some(Token::Month(_) | Token::DayNumber)),
            _ => false,
        }
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
            Token::Half => {
                self.skip(1);
                let Some(Token::Ordinal(hour)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
                self.skip(1);
                before(hour, 30)
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
                self.skip(1);
                Ok((hour, self.minutes_after_hour()))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn number(&mut self) -> Result<u32, WhenError> {
        let Some(Token::Number(number)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
        self.skip(1);
        Ok(number)
    }

    /// "9 o'clock", "9 часов 30 минут", "9 30".
    fn minutes_after_hour(&mut self) -> u32 {
        let named = self.accept(&Token::Oclock) || self.accept(&Token::Unit(Unit::Hour));
        let Some(Token::Number(minutes)) = self.peek(0).cloned() else { return 0 };
        let has_unit = self.peek(1) == Some(&Token::Unit(Unit::Minute));
        if minutes < 60
            && (named && has_unit || !named && self.word(0).len() == 2 && self.peek(1) != Some(&Token::DayNumber))
        {
            self.skip(1 + usize::from(has_unit));
            return minutes;
        }
        0
    }

    /// "am", "in the evening", "вечера", "дня" after a time.
    fn half_of_day(&mut self, time: TimeOfDay) -> Result<TimeOfDay, WhenError> {
        let joined = usize::from(self.peek(0) == Some(&Token::In));
        let part = match self.peek(joined) {
            Some(Token::Am) => {
                self.skip(1);
                let hour = if time.hour == 12 { 0 } else { time.hour };
                return Ok(TimeOfDay { hour, settled: true, ..time });
            }
            Some(Token::Pm) => {
                self.skip(1);
                let hour = if time.hour < 12 { time.hour + 12 } else { time.hour };
                return Ok(TimeOfDay { hour, settled: true, ..time });
            }
            Some(Token::Part(part, Number::One)) => *part,
            Some(Token::Unit(Unit::Day)) if joined == 0 => Part::Afternoon,
            _ => return Ok(time),
        };
        self.skip(joined + 1);
        Ok(TimeOfDay { settled: true, ..time.within(Some(part)) })
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
