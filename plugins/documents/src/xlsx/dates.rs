//! Dates and times of spreadsheets: numbers of days that only a format tells from other numbers (ECMA-376 part 1, 18.8.30
//! and 18.17.4).

use std::collections::HashMap;
use std::ops::ControlFlow;

use jiff::ToSpan as _;
use steward_sdk::Failure;

use crate::archive::Archive;
use crate::xml::{self, Node};

/// What a number is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Date,
    Time,
    DateTime,
}

/// The formats of cells, by the number of their style.
#[derive(Debug, Default)]
pub(super) struct Formats {
    looks: Vec<Option<Look>>,
    from_1904: bool,
}

impl Formats {
    pub(super) fn read(archive: &Archive<'_>, part: &str, from_1904: bool) -> Result<Self, Failure> {
        let Some(file) = archive.file(part)? else { return Ok(Self { from_1904, ..Self::default() }) };
        let (mut own, mut looks, mut in_cells) = (HashMap::new(), Vec::new(), false);
        xml::walk(file, |node| {
            match node {
                Node::Start(element) => match element.name() {
                    "numFmt" => {
                        if let (Some(id), Some(code)) = (element.number("numFmtId"), element.attribute("formatCode")) {
                            own.insert(id, look(&code));
                        }
                    }
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        let id = element.number("numFmtId").unwrap_or(0);
                        looks.push(own.get(&id).copied().unwrap_or_else(|| built_in(id)));
                    }
                    _ => {}
                },
                Node::End("cellXfs") => in_cells = false,
                _ => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(Self { looks, from_1904 })
    }

    /// A number as it would be read: a date as `2026-11-25`, a time as `14:30`, any other as it is, without the digits
    /// that only come from how computers keep numbers.
    pub(super) fn shown(&self, value: &str, style: Option<usize>) -> String {
        let Ok(number) = value.parse::<f64>() else { return value.to_owned() };
        let look = style.and_then(|style| self.looks.get(style).copied().flatten());
        look.and_then(|look| self.dated(number, look)).unwrap_or_else(|| plain(number, value))
    }

    fn dated(&self, number: f64, look: Look) -> Option<String> {
        // The last day there is: 31 December 9999.
        if !(0.0..2_958_466.0).contains(&number) {
            return None;
        }
        let days = number.floor();
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let (day, second) = (days as i64, ((number - days) * 86_400.0).round() as i64);
        let (day, second) = (day + second / 86_400, second % 86_400);
        let time = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
        let time = if second % 60 == 0 { time } else { format!("{time}:{:02}", second % 60) };
        let first = if self.from_1904 { jiff::civil::date(1904, 1, 1) } else { jiff::civil::date(1899, 12, 30) };
        // In the system of 1900 that year has a 29 February it did not have: day 60.
        let days = if self.from_1904 { day } else { day + i64::from(day < 60) };
        let date = || Some(first.checked_add(days.days()).ok()?.to_string());
        match look {
            Look::Time => Some(time),
            Look::Date => date(),
            Look::DateTime if second == 0 => date(),
            Look::DateTime => Some(format!("{} {time}", date()?)),
        }
    }
}

/// 15 digits are what a number of 64 bits holds for certain.
fn plain(number: f64, value: &str) -> String {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    if digits < 16 || !number.is_finite() {
        return value.to_owned();
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// What the formats look like that every program knows without being told.
fn built_in(id: usize) -> Option<Look> {
    match id {
        14..=17 | 27..=31 | 34..=36 | 50..=54 | 57 | 58 => Some(Look::Date),
        18..=21 | 32 | 33 | 45..=47 | 55 | 56 => Some(Look::Time),
        22 => Some(Look::DateTime),
        _ => None,
    }
}

/// What a format code shows: its letters outside of quotes and brackets tell.
fn look(code: &str) -> Option<Look> {
    let (mut date, mut time, mut quoted, mut bracket) = (false, false, false, false);
    let mut letters = code.split(';').next().unwrap_or_default().chars();
    while let Some(letter) = letters.next() {
        match letter.to_ascii_lowercase() {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => {
                letters.next();
            }
            '[' => bracket = true,
            ']' => bracket = false,
            'h' | 's' => time = true,
            _ if bracket => {}
            'y' | 'd' => date = true,
            _ => {}
        }
    }
    match (date, time) {
        (true, true) => Some(Look::DateTime),
        (true, false) => Some(Look::Date),
        (false, true) => Some(Look::Time),
        // Months alone: "mmm"; elsewhere the letter stands in words such as "General" too.
        (false, false) => code.to_ascii_lowercase().starts_with("mmm").then_some(Look::Date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_tell_dates_from_numbers() {
        for (code, expected) in [
            ("dd.mm.yyyy", Some(Look::Date)),
            ("yyyy\\-mm\\-dd hh:mm", Some(Look::DateTime)),
            ("[$-419]d mmm yyyy;@", Some(Look::Date)),
            ("[h]:mm:ss", Some(Look::Time)),
            ("mmm", Some(Look::Date)),
            ("General", None),
            ("0.00", None),
            ("#,##0.00 \"days\"", None),
            ("[Red]0", None),
            ("0\\d", None),
        ] {
            assert_eq!(look(code), expected, "{code}");
        }
    }

    #[test]
    fn numbers_of_days_are_dates() {
        let formats = |from_1904| Formats {
            looks: vec![None, Some(Look::Date), Some(Look::DateTime), Some(Look::Time)],
            from_1904,
        };
        for (value, style, shown) in [
            ("46351", 1, "2026-11-25"),
            ("46351.604166666664", 2, "2026-11-25 14:30"),
            ("0.604166666666667", 3, "14:30"),
            ("0.99999999", 2, "1900-01-01"),
            ("1", 1, "1900-01-01"),
            ("59", 1, "1900-02-28"),
            ("61", 1, "1900-03-01"),
            ("46351", 0, "46351"),
            ("-5", 1, "-5"),
            ("1E+300", 1, "1E+300"),
            ("0.30000000000000004", 0, "0.3"),
            ("#N/A", 0, "#N/A"),
        ] {
            assert_eq!(formats(false).shown(value, Some(style)), shown, "{value}");
        }
        assert_eq!(formats(true).shown("44889", Some(1)), "2026-11-25");
    }
}
