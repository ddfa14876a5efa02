//! What is asked back, on Friday 20 November 2026 at 14:05 and on Sunday 29 November 2026 at 12:00.

use jiff::civil::DateTime;

use super::{now, shown};
use crate::parse;

fn sunday() -> DateTime {
    jiff::civil::date(2026, 11, 29).at(12, 0, 0, 0)
}

fn check_questions(now: DateTime, cases: &[(&str, &str)]) {
    let answer = |text| parse(text, now).map_or_else(|error| format!("error: {error}"), |when| shown(&when.due));
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, problem)| (text, problem, answer(text)))
        .filter(|(_, problem, answer)| !answer.starts_with("error: ") || !answer.contains(*problem))
        .map(|(text, problem, answer)| format!("{text:?}: {answer}, without {problem}"))
        .collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Each of these means two things, or something that cannot be kept: the person is asked.
#[test]
fn what_is_not_certain_is_a_question() {
    check_questions(
        now(),
        &[
            ("5-6 December", "is a span"),
            ("December 5-6", "is a span"),
            ("5–6 декабря в 10", "is a span"),
            ("25.12-27.12", "is a span"),
            ("tomorrow 14-16", "is a span"),
            ("tomorrow 2-4pm", "is a span"),
            ("tomorrow 14:00-16:00", "is a span"),
            ("tomorrow 14:00 - 16:00", "is a span"),
            ("tomorrow 2pm-4pm", "is a span"),
            ("tomorrow from 2 to 4", "is a span"),
            ("завтра с 9 до 18", "is a span"),
            ("каждый день с 9 до 18", "is a span"),
            ("завтра 14-16", "is a span"),
            ("через два-три часа", "is a span"),
            ("in 2-3 hours", "is a span"),
            ("in two-three hours", "is a span"),
            ("in 25-30 minutes", "is a span"),
            ("morning-evening", "is a span"),
            ("in -5 minutes", "minus sign"),
            ("-5 minutes", "minus sign"),
            ("через -5 минут", "minus sign"),
            ("in −5 minutes", "minus sign"),
            ("tomorrow at -3", "minus sign"),
            ("every -2 hours", "minus sign"),
            ("5 minutes ago", "`ago`"),
            ("5 минут назад", "`назад`"),
            ("Friday, December 5 at 3 PM", "2026-12-05 is a Saturday, not a Friday"),
            ("в среду, 26 ноября", "2026-11-26 is a Thursday, not a Wednesday"),
            ("every day until Friday", "cannot be told when to end"),
            ("каждый день до пятницы", "cannot be told when to end"),
            ("every third Friday", "every three weeks or once a month"),
            ("tomorrow at 9 / 10", "`/`"),
            ("tomorrow ~9", "`~`"),
            ("in 5* minutes", "`*`"),
            ("tomorrow at 9 ± 5", "`±`"),
            ("tomorrow at 14:30+03:00", "`+`"),
            ("every day at 14:00+03:00", "`+`"),
            ("in two weeks on Monday", "may mean 2026-11-30 or 2026-12-07"),
            ("через неделю в понедельник", "may mean 2026-11-23 or 2026-11-30"),
            ("через две недели в понедельник в 10", "may mean 2026-11-30 or 2026-12-07"),
            ("через день", "may be once"),
            ("in 5% minutes", "`%`"),
            ("<tomorrow>", "`<`"),
            ("tomorrow = 9", "`=`"),
            ("tomorrow at 9 or 10", "`or`"),
            ("not tomorrow", "`not`"),
            ("in 1,000 minutes", "in 1,000 minutes"),
            ("last Monday", "of which month"),
            ("2026-11-25T14:30Z at 9", "names two times"),
            ("31.11", "there is no 31 November"),
            ("0 9 * * 1#6", "is no day of the week"),
        ],
    );
}

#[test]
fn contradictions_and_double_meanings_are_questions() {
    check_questions(
        sunday(),
        &[
            ("tomorrow at 15am", "15:00 is not in the morning"),
            ("tomorrow at 0pm", "0:00 is not in the afternoon"),
            ("tomorrow evening at 8am", "8:00 is not in the evening"),
            ("tomorrow morning at 9pm", "21:00 is not in the morning"),
            ("tomorrow evening at 08:00", "8:00 is not in the evening"),
            ("завтра вечером в 10 утра", "10:00 is not in the evening"),
            ("every morning at 9pm", "21:00 is not in the morning"),
            ("friday 13", "say `at 13:00`"),
            ("через день в 9", "may be once"),
            ("в ночь на вторник", "begins on Monday"),
            ("tomorrow night at 2", "belongs to two days"),
            ("завтра ночью в 2", "belongs to two days"),
            ("tomorrow at midnight", "belongs to two days"),
            ("через неделю в среду", "may mean 2026-12-02 or 2026-12-09"),
            ("in 2 hours from Friday", "counted from now"),
            ("every Friday in December", "`december`"),
            ("every last Friday of next month", "leave it out"),
            ("every hour from 17 to 9", "from an earlier to a later one"),
            ("every 15 minutes from 9 to 17", "is a span"),
            ("every monday except monday", "not understood"),
            ("год с четвертью", "`четвертью`"),
        ],
    );
}

#[test]
fn errors_say_what_to_do() {
    check_questions(
        sunday(),
        &[
            ("yesterday at 9", "`yesterday` in `yesterday at 9` is in the past, and times must lie ahead"),
            ("5 minutes ago", "times must lie ahead"),
            ("вчера в 9", "times must lie ahead"),
            ("03/04/2027", "`03/04/2027` may mean two days: write 2027-04-03 or 2027-03-04"),
            ("5/6 at 9", "`5/6` may mean two days: write 5 June or 6 May"),
            ("30 February", "there is no 30 February"),
            ("tomorrow at 18 UTC+3", "`2026-12-24T18:00+03:00`"),
            ("2026-12-05 10:00 UTC+3", "`2026-12-24T18:00+03:00`"),
            ("tomorrow at 18 Berlin time", "`2026-12-24T18:00+03:00`"),
            ("завтра в 18 по Москве", "`2026-12-24T18:00+03:00`"),
            ("завтра в 18 мск", "`2026-12-24T18:00+03:00`"),
        ],
    );
}
