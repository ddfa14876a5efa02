//! What sentences mean, on Friday 20 November 2026 at 14:05. Those about repetitions are in [`repetitions`],
//! what people say in [`phrases`], what is asked back in [`questions`], and what is said at the end of a month in
//! [`sunday`].

mod phrases;
mod questions;
mod repetitions;
mod sunday;

use jiff::civil::DateTime;

use crate::{Due, parse, parse_once, parse_with_repeat};

fn now() -> DateTime {
    jiff::civil::date(2026, 11, 20).at(14, 5, 0, 0)
}

/// The meaning in short: `+3600`, `2026-11-21 09:00`, `cron 0 8 * * 1-5`, `every 1800`.
fn shown(due: &Due) -> String {
    match due {
        Due::After(seconds) => format!("+{seconds}"),
        Due::At(at) if at.second() == 0 => at.strftime("%Y-%m-%d %H:%M").to_string(),
        Due::At(at) => at.to_string(),
        Due::Instant(at) => at.to_string(),
        Due::Cron(expression) => format!("cron {expression}"),
        Due::Every(seconds) => format!("every {seconds}"),
    }
}

fn check(cases: &[(&str, &str)]) {
    check_at(now(), cases);
}

fn check_at(now: DateTime, cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let got = parse(text, now).map_or_else(|error| format!("error: {error}"), |when| shown(&when.due));
            (got != *expected).then(|| format!("{text:?}: {got}, not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn english_lengths_of_time() {
    check(&[
        ("in an hour", "+3600"),
        ("in one minute", "+60"),
        ("in a minute", "+60"),
        ("in 2 hours 30 minutes", "+9000"),
        ("in 2 hours and 30 minutes", "+9000"),
        ("in half an hour", "+1800"),
        ("in an hour and a half", "+5400"),
        ("in two and a half hours", "+9000"),
        ("in 2.5 hours", "+9000"),
        ("in 90 seconds", "+90"),
        ("in 45min", "+2700"),
        ("in 2h30m", "+9000"),
        ("in forty-five minutes", "+2700"),
        ("in twenty minutes", "+1200"),
        ("in a couple of hours", "+7200"),
        ("in a few hours", "+10800"),
        ("in half a minute", "+30"),
        ("10 minutes from now", "+600"),
        ("3 hours later", "+10800"),
        ("30 minutes", "+1800"),
        ("In 10 Minutes!", "+600"),
        ("in 2 days", "2026-11-22 14:05"),
        ("in a week", "2026-11-27 14:05"),
        ("in two weeks", "2026-12-04 14:05"),
        ("in 2 months", "2027-01-20 14:05"),
        ("in a year", "2027-11-20 14:05"),
        ("in 3 days at 9", "2026-11-23 09:00"),
        ("in 3 days at 9pm", "2026-11-23 21:00"),
        ("in 1 day 2 hours", "2026-11-21 16:05"),
    ]);
}

#[test]
fn russian_lengths_of_time() {
    check(&[
        ("через час", "+3600"),
        ("через полчаса", "+1800"),
        ("через полтора часа", "+5400"),
        ("через минуту", "+60"),
        ("через полминуты", "+30"),
        ("через полгода", "2027-05-20 14:05"),
        ("через пол часа", "+1800"),
        ("через несколько часов", "+10800"),
        ("через 5 минут", "+300"),
        ("через пять минут", "+300"),
        ("через двадцать пять минут", "+1500"),
        ("через 2 часа 30 минут", "+9000"),
        ("через 2 часа и 30 минут", "+9000"),
        ("через час с половиной", "+5400"),
        ("через 1,5 часа", "+5400"),
        ("через пару часов", "+7200"),
        ("через 30 сек", "+30"),
        ("через 10 мин.", "+600"),
        ("часа через два", "+7200"),
        ("минут через 10", "+600"),
        ("через неделю", "2026-11-27 14:05"),
        ("через две недели", "2026-12-04 14:05"),
        ("через месяц", "2026-12-20 14:05"),
        ("через 3 дня в 9:30", "2026-11-23 09:30"),
        ("через неделю в 10", "2026-11-27 10:00"),
    ]);
}

#[test]
fn english_dates_and_times() {
    check(&[
        ("tomorrow 9:00", "2026-11-21 09:00"),
        ("tomorrow at 9", "2026-11-21 09:00"),
        ("tomorrow at 9pm", "2026-11-21 21:00"),
        ("tomorrow at 9:30 p.m.", "2026-11-21 21:30"),
        ("at 9 tomorrow", "2026-11-21 09:00"),
        ("tomorrow", "2026-11-21 09:00"),
        ("tomorrow morning", "2026-11-21 09:00"),
        ("tomorrow in the afternoon", "2026-11-21 15:00"),
        ("tomorrow evening at 8", "2026-11-21 20:00"),
        ("tomorrow at 12am", "2026-11-21 00:00"),
        ("tomorrow at 12 pm", "2026-11-21 12:00"),
        ("tomorrow 9 a.m", "2026-11-21 09:00"),
        ("monday morning", "2026-11-23 09:00"),
        ("tomorrow night", "2026-11-21 22:00"),
        ("tomorrow at noon", "2026-11-21 12:00"),
        ("the day after tomorrow at 7", "2026-11-22 07:00"),
        ("today at 18", "2026-11-20 18:00"),
        ("today at 6pm", "2026-11-20 18:00"),
        ("today at 8", "2026-11-20 20:00"),
        ("tonight", "2026-11-20 19:00"),
        ("tonight at 10", "2026-11-20 22:00"),
        ("this evening", "2026-11-20 19:00"),
        ("at 8 in the evening", "2026-11-20 20:00"),
        ("at 5 o'clock in the afternoon", "2026-11-20 17:00"),
        ("at half past nine tomorrow", "2026-11-21 09:30"),
        ("tomorrow at quarter to nine", "2026-11-21 08:45"),
        ("tomorrow at quarter past 9", "2026-11-21 09:15"),
        ("noon", "2026-11-21 12:00"),
        ("at midnight", "2026-11-21 00:00"),
        ("16:30", "2026-11-20 16:30"),
        ("at 9", "2026-11-21 09:00"),
        ("at 14:05", "2026-11-21 14:05"),
        ("on Friday at 10", "2026-11-27 10:00"),
        ("on Friday at 16", "2026-11-20 16:00"),
        ("Monday", "2026-11-23 09:00"),
        ("on tue at 8:15", "2026-11-24 08:15"),
        ("next monday", "2026-11-23 09:00"),
        ("next friday at 10", "2026-11-27 10:00"),
        ("this sunday at 11", "2026-11-22 11:00"),
        ("on the weekend", "2026-11-21 09:00"),
        ("next week", "2026-11-27 09:00"),
        ("next month at 10", "2026-12-20 10:00"),
        ("Nov 25 at 14:30", "2026-11-25 14:30"),
        ("November 25th, 2027 at 2:30pm", "2027-11-25 14:30"),
        ("25 November at 14:30", "2026-11-25 14:30"),
        ("the 1st of January at 10", "2027-01-01 10:00"),
        ("March 3", "2027-03-03 09:00"),
        ("Feb 29 at 9", "2028-02-29 09:00"),
        ("on the 5th at 12:00", "2026-12-05 12:00"),
        ("on the 25th", "2026-11-25 09:00"),
        ("2026-11-25 14:30", "2026-11-25 14:30"),
        ("2026-11-25T14:30:00", "2026-11-25 14:30"),
        ("2026-11-25", "2026-11-25 09:00"),
        ("11/25 at 9:30", "2026-11-25 09:30"),
        ("25/11/2026 9:30", "2026-11-25 09:30"),
    ]);
}

#[test]
fn russian_dates_and_times() {
    check(&[
        ("завтра в 9", "2026-11-21 09:00"),
        ("завтра в 9:00", "2026-11-21 09:00"),
        ("завтра в 9 утра", "2026-11-21 09:00"),
        ("завтра в 9 вечера", "2026-11-21 21:00"),
        ("завтра в 9 часов", "2026-11-21 09:00"),
        ("завтра 9 часов", "2026-11-21 09:00"),
        ("завтра в 9 часов 30 минут", "2026-11-21 09:30"),
        ("завтра в 9-30", "2026-11-21 09:30"),
        ("завтра в 9.30", "2026-11-21 09:30"),
        ("завтра в девять", "2026-11-21 09:00"),
        ("завтра утром", "2026-11-21 09:00"),
        ("завтра вечером в 8", "2026-11-21 20:00"),
        ("завтра в 2 дня", "2026-11-21 14:00"),
        ("завтра в час дня", "2026-11-21 13:00"),
        ("завтра в половине десятого", "2026-11-21 09:30"),
        ("завтра в полдесятого", "2026-11-21 09:30"),
        ("завтра без пятнадцати десять", "2026-11-21 09:45"),
        ("завтра в полдень", "2026-11-21 12:00"),
        ("послезавтра утром", "2026-11-22 09:00"),
        ("сегодня вечером", "2026-11-20 19:00"),
        ("сегодня в 18:00", "2026-11-20 18:00"),
        ("сегодня в 8", "2026-11-20 20:00"),
        ("вечером", "2026-11-20 19:00"),
        ("утром", "2026-11-21 09:00"),
        ("в 9", "2026-11-21 09:00"),
        ("в 15:30", "2026-11-20 15:30"),
        ("в пятницу в 10", "2026-11-27 10:00"),
        ("в понедельник в 10", "2026-11-23 10:00"),
        ("во вторник", "2026-11-24 09:00"),
        ("в следующий понедельник", "2026-11-23 09:00"),
        ("в следующую среду в 12", "2026-11-25 12:00"),
        ("в выходные", "2026-11-21 09:00"),
        ("в эту субботу в 11", "2026-11-21 11:00"),
        ("на следующей неделе", "2026-11-27 09:00"),
        ("в следующем месяце", "2026-12-20 09:00"),
        ("25 ноября в 14:30", "2026-11-25 14:30"),
        ("25 ноября 2027 года в 14:30", "2027-11-25 14:30"),
        ("25.11 в 14:30", "2026-11-25 14:30"),
        ("25.11.2026 в 14.30", "2026-11-25 14:30"),
        ("25.11.26 14:30", "2026-11-25 14:30"),
        ("первого января в 10", "2027-01-01 10:00"),
        ("двадцать пятого ноября в 10", "2026-11-25 10:00"),
        ("1 мая", "2027-05-01 09:00"),
        ("8 марта в 9 утра", "2027-03-08 09:00"),
        ("5 числа в 12", "2026-12-05 12:00"),
        ("5-го в 12:00", "2026-12-05 12:00"),
        ("до пятницы", "2026-11-27 09:00"),
        ("к 18:00", "2026-11-20 18:00"),
    ]);
}

#[test]
fn what_cannot_be_is_said_plainly() {
    for (text, problem) in [
        ("", "no time is given"),
        (" . ", "no time is given"),
        ("soonish", "`soonish` in `soonish` is not understood"),
        ("when the cat is back", "`when` in"),
        ("today at 08:00", "Friday 2026-11-20 08:00 is in the past: it is Friday 2026-11-20 14:05 now"),
        ("today at 13:00", "is in the past: it is Friday 2026-11-20 14:05 now"),
        ("2026-11-19 10:00", "Thursday 2026-11-19 10:00 is in the past"),
        ("25.10.2026", "is in the past"),
        ("сегодня утром", "is in the past"),
        ("tomorrow at 25:00", "no time of day like 25:00"),
        ("tomorrow at 9:75", "no time of day like 9:75"),
        ("31 February", "there is no 31 February"),
        ("2026-13-01", "there is no month 13"),
        ("2027-02-29", "there is no 29 February 2027"),
        ("5/6 at 9", "may mean two days"),
        ("tomorrow on monday", "2026-11-21 is a Saturday, not a Monday"),
        ("tomorrow at 9 at 10", "names two times"),
        ("in 0 minutes", "at least a second away"),
        ("in 99999999999 hours", "`99999999999` in"),
        ("in 4000000000 hours", "too far away"),
        ("in 30000 years", "too far away"),
        ("every 10 seconds", "shortest repetition is every minute"),
        ("every 5 months", "every 1, 2, 3, 4 or 6 months"),
        ("every day at 9:00 and 18:30", "the same minute"),
        ("every hour at 9", "takes no time of day"),
        ("61 8 * * *", "`61` is no minute"),
        ("every", "`every` in `every`"),
        ("at", "no time is given"),
        ("in", "`in` in `in`"),
    ] {
        let error = parse(text, now()).map(|when| shown(&when.due)).unwrap_err().to_string();
        assert!(error.contains(problem), "{text:?}: {error}");
    }
}

#[test]
fn what_was_assumed_is_said() {
    for (text, note) in [
        ("at 9", "It is past 9:00 today, so tomorrow is meant."),
        ("tomorrow", "No time of day was given, so 9:00 is assumed."),
        ("weekly at 9", "No day was given, so Fridays are assumed."),
        ("every month on the 31st at 9", "Months without a day 31 are left out."),
    ] {
        let notes = parse(text, now()).unwrap().notes;
        assert_eq!(notes, [note], "{text:?}");
    }
    assert!(parse("tomorrow at 9", now()).unwrap().notes.is_empty());
    let later = parse_with_repeat("2026-12-01 09:00", "daily", now()).unwrap().notes;
    assert_eq!(later, ["A repetition cannot be told to begin later: it begins on Saturday 2026-11-21."]);
}

/// Sentences put together by chance may mean nothing, but they always get an answer.
#[test]
fn no_sentence_is_too_strange() {
    let words: Vec<_> = "in at every 9 30 4294967295 0 31.12 2.5 1/2 25:99 monday mondays and half a hour days week \
                         month year next this tonight без пять десятого через полчаса в раз каждый утром 31 числа \
                         february 9999-12-31 12:00 pm am once daily half past quarter to weekday years from now"
        .split_whitespace()
        .collect();
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    for _ in 0..20_000 {
        let sentence: Vec<_> = (0..1 + next(6)).map(|_| words[next(words.len())]).collect();
        let sentence = sentence.join(" ");
        if let Ok(when) = parse(&sentence, now()) {
            assert!(!matches!(when.due, Due::At(at) if at <= now()), "{sentence:?} lies in the past");
        }
    }
}

#[test]
fn a_deadline_is_one_point_in_time() {
    let check = |text: &str| parse_once(text, now()).map(|at| at.to_string());
    assert_eq!(check("in 2 hours").unwrap(), "2026-11-20T16:05:00");
    assert_eq!(check("tomorrow at 18").unwrap(), "2026-11-21T18:00:00");
    assert!(check("every day").unwrap_err().to_string().contains("is a repetition"));
}
