//! Tells the words that say when from the words that say what, which may stand on either side. The grammar is the
//! scheduler's own: words say when if it can read them.

use jiff::civil::DateTime;
use steward_when::WhenError;

use super::words::{Word, fits, words};

/// Words between the time and the task.
const JOINTS: &str = "to|that|about|of|что|чтобы|о|об|про";
/// No time takes more words.
const TIME_WORDS: usize = 14;
/// A time amid the words is looked for among so many of them.
const SEARCHED: usize = 200;
/// Which words say when does not depend on the moment.
const NOW: DateTime = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);

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
    let first = time_at(words);
    if first > 0 {
        let task = without_joint(&words[first..]);
        // A day in front and an hour behind are one time.
        if let Some(from) = time_behind(task)
            && says_when(&[&words[..first], &task[from..]].concat())
        {
            return plan(&task[..from], &[&words[..first], &task[from..]]);
        }
        return plan(task, &[&words[..first]]);
    }
    if let Some(from) = time_behind(words) {
        return plan(&words[..from], &[&words[from..]]);
    }
    let inside = (1..words.len().min(SEARCHED)).map(|at| (at, time_at(&words[at..]))).find(|(_, len)| *len > 0);
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

fn without_joint<'w, 'a>(words: &'w [Word<'a>]) -> &'w [Word<'a>] {
    joint(words).map_or(words, |len| &words[len..])
}

fn joint(words: &[Word<'_>]) -> Option<usize> {
    fits(words, JOINTS, |_, _| false)
}

/// The words as written, without the punctuation that closed the sentence.
fn join(words: &[Word<'_>]) -> String {
    let text = words.iter().map(|word| word.raw).collect::<Vec<_>>().join(" ");
    text.trim_matches(|c: char| c.is_whitespace() || ".,;:!?–—-".contains(c)).to_owned()
}

/// How many words at the beginning say when.
fn time_at(words: &[Word<'_>]) -> usize {
    let lengths = 1..=words.len().min(TIME_WORDS);
    lengths.rev().find(|len| says_when(&words[..*len])).unwrap_or(0)
}

/// Where the words at the end begin to say when.
fn time_behind(words: &[Word<'_>]) -> Option<usize> {
    (words.len().saturating_sub(TIME_WORDS).max(1)..words.len()).find(|from| says_when(&words[*from..]))
}

/// Numbers alone count things far more often than hours, and a joint belongs to neither side.
fn says_when(words: &[Word<'_>]) -> bool {
    let is_number = |word: &Word<'_>| steward_when::parse(&format!("in {} minutes", word.plain), NOW).is_ok();
    let mut ends = [words.first(), words.last()].into_iter().flatten();
    if ends.any(|word| joint(std::slice::from_ref(word)).is_some()) || words.iter().all(is_number) {
        return false;
    }
    match steward_when::parse(&join(words), NOW) {
        Ok(_) => true,
        // It has been understood, and the scheduler says why it cannot be.
        Err(error) => matches!(
            error,
            WhenError::Past { .. }
                | WhenError::TwoDays { .. }
                | WhenError::Weeks { .. }
                | WhenError::OtherDay { .. }
                | WhenError::Contradiction { .. }
                | WhenError::TooFar
        ),
    }
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
