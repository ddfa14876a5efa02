//! The English vocabulary.

use jiff::civil::Weekday;

use crate::token::Number::{Each, One};
use crate::token::{Number, Part, Token, Unit};

const NUMBERS: &[(&str, u32)] = &[
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("couple", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("zero", 0),
    ("oh", 0),
];

const ORDINALS: &[(&str, u32)] = &[
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("eleventh", 11),
    ("twelfth", 12),
    ("thirteenth", 13),
    ("fourteenth", 14),
    ("fifteenth", 15),
    ("sixteenth", 16),
    ("seventeenth", 17),
    ("eighteenth", 18),
    ("nineteenth", 19),
    ("twentieth", 20),
    ("thirtieth", 30),
];

const WEEKDAYS: &[(&str, &str, Weekday)] = &[
    ("monday", "mon mo", Weekday::Monday),
    ("tuesday", "tue tues tu", Weekday::Tuesday),
    ("wednesday", "wed weds we", Weekday::Wednesday),
    ("thursday", "thu thur thurs th", Weekday::Thursday),
    ("friday", "fri fr", Weekday::Friday),
    ("saturday", "sat sa", Weekday::Saturday),
    ("sunday", "sun su", Weekday::Sunday),
];

const MONTHS: &[(&str, &str)] = &[
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may", "may"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep sept"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
];

/// Words without which the sentence means the same.
pub(crate) fn is_noise(word: &str) -> bool {
    matches!(word, "the" | "of" | "on" | "for" | "please" | "sharp" | "about" | "around" | "exactly" | "coming")
}

/// What a word means.
pub(crate) fn meaning(word: &str) -> Option<Vec<Token>> {
    let token = number(word).or_else(|| unit(word)).or_else(|| calendar(word)).or_else(|| part(word));
    token.or_else(|| link(word)).map(|token| vec![token])
}

fn number(word: &str) -> Option<Token> {
    let found = |list: &[(&str, u32)]| list.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    // A second is a unit of time far more often than a date.
    found(NUMBERS).map(Token::Number).or_else(|| found(ORDINALS).filter(|_| word != "second").map(Token::Ordinal))
}

fn unit(word: &str) -> Option<Token> {
    let unit = match word {
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
        "d" | "day" | "days" => Unit::Day,
        "w" | "week" | "weeks" => Unit::Week,
        "month" | "months" | "of_month" => Unit::Month,
        "y" | "year" | "years" => Unit::Year,
        _ => return None,
    };
    Some(Token::Unit(unit))
}

fn calendar(word: &str) -> Option<Token> {
    let token = match word {
        "today" => Token::Day(0),
        "tonight" => Token::Tonight,
        "tomorrow" | "tmrw" | "tmr" | "tomorow" | "tommorow" | "tommorrow" => Token::Day(1),
        "overmorrow" => Token::Day(2),
        "weekday" | "workday" => Token::Workdays(One),
        "weekdays" | "workdays" => Token::Workdays(Each),
        "weekend" => Token::Weekend(One),
        "weekends" => Token::Weekend(Each),
        _ => return weekday(word).or_else(|| month(word)),
    };
    Some(token)
}

fn weekday(word: &str) -> Option<Token> {
    let each = |name: &str| word.strip_suffix('s') == Some(name);
    WEEKDAYS.iter().find_map(|(name, short, day)| {
        let number: Number = match () {
            () if *name == word || short.split(' ').any(|short| short == word) => One,
            () if each(name) => Each,
            () => return None,
        };
        Some(Token::Weekday(*day, number))
    })
}

fn month(word: &str) -> Option<Token> {
    let at = MONTHS.iter().position(|(name, short)| *name == word || short.split(' ').any(|short| short == word));
    at.and_then(|at| u32::try_from(at + 1).ok()).map(Token::Month)
}

fn part(word: &str) -> Option<Token> {
    let (part, number) = match word {
        "morning" => (Part::Morning, One),
        "mornings" => (Part::Morning, Each),
        "noon" | "midday" | "lunchtime" | "lunch" => (Part::Noon, One),
        "afternoon" => (Part::Afternoon, One),
        "afternoons" => (Part::Afternoon, Each),
        "evening" => (Part::Evening, One),
        "evenings" => (Part::Evening, Each),
        "night" => (Part::Night, One),
        "nights" => (Part::Night, Each),
        "midnight" => (Part::Midnight, One),
        _ => return None,
    };
    Some(Token::Part(part, number))
}

fn link(word: &str) -> Option<Token> {
    let token = match word {
        "in" | "after" | "within" => Token::In,
        "from_now" | "later" => Token::FromNow,
        "at" | "by" => Token::At,
        "from" | "starting" => Token::From,
        "until" | "till" => Token::Until,
        "through" | "thru" => Token::Dash,
        "to" => Token::ToHour,
        "past" => Token::PastHour,
        "next" => Token::Next,
        "last" => Token::Last,
        "end" => Token::End,
        "this" => Token::This,
        "every" | "each" => Token::Every,
        "every_other" => Token::EveryOther,
        "except" | "excluding" => Token::Except,
        "once" => Token::Once,
        "and" => Token::And,
        "half" => Token::Half,
        "and_half" => Token::AndHalf,
        "half_past" => Token::Past(30),
        "quarter_past" => Token::Past(15),
        "quarter_to" => Token::To(15),
        "am" => Token::Am,
        "pm" => Token::Pm,
        "oclock" => Token::Oclock,
        "hourly" => Token::Adverb(Unit::Hour),
        "daily" | "everyday" => Token::Adverb(Unit::Day),
        "weekly" => Token::Adverb(Unit::Week),
        "monthly" => Token::Adverb(Unit::Month),
        "yearly" | "annually" => Token::Adverb(Unit::Year),
        _ => return None,
    };
    Some(token)
}
