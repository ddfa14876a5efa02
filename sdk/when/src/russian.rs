//! The Russian vocabulary. Words are inflected, so most are known by their beginning; `ё` has become `е` before.

use jiff::civil::Weekday;

use crate::token::Number::{Each, One};
use crate::token::{Number, Part, Token, Unit};

const NUMBERS: &[(&str, u32)] = &[
    ("один одну одна одно одного одной", 1),
    ("два две двух", 2),
    ("три трех несколько", 3),
    ("четыре четырех", 4),
    ("пять пяти", 5),
    ("шесть шести", 6),
    ("семь семи", 7),
    ("восемь восьми", 8),
    ("девять девяти", 9),
    ("десять десяти", 10),
    ("одиннадцать одиннадцати", 11),
    ("двенадцать двенадцати", 12),
    ("тринадцать тринадцати", 13),
    ("четырнадцать четырнадцати", 14),
    ("пятнадцать пятнадцати четверти", 15),
    ("шестнадцать шестнадцати", 16),
    ("семнадцать семнадцати", 17),
    ("восемнадцать восемнадцати", 18),
    ("девятнадцать девятнадцати", 19),
    ("двадцать двадцати", 20),
    ("тридцать тридцати", 30),
    ("сорок сорока", 40),
    ("пятьдесят пятидесяти", 50),
    ("шестьдесят шестидесяти", 60),
    ("семьдесят", 70),
    ("восемьдесят", 80),
    ("девяносто", 90),
    ("сто", 100),
    ("ноль нуль", 0),
];

/// The stems of ordinals; endings are those of adjectives.
const ORDINALS: &[(&str, u32)] = &[
    ("перв", 1),
    ("втор", 2),
    ("трет", 3),
    ("четверт", 4),
    ("пят", 5),
    ("шест", 6),
    ("седьм", 7),
    ("восьм", 8),
    ("девят", 9),
    ("десят", 10),
    ("одиннадцат", 11),
    ("двенадцат", 12),
    ("тринадцат", 13),
    ("четырнадцат", 14),
    ("пятнадцат", 15),
    ("шестнадцат", 16),
    ("семнадцат", 17),
    ("восемнадцат", 18),
    ("девятнадцат", 19),
    ("двадцат", 20),
    ("тридцат", 30),
];

const ADJECTIVE_ENDINGS: &[&str] =
    &["ого", "его", "ое", "ее", "ый", "ий", "ой", "ей", "ая", "ую", "ему", "ому", "ом", "ьего", "ье", "ья", "ью", "ьи"];

const WEEKDAYS: &[(&str, &str, Weekday)] = &[
    ("понедельник", "пн", Weekday::Monday),
    ("вторник", "вт", Weekday::Tuesday),
    ("сред", "ср", Weekday::Wednesday),
    ("четверг", "чт", Weekday::Thursday),
    ("пятниц", "пт", Weekday::Friday),
    ("суббот", "сб", Weekday::Saturday),
    ("воскресень", "вс", Weekday::Sunday),
];

const MONTHS: &[(&str, &str)] = &[
    ("январ", "янв"),
    ("феврал", "фев"),
    ("март", "мар"),
    ("апрел", "апр"),
    ("ма", "май"),
    ("июн", "июн"),
    ("июл", "июл"),
    ("август", "авг"),
    ("сентябр", "сен сент"),
    ("октябр", "окт"),
    ("ноябр", "ноя нояб"),
    ("декабр", "дек"),
];

/// Words without which the sentence means the same.
pub(crate) fn is_noise(word: &str) -> bool {
    matches!(word, "на" | "около" | "примерно" | "ровно" | "пожалуйста" | "г")
}

/// What a word means; most mean one thing, `полчаса` and `полдесятого` two.
pub(crate) fn meaning(word: &str) -> Option<Vec<Token>> {
    // Half an hour, and half of the tenth hour, which is half past nine.
    let halved = word.strip_prefix("пол").filter(|_| word != "полдень");
    if let Some(what @ (Token::Ordinal(_) | Token::Unit(_))) =
        halved.and_then(|rest| unit(rest).or_else(|| number(rest)))
    {
        return Some(vec![Token::Half, what]);
    }
    let token = link(word).or_else(|| unit(word)).or_else(|| number(word)).or_else(|| calendar(word));
    token.or_else(|| part(word)).map(|token| vec![token])
}

fn number(word: &str) -> Option<Token> {
    let named = NUMBERS.iter().find(|(names, _)| names.split(' ').any(|name| name == word));
    // «с четвертью» is a quarter, never the fourth.
    let ordinal = || {
        ORDINALS
            .iter()
            .find(|(stem, _)| word.strip_prefix(stem).is_some_and(|ending| ADJECTIVE_ENDINGS.contains(&ending)))
            .filter(|_| word != "четвертью")
    };
    named.map(|(_, number)| Token::Number(*number)).or_else(|| ordinal().map(|(_, number)| Token::Ordinal(*number)))
}

