//! Finds the words that say when, before or after the words that say what. What they mean is for the scheduler to
//! decide.

use super::words::{Word, fits, words};

/// What sort of time a phrase names; a day and an hour may stand apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// So much later, or a moment on its own.
    Moment,
    Day,
    Hour,
}

const PHRASES: [(Kind, &str); 38] = [
    (Kind::Moment, "in #number|a|an #unit and? #number? #unit?"),
    (Kind::Moment, "in half a|an #unit"),
    (Kind::Moment, "in a couple|few of? #unit"),
    (Kind::Moment, "in an? hour and a half"),
    (Kind::Moment, "через #number? #unit и? #number? #unit?"),
    (Kind::Moment, "через пару|несколько|полтора|полторы|пол #unit"),
    (Kind::Moment, "через полчаса|полминуты|полгода"),
    (Kind::Day, "tomorrow|today morning|afternoon|evening|night?"),
    (Kind::Day, "the? day after tomorrow"),
    (Kind::Day, "завтра|послезавтра|сегодня утром|днем|вечером|ночью?"),
    (Kind::Day, "on|next|this #weekday morning|afternoon|evening?"),
    (Kind::Day, "#weekday morning|afternoon|evening?"),
    (Kind::Day, "next week|month"),
    (Kind::Day, "в|во следующ*|эту|этот|это? #weekday утром|днем|вечером?"),
    (Kind::Day, "на следующей неделе"),
    (Kind::Day, "on? #month #number"),
    (Kind::Day, "on? the? #number of? #month #year?"),
    (Kind::Day, "on|в? #date"),
    (Kind::Day, "every|each #number? #unit|#weekday|weekday|workday|morning|evening|night|weekend"),
    (Kind::Day, "every other|second day|week"),
    (Kind::Day, "daily|weekly|monthly|hourly"),
    (Kind::Day, "on weekdays|weekends"),
    (Kind::Day, "кажд* #number? будний|рабочий? #unit|#weekday|утро|вечер|ночь|будни|выходные"),
    (Kind::Day, "по #weekday|будням|выходным"),
    (Kind::Day, "по рабочим|будним дням"),
    (Kind::Day, "ежедневно|ежечасно|еженедельно|ежемесячно"),
    (Kind::Hour, "at #number|#clock am|pm|a.m|p.m|o'clock? in? the? morning|afternoon|evening?"),
    (Kind::Hour, "at? noon|midnight"),
    (Kind::Hour, "#clock am|pm?"),
    (Kind::Hour, "#number am|pm"),
    (Kind::Hour, "in the morning|afternoon|evening"),
    (Kind::Hour, "tonight at? #number|#clock?"),
    (Kind::Hour, "в|к #number|#clock час|часа|часов? утра|вечера|дня|ночи?"),
    (Kind::Hour, "в #number час|часа|часов #number минут|минуты"),
    (Kind::Hour, "в? полдень|полночь"),
    (Kind::Hour, "#clock утра|вечера|дня|ночи?"),
    (Kind::Hour, "#number утра|вечера|ночи"),
    (Kind::Hour, "утром|днем|вечером|ночью"),
];

/// Words between the time and the task.
const JOINTS: &str = "to|that|about|of|что|чтобы|о|об|про";

/// A task and when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) title: String,
    /// `None` where the words name no time.
    pub(super) time: Option<String>,
}

/// Tells the time from the task in `in one minute to buy milk` or `позвонить маме завтра в 9`.
pub(super) fn split(text: &str) -> Plan {
    let polite = |word: &Word<'_>| ["please", "пожалуйста"].contains(&word.plain.as_str());
    let words: Vec<Word<'_>> = words(text).into_iter().filter(|word| !polite(word)).collect();
    let words = without_joint(&words);
    let (first, kinds) = time_at(words);
    if first > 0 {
        let task = without_joint(&words[first..]);
        let (title, more) = match time_behind(task) {
            Some((from, later)) if apart(&kinds, &later) => (&task[..from], &task[from..]),
            _ => (task, &task[task.len()..]),
        };
        return plan(title, &[&words[..first], more]);
    }
    if let Some((from, _)) = time_behind(words) {
        return plan(&words[..from], &[&words[from..]]);
    }
    let inside = (1..words.len()).map(|at| (at, time_at(&words[at..]).0)).find(|(_, len)| *len > 0);
    match inside {
        Some((at, len)) => {
            let title = [&words[..at], without_joint(&words[at + len..])].concat();
            plan(&title, &[&words[at..at + len]])
        }
        None => Plan { title: join(words), time: None },
    }
}

