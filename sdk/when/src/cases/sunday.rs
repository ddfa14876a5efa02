//! What people say on Sunday 29 November 2026 at 12:00: a Sunday, for the week has days ahead of it only in the next,
//! and the end of a month, for days that are counted.

use jiff::civil::DateTime;

use super::check_at;
use crate::parse;

fn sunday() -> DateTime {
    jiff::civil::date(2026, 11, 29).at(12, 0, 0, 0)
}

fn check(cases: &[(&str, &str)]) {
    check_at(sunday(), cases);
}

#[test]
fn a_day_of_each_month_is_no_count_of_months() {
    check(&[
        ("every 1st of the month at 9", "cron 0 9 1 * *"),
        ("every first of the month", "cron 0 9 1 * *"),
        ("every 2nd of the month", "cron 0 9 2 * *"),
        ("every second of the month", "cron 0 9 2 * *"),
        ("every 3rd of the month at 9", "cron 0 9 3 * *"),
        ("every third of the month", "cron 0 9 3 * *"),
        ("every 4th of the month at 10", "cron 0 10 4 * *"),
        ("every 5th of the month", "cron 0 9 5 * *"),
        ("every 12th of the month", "cron 0 9 12 * *"),
        ("every 15th of the month", "cron 0 9 15 * *"),
        ("every fifth of the month", "cron 0 9 5 * *"),
        ("each 5th of the month", "cron 0 9 5 * *"),
        ("каждого 3 числа месяца", "cron 0 9 3 * *"),
        ("каждое 5 число", "cron 0 9 5 * *"),
        ("каждое пятое число месяца в 10", "cron 0 10 5 * *"),
        ("every third month on the 1st", "cron 0 9 1 1-12/3 *"),
    ]);
}

#[test]
fn a_named_month_makes_it_yearly() {
    check(&[
        ("every 4th of July", "cron 0 9 4 7 *"),
        ("every 6th of December", "cron 0 9 6 12 *"),
        ("каждое шестое декабря", "cron 0 9 6 12 *"),
        ("every second Friday in December", "cron 0 9 * 12 5#2"),
        ("every last Friday of December", "cron 0 9 * 12 5L"),
        ("every first Monday of December at 10", "cron 0 10 * 12 1#1"),
    ]);
}

#[test]
fn weeks_from_now_are_whole_weeks() {
    check(&[
        ("через неделю в понедельник", "2026-12-07 09:00"),
        ("in a week on monday", "2026-12-07 09:00"),
        ("через две недели в понедельник", "2026-12-14 09:00"),
        ("in a week on saturday", "2026-12-05 09:00"),
        ("in a week on sunday", "2026-12-06 09:00"),
    ]);
}

#[test]
fn days_are_counted() {
    check(&[
        ("every 3 days at 9", "cron 0 9 * * * every 3 days from 2026-11-30"),
        ("every 3 days at 13", "cron 0 13 * * * every 3 days from 2026-11-29"),
        ("every 7 days at 9", "cron 0 9 * * * every 7 days from 2026-11-30"),
        ("every 10 days at 9", "cron 0 9 * * * every 10 days from 2026-11-30"),
        ("every 30 days at 9", "cron 0 9 * * * every 30 days from 2026-11-30"),
        ("every other day at 9", "cron 0 9 * * * every 2 days from 2026-11-30"),
        ("каждые 2 дня в 9", "cron 0 9 * * * every 2 days from 2026-11-30"),
        ("раз в три дня в 9", "cron 0 9 * * * every 3 days from 2026-11-30"),
        ("every 3 days at 9 from Friday", "cron 0 9 * * * every 3 days from 2026-12-04"),
        ("every 3 days", "every 259200"),
        ("раз в три дня", "every 259200"),
        ("0 9 * * * every 3 days from 2026-11-30", "cron 0 9 * * * every 3 days from 2026-11-30"),
    ]);
}

#[test]
fn times_and_lengths() {
    check(&[
        ("через час с четвертью", "+4500"),
        ("in an hour and a quarter", "+4500"),
        ("in 1:30 hours", "+5400"),
        ("через 2 часа 15", "+8100"),
        ("tomorrow at 1430", "2026-11-30 14:30"),
        ("at 0930", "2026-11-30 09:30"),
        ("завтра в 0930", "2026-11-30 09:30"),
        ("завтра без двадцати девять", "2026-11-30 08:40"),
        ("завтра без двадцати пяти девять", "2026-11-30 08:35"),
        ("завтра без двадцати пяти минут девять", "2026-11-30 08:35"),
        ("завтра в час", "2026-11-30 13:00"),
        ("завтра в час ночи", "2026-11-30 01:00"),
        ("tonight at 3", "2026-11-30 03:00"),
        ("tomorrow night at 10", "2026-11-30 22:00"),
        ("friday at 13", "2026-12-04 13:00"),
        ("5 Dec 26 10:00", "2026-12-05 10:00"),
        ("2026-12-05 10:00 UTC", "2026-12-05T10:00:00Z"),
    ]);
    let one = parse("завтра в час", sunday()).unwrap().notes;
    assert_eq!(one, ["13:00 is assumed; for the night say \"at 1:00 am\"."]);
    let three = parse("tomorrow at 3", sunday()).unwrap().notes;
    assert_eq!(three, ["3:00 at night is assumed; for the afternoon add \"pm\"."]);
}

#[test]
fn repetitions_within_limits() {
    check(&[
        ("every day except sunday", "cron 0 9 * * 1,2,3,4,5,6"),
        ("каждый день кроме воскресенья", "cron 0 9 * * 1,2,3,4,5,6"),
        ("every weekday except friday at 8", "cron 0 8 * * 1,2,3,4"),
        ("every day except weekends at 8", "cron 0 8 * * 1-5"),
        ("every hour from 9 to 17", "cron 0 9-17 * * *"),
        ("every hour from 9 to 5", "cron 0 9-17 * * *"),
        ("every 2 hours from 9:15 to 17:15", "cron 15 9-17/2 * * *"),
        ("каждый час с 9 до 17", "cron 0 9-17 * * *"),
    ]);
}
