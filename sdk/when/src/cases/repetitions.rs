//! What sentences about repetitions mean, on Friday 20 November 2026 at 14:05.

use super::{check, now, shown};
use crate::parse_with_repeat;

#[test]
fn english_repetitions() {
    check(&[
        ("every weekday at 8", "cron 0 8 * * 1-5"),
        ("on weekdays at 8:30", "cron 30 8 * * 1-5"),
        ("every day at 9:30", "cron 30 9 * * *"),
        ("daily at 9", "cron 0 9 * * *"),
        ("every day", "cron 0 9 * * *"),
        ("every morning", "cron 0 9 * * *"),
        ("every morning at 7", "cron 0 7 * * *"),
        ("every evening at 8", "cron 0 20 * * *"),
        ("every day at 9 and 21", "cron 0 9,21 * * *"),
        ("every monday and thursday at 10", "cron 0 10 * * 1,4"),
        ("every mon, wed, fri at 7am", "cron 0 7 * * 1,3,5"),
        ("mondays at 10", "cron 0 10 * * 1"),
        ("every sunday", "cron 0 9 * * 0"),
        ("on weekends at 11", "cron 0 11 * * 0,6"),
        ("every weekend at 11", "cron 0 11 * * 0,6"),
        ("every 30 minutes", "every 1800"),
        ("every minute", "every 60"),
        ("every hour", "every 3600"),
        ("hourly", "every 3600"),
        ("every half hour", "every 1800"),
        ("every half an hour", "every 1800"),
        ("every 2 hours", "every 7200"),
        ("every second day", "every 172800"),
        ("every other week", "every 1209600"),
        ("every other day", "every 172800"),
        ("every 2 weeks", "every 1209600"),
        ("every 3 days at 9", "cron 0 9 * * * every 3 days from 2026-11-21"),
        ("every week on monday at 10", "cron 0 10 * * 1"),
        ("weekly", "cron 0 9 * * 5"),
        ("once a week", "cron 0 9 * * 5"),
        ("once a day at 8", "cron 0 8 * * *"),
        ("every month on the 1st at 9", "cron 0 9 1 * *"),
        ("monthly on the 15th at 10:30", "cron 30 10 15 * *"),
        ("every 1st at 9", "cron 0 9 1 * *"),
        ("every month", "cron 0 9 20 * *"),
        ("every 3 months on the 1st", "cron 0 9 1 1-12/3 *"),
        ("every year on Nov 25 at 10", "cron 0 10 25 11 *"),
        ("every november 25 at 10", "cron 0 10 25 11 *"),
        ("yearly on March 8th", "cron 0 9 8 3 *"),
        ("0 8 * * 1-5", "cron 0 8 * * 1-5"),
        ("*/15 9-18 * * mon-fri", "cron */15 9-18 * * mon-fri"),
    ]);
}

#[test]
fn russian_repetitions() {
    check(&[
        ("каждый будний день в 8", "cron 0 8 * * 1-5"),
        ("каждый рабочий день в 8", "cron 0 8 * * 1-5"),
        ("по будням в 8:30", "cron 30 8 * * 1-5"),
        ("по рабочим дням в 9", "cron 0 9 * * 1-5"),
        ("каждый день в 9:30", "cron 30 9 * * *"),
        ("ежедневно", "cron 0 9 * * *"),
        ("ежедневно в 21:00", "cron 0 21 * * *"),
        ("каждое утро", "cron 0 9 * * *"),
        ("каждое утро в 7", "cron 0 7 * * *"),
        ("каждый вечер в 8", "cron 0 20 * * *"),
        ("по утрам", "cron 0 9 * * *"),
        ("каждый день в 9 утра и в 9 вечера", "cron 0 9,21 * * *"),
        ("по понедельникам и четвергам в 10", "cron 0 10 * * 1,4"),
        ("каждый понедельник в 10", "cron 0 10 * * 1"),
        ("каждую пятницу в 18:00", "cron 0 18 * * 5"),
        ("каждый понедельник, среду и пятницу в 7", "cron 0 7 * * 1,3,5"),
        ("по пн, ср, пт в 7", "cron 0 7 * * 1,3,5"),
        ("по выходным в 11", "cron 0 11 * * 0,6"),
        ("каждые выходные в 11", "cron 0 11 * * 0,6"),
        ("каждую ночь", "cron 0 22 * * *"),
        ("каждые 30 минут", "every 1800"),
        ("каждые полчаса", "every 1800"),
        ("каждые полтора часа", "every 5400"),
        ("каждый час", "every 3600"),
        ("каждую минуту", "every 60"),
        ("каждые 2 часа", "every 7200"),
        ("раз в неделю", "cron 0 9 * * 5"),
        ("раз в день в 8", "cron 0 8 * * *"),
        ("раз в 2 часа", "every 7200"),
        ("каждые два дня", "every 172800"),
        ("каждую неделю в среду в 12", "cron 0 12 * * 3"),
        ("каждый месяц 1 числа в 9", "cron 0 9 1 * *"),
        ("каждое 1 число в 9", "cron 0 9 1 * *"),
        ("каждое первое число", "cron 0 9 1 * *"),
        ("ежемесячно 15-го в 10:30", "cron 30 10 15 * *"),
        ("каждый год 25 ноября в 10", "cron 0 10 25 11 *"),
        ("ежегодно 8 марта", "cron 0 9 8 3 *"),
        ("еженедельно", "cron 0 9 * * 5"),
        ("еженедельно по средам в 12", "cron 0 12 * * 3"),
    ]);
}

#[test]
fn a_repetition_may_be_given_apart() {
    let cases = [
        ("9:30", "daily", "cron 30 9 * * *"),
        ("tomorrow at 9", "daily", "cron 0 9 * * *"),
        ("at 9", "каждый день", "cron 0 9 * * *"),
        ("Friday at 10", "weekly", "cron 0 10 * * 5"),
        ("2026-11-25 14:30", "weekly", "cron 30 14 * * 3"),
        ("2026-11-25 14:30", "monthly", "cron 30 14 25 * *"),
        ("2026-11-25 14:30", "yearly", "cron 30 14 25 11 *"),
        ("8:00", "weekdays", "cron 0 8 * * 1-5"),
        ("8:00", "every weekday", "cron 0 8 * * 1-5"),
        ("8:00", "по будням", "cron 0 8 * * 1-5"),
        ("every day at 9", "daily", "cron 0 9 * * *"),
        ("tomorrow at 9", "0 9 * * 1-5", "cron 0 9 * * 1-5"),
        ("", "every 30 minutes", "every 1800"),
        ("in an hour", "daily", "cron 5 15 * * *"),
        ("today at 08:00", "daily", "cron 0 8 * * *"),
        ("tomorrow at 9", "none", "2026-11-21 09:00"),
        ("завтра в 9", "нет", "2026-11-21 09:00"),
    ];
    for (time, repeat, expected) in cases {
        let when = parse_with_repeat(time, repeat, now());
        let got = when.map_or_else(|error| format!("error: {error}"), |when| shown(&when.due));
        assert_eq!(got, expected, "{time:?} {repeat:?}");
    }
    for (time, repeat, problem) in [
        ("every day at 9", "every monday", "leave one of them out"),
        ("at 9", "tomorrow", "`tomorrow` is no repetition"),
        ("at 9", "sometimes", "`sometimes` in `sometimes` is not understood"),
        ("at 9", "every 30 minutes", "takes no time of day"),
    ] {
        let error = parse_with_repeat(time, repeat, now()).unwrap_err().to_string();
        assert!(error.contains(problem), "{time:?} {repeat:?}: {error}");
    }
}