fn plan(title: &[Word<'_>], time: &[&[Word<'_>]]) -> Plan {
    Plan { title: join(title), time: Some(join(&time.concat())) }
}

/// A day in front and an hour behind (or the other way round) are one time.
fn apart(one: &[Kind], other: &[Kind]) -> bool {
    let all = |kinds: &[Kind], kind| kinds.iter().all(|each| *each == kind);
    (all(one, Kind::Day) && all(other, Kind::Hour)) || (all(one, Kind::Hour) && all(other, Kind::Day))
}

fn without_joint<'w, 'a>(words: &'w [Word<'a>]) -> &'w [Word<'a>] {
    fits(words, JOINTS, class).map_or(words, |len| &words[len..])
}

/// The words as written, without the punctuation that closed the sentence.
fn join(words: &[Word<'_>]) -> String {
    let text = words.iter().map(|word| word.raw).collect::<Vec<_>>().join(" ");
    text.trim_matches(|c: char| c.is_whitespace() || ".,;:!?–—-".contains(c)).to_owned()
}

/// How many words at the beginning say when, phrase after phrase.
fn time_at(words: &[Word<'_>]) -> (usize, Vec<Kind>) {
    let (mut at, mut kinds) = (0, Vec::new());
    while let Some((len, kind)) = phrase_at(&words[at..]) {
        at += len;
        kinds.push(kind);
    }
    (at, kinds)
}

fn phrase_at(words: &[Word<'_>]) -> Option<(usize, Kind)> {
    let found = PHRASES.iter().filter_map(|(kind, pattern)| Some((fits(words, pattern, class)?, *kind)));
    found.filter(|(len, _)| *len > 0).max_by_key(|(len, _)| *len)
}

/// Where the words at the end begin to say when.
fn time_behind(words: &[Word<'_>]) -> Option<(usize, Vec<Kind>)> {
    let candidates = (1..words.len()).map(|from| (from, time_at(&words[from..])));
    candidates.filter(|(from, (len, _))| *len == words.len() - from).map(|(from, (_, kinds))| (from, kinds)).next()
}

fn class(word: &str, name: &str) -> bool {
    match name {
        "#number" => is_number(word),
        "#unit" => UNITS.split(' ').any(|unit| unit == word),
        "#weekday" => WEEKDAYS.split(' ').any(|day| day == word),
        "#month" => MONTHS.split(' ').any(|month| month == word),
        "#clock" => is_clock(word),
        "#date" => is_date(word),
        "#year" => word.len() == 4 && word.starts_with("20") && digits(word, 4),
        _ => false,
    }
}

const UNITS: &str = "\
    second seconds sec secs minute minutes min mins hour hours h day days week weeks month months year years \
    секунду секунды секунд секундочку сек минуту минуты минут минутку минуточку мин час часа часов часик день \
    дня дней дни неделю недели недель месяц месяца месяцев год года лет полчаса";
const WEEKDAYS: &str = "\
    monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays \
    saturdays sundays понедельник вторник среду среда четверг пятницу пятница субботу суббота воскресенье \
    понедельникам вторникам средам четвергам пятницам субботам воскресеньям";
const MONTHS: &str = "\
    january february march april may june july august september october november december jan feb mar apr jun \
    jul aug sep sept oct nov dec января февраля марта апреля мая июня июля августа сентября октября ноября \
    декабря";
const NUMBERS: &str = "\
    one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty один \
    одну одного два две три четыре пять шесть семь восемь девять десять одиннадцать двенадцать пятнадцать \
    двадцать тридцать сорок пятьдесят";

fn is_number(word: &str) -> bool {
    let figure = word.trim_end_matches("st").trim_end_matches("nd").trim_end_matches("rd").trim_end_matches("th");
    (!figure.is_empty() && digits(figure, 4)) || NUMBERS.split(' ').any(|number| number == word)
}

fn digits(word: &str, most: usize) -> bool {
    word.len() <= most && word.chars().all(|c| c.is_ascii_digit())
}

/// `9:00`, `18.30`, `9am`, `9:30pm`.
fn is_clock(word: &str) -> bool {
    let bare = word.trim_end_matches("am").trim_end_matches("pm");
    match bare.split_once([':', '.']) {
        Some((hour, minute)) => !hour.is_empty() && digits(hour, 2) && minute.len() == 2 && digits(minute, 2),
        None => bare != word && !bare.is_empty() && digits(bare, 2),
    }
}

/// `2026-11-21`, `21.11`, `21.11.2026`, `21/11`.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['-', '.', '/']).collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty() && digits(part, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_may_stand_before_or_after_the_task() {
        let cases = [
            ("in one minute to buy milk", "in one minute", "buy milk"),
            ("to buy milk in one minute", "in one minute", "buy milk"),
            ("in an hour: tea!", "in an hour", "tea"),
            ("in half an hour to leave", "in half an hour", "leave"),
            ("tomorrow at 9 to call mum", "tomorrow at 9", "call mum"),
            ("tomorrow to call mum at 9am", "tomorrow at 9am", "call mum"),
            ("about the dentist on Friday at 10:30", "on Friday at 10:30", "the dentist"),
            ("every weekday at 8 to stand up", "every weekday at 8", "stand up"),
            ("to pay the rent on 1 December at 12:00", "on 1 December at 12:00", "pay the rent"),
            ("at 7 pm to call Bob", "at 7 pm", "call Bob"),
            ("2026-12-24 at 18:00 tree", "2026-12-24 at 18:00", "tree"),
            ("to buy 2 apples tonight", "tonight", "buy 2 apples"),
            ("завтра в 9 позвонить маме", "завтра в 9", "позвонить маме"),
            ("позвонить маме завтра в 9", "завтра в 9", "позвонить маме"),
            ("через минуту купить молоко", "через минуту", "купить молоко"),
            ("купить 2 литра молока через 5 минут", "через 5 минут", "купить 2 литра молока"),
            ("через полчаса, что пора идти", "через полчаса", "пора идти"),
            ("через 2 часа и 15 минут выключить духовку", "через 2 часа и 15 минут", "выключить духовку"),
            ("каждый будний день в 8 сделать зарядку", "каждый будний день в 8", "сделать зарядку"),
            ("по понедельникам в 10:00 про отчёт", "по понедельникам в 10:00", "отчёт"),
            ("в пятницу в 7 вечера про кино", "в пятницу в 7 вечера", "кино"),
            ("что завтра в 9 встреча", "завтра в 9", "встреча"),
            ("20 ноября в 10 поздравить Олега", "20 ноября в 10", "поздравить Олега"),
            ("завтра позвонить маме в 9", "завтра в 9", "позвонить маме"),
            ("купить завтра молоко", "завтра", "купить молоко"),
        ];
        for (text, time, title) in cases {
            let expected = Plan { title: title.into(), time: Some(time.into()) };
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn without_a_time_there_is_none() {
        for (text, title) in [("to buy milk", "buy milk"), ("купить 3 часовых батарейки", "купить 3 часовых батарейки")]
        {
            assert_eq!(split(text), Plan { title: title.into(), time: None }, "{text}");
        }
        assert_eq!(split("in five minutes"), Plan { title: String::new(), time: Some("in five minutes".into()) });
        assert_eq!(split(""), Plan { title: String::new(), time: None });
    }
}
