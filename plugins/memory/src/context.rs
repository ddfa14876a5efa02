//! What is read back at once: facts and the last days within a budget, so that a prompt never bursts. Pure text.

use steward_sdk::Failure;

/// The most characters `memory_read` gives.
pub const READ_LIMIT: usize = 60_000;

/// How many days' logs are looked at.
pub const DAYS: usize = 7;

const FACTS_BUDGET: usize = 12_000;
const TOTAL_BUDGET: usize = 24_000;

/// Below this a day's rest is not worth showing.
const WORTHWHILE: usize = 200;

/// Facts and days as far as they fit.
pub struct Context {
    facts: String,
    days: Vec<String>,
    left: usize,
}

impl Context {
    /// Begins with the text of MEMORY.md.
    pub fn new(facts: &str) -> Self {
        let facts = keep_end(facts.trim(), FACTS_BUDGET);
        let left = TOTAL_BUDGET.saturating_sub(facts.chars().count());
        Self { facts, days: Vec::new(), left }
    }

    /// Whether there is no room for another day.
    pub fn is_full(&self) -> bool {
        self.left < WORTHWHILE
    }

    /// Adds a day's log; days come newest first.
    pub fn add_day(&mut self, path: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() || self.is_full() {
            return;
        }
        let text = keep_end(text, self.left);
        self.left = self.left.saturating_sub(text.chars().count());
        self.days.push(format!("## {path}\n\n{text}"));
    }

    /// The whole, the days in the order they happened.
    pub fn into_text(self) -> String {
        if self.facts.is_empty() && self.days.is_empty() {
            return "Nothing is remembered yet.".to_owned();
        }
        let facts = if self.facts.is_empty() { "(empty)".to_owned() } else { self.facts };
        let mut text = format!("## MEMORY.md\n\n{facts}");
        for day in self.days.iter().rev() {
            text.push_str("\n\n");
            text.push_str(day);
        }
        text
    }
}

/// The last `limit` characters from a line's start on: what was written last is the most recent.
fn keep_end(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let from = at_char(text, total - limit);
    let from = text[from..].find('\n').map_or(from, |newline| from + newline + 1);
    format!("[… the earlier part is left out …]\n{}", &text[from..])
}

/// The beginning and the end, when the whole has more than `limit` characters.
pub fn shorten_middle(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let head = limit / 3;
    let tail = limit - head;
    let (head_end, tail_start) = (at_char(text, head), at_char(text, total - tail));
    let left_out = total - limit;
    format!("{}\n[… {left_out} characters are left out here …]\n{}", &text[..head_end], &text[tail_start..])
}

/// The lines from the first to the last, counted from 1.
///
/// # Errors
/// There are no such lines.
pub fn lines(path: &str, text: &str, (first, last): (usize, usize)) -> Result<String, Failure> {
    let total = text.lines().count();
    if !(1..=total).contains(&first) || last < first {
        return Err(Failure::invalid(format!("{path} has {total} lines and no lines {first}-{last}: ask for others")));
    }
    let picked: Vec<_> = text.lines().skip(first - 1).take((last - first).saturating_add(1)).collect();
    Ok(picked.join("\n"))
}

/// The first characters, with a mark where something is missing.
pub fn beginning(text: &str, limit: usize) -> String {
    match at_char(text, limit) {
        end if end < text.len() => format!("{}…", &text[..end]),
        _ => text.to_owned(),
    }
}

/// The byte at which the character of that number begins.
fn at_char(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_first_and_days_in_order() {
        let mut context = Context::new("- Flat 42.\n");
        context.add_day("memory/2026-11-20.md", "# 2026-11-20\n\n- 14:05 b");
        context.add_day("memory/2026-11-19.md", "# 2026-11-19\n\n- 09:00 a");
        context.add_day("memory/2026-11-18.md", "  ");
        let text = context.into_text();
        let expected = "## MEMORY.md\n\n- Flat 42.\n\n## memory/2026-11-19.md\n\n# 2026-11-19\n\n- 09:00 a\n\n\
                        ## memory/2026-11-20.md\n\n# 2026-11-20\n\n- 14:05 b";
        assert_eq!(text, expected);
        assert_eq!(Context::new("").into_text(), "Nothing is remembered yet.");
    }

    #[test]
    fn the_newest_is_kept_when_it_does_not_fit() {
        let facts: String = (0..5_000).map(|n| format!("- факт {n}\n")).collect();
        let mut context = Context::new(&facts);
        context.add_day("memory/2026-11-20.md", &"- 10:00 x\n".repeat(5_000));
        assert!(context.is_full());
        context.add_day("memory/2026-11-19.md", "- 10:00 old");
        let text = context.into_text();
        assert!(text.chars().count() < TOTAL_BUDGET + 300);
        assert!(text.contains("- факт 4999\n") && !text.contains("- факт 0\n") && !text.contains("old"));
    }

    #[test]
    fn lines_are_counted_from_one() {
        let picked = |lines| super::lines("MEMORY.md", "a\nb\nc\n", lines);
        assert_eq!(picked((1, 1)).unwrap(), "a");
        assert_eq!(picked((2, usize::MAX)).unwrap(), "b\nc");
        for lines in [(0, 1), (4, 4), (3, 2)] {
            assert!(matches!(picked(lines), Err(Failure::Invalid(text)) if text.contains("has 3 lines")));
        }
    }

    #[test]
    fn a_long_file_keeps_both_ends() {
        let text = format!("начало{}конец", "·".repeat(100));
        let short = shorten_middle(&text, 30);
        assert!(short.starts_with("начало") && short.ends_with("конец") && short.contains("81 characters"));
        assert_eq!(shorten_middle("short", 30), "short");
        assert_eq!((beginning("начало", 3), beginning("нач", 3)), ("нач…".to_owned(), "нач".to_owned()));
    }
}