fn unit(word: &str) -> Option<Token> {
    let unit = match word {
        "с" | "сек" | "секунда" | "секунду" | "секунды" | "секунд" => Unit::Second,
        "м" | "мин" | "минута" | "минуту" | "минуты" | "минут" | "минутку" => {
            Unit::Minute
        }
        "ч" | "час" | "часа" | "часов" | "часик" => Unit::Hour,
        "день" | "дня" | "дней" | "дням" | "сутки" | "суток" => Unit::Day,
        "неделя" | "неделю" | "недели" | "недель" | "неделе" => Unit::Week,
        "месяц" | "месяца" | "месяцев" | "месяце" => Unit::Month,
        "год" | "года" | "лет" | "году" => Unit::Year,
        _ => return None,
    };
    Some(Token::Unit(unit))
}

fn calendar(word: &str) -> Option<Token> {
    let token = match word {
        "сегодня" => Token::Day(0),
        "завтра" => Token::Day(1),
        "послезавтра" => Token::Day(2),
        "будни" | "будням" => Token::Workdays(Each),
        "выходным" => Token::Weekend(Each),
        _ if word.starts_with("будн") || word.starts_with("рабоч") => Token::Workdays(number_of(word)),
        _ if word.starts_with("выходн") => Token::Weekend(One),
        _ => return weekday(word).or_else(|| month(word)),
    };
    Some(token)
}

fn number_of(word: &str) -> Number {
    if word.ends_with("ам") || word.ends_with("ям") || word.ends_with("им") { Each } else { One }
}

fn weekday(word: &str) -> Option<Token> {
    WEEKDAYS.iter().find_map(|(stem, short, day)| {
        let ending = word.strip_prefix(stem).filter(|ending| ending.chars().count() <= 3);
        (ending.is_some() || *short == word).then(|| Token::Weekday(*day, number_of(word)))
    })
}

fn month(word: &str) -> Option<Token> {
    const ENDINGS: &[&str] = &["", "ь", "я", "е", "а", "ю", "й"];
    let at = MONTHS.iter().position(|(stem, short)| {
        word.strip_prefix(stem).is_some_and(|ending| ENDINGS.contains(&ending)) && word != "ма"
            || short.split(' ').any(|short| short == word)
    });
    at.and_then(|at| u32::try_from(at + 1).ok()).map(Token::Month)
}

fn part(word: &str) -> Option<Token> {
    let (part, number) = match word {
        "утро" | "утра" | "утром" | "утру" => (Part::Morning, One),
        "утрам" => (Part::Morning, Each),
        "полдень" | "полудню" | "обед" | "обеду" => (Part::Noon, One),
        "днем" => (Part::Afternoon, One),
        "вечер" | "вечера" | "вечером" | "вечеру" => (Part::Evening, One),
        "вечерам" => (Part::Evening, Each),
        "ночь" | "ночи" | "ночью" => (Part::Night, One),
        "ночам" => (Part::Night, Each),
        "полночь" | "полуночи" => (Part::Midnight, One),
        _ => return None,
    };
    Some(Token::Part(part, number))
}

fn link(word: &str) -> Option<Token> {
    let token = match word {
        "по" => Token::Every,
        "через" | "спустя" => Token::In,
        "в" | "во" | "к" | "ко" => Token::At,
        "до" => Token::Until,
        "начиная" | "со" => Token::From,
        "четверть" => Token::Quarter,
        "конец" | "конце" | "концу" => Token::End,
        "и" => Token::And,
        "без" => Token::Without,
        "кроме" => Token::Except,
        "полтора" | "полторы" => Token::OneAndHalf,
        "половине" | "половина" | "половину" | "пол" => Token::Half,
        "числа" | "число" | "числу" | "числам" => Token::DayNumber,
        "раз" => Token::Once,
        "ежечасно" => Token::Adverb(Unit::Hour),
        "ежедневно" => Token::Adverb(Unit::Day),
        "еженедельно" => Token::Adverb(Unit::Week),
        "ежемесячно" => Token::Adverb(Unit::Month),
        "ежегодно" => Token::Adverb(Unit::Year),
        _ if word.starts_with("кажд") => Token::Every,
        _ if word.starts_with("следующ") => Token::Next,
        _ if word.starts_with("последн") => Token::Last,
        _ if word.starts_with("ближайш") => Token::This,
        "этот" | "эту" | "это" | "этого" | "этой" => Token::This,
        _ => return None,
    };
    Some(token)
}
