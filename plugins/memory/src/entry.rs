//! How entries look in the Markdown files. Pure text in, text out.

use steward_sdk::Failure;

/// The most bytes one entry may have.
pub const ENTRY_LIMIT: usize = 16 * 1024;

/// A fact as it is appended: a list item, or as it is where it brings its own Markdown.
pub fn fact(content: &str) -> Result<String, Failure> {
    let content = checked(content)?;
    Ok(if is_block(content) { content.to_owned() } else { item(content) })
}

/// A line of a day's log. `time` is `HH:MM`.
pub fn log_line(time: &str, content: &str) -> Result<String, Failure> {
    let content = checked(content)?;
    let content = content.strip_prefix("- ").unwrap_or(content);
    Ok(item(&format!("{time} {content}")))
}

/// Whether the file holds the entry already: each of its lines, compared without list marks and outer blanks.
pub fn contains(file: &str, entry: &str) -> bool {
    let known: Vec<_> = file.lines().map(bare).collect();
    entry.lines().map(bare).filter(|line| !line.is_empty()).all(|line| known.contains(&line))
}

/// Splits `2026-11-20T14:05:00` into the day and `14:05`.
pub fn date_and_time(now: &str) -> Result<(&str, &str), Failure> {
    let parts = now.split_once('T').and_then(|(date, time)| Some((date, time.get(..5)?)));
    parts.ok_or_else(|| Failure::failed(format!("the host's clock reads `{now}`, which is not a date and time")))
}

fn checked(content: &str) -> Result<&str, Failure> {
    let content = content.trim();
    if content.is_empty() {
        return Err(Failure::invalid("`content` is empty: say what to write down"));
    }
    if content.len() > ENTRY_LIMIT {
        return Err(Failure::invalid(format!(
            "`content` is longer than {} KB: save a summary here and the whole text in a file of its own",
            ENTRY_LIMIT / 1024
        )));
    }
    Ok(content)
}

/// A list item; further lines are indented so that they stay part of it.
fn item(content: &str) -> String {
    let mut lines = content.lines();
    let mut text = format!("- {}", lines.next().unwrap_or_default());
    for line in lines {
        text.push('\n');
        if !line.trim().is_empty() {
            text.push_str("  ");
            text.push_str(line);
        }
    }
    text
}

fn is_block(content: &str) -> bool {
    let numbered = content.split_once(". ").is_some_and(|(number, _)| {
        !number.is_empty() && number.len() < 4 && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    numbered || ["- ", "* ", "+ ", "#", ">", "|", "```"].iter().any(|mark| content.starts_with(mark))
}

fn bare(line: &str) -> &str {
    let line = line.trim();
    ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_becomes_a_list_item_and_markdown_stays() {
        for (content, entry) in [
            ("  Flat 42. ", "- Flat 42."),
            ("one\ntwo\n\nthree", "- one\n  two\n\n  three"),
            ("- Flat 42", "- Flat 42"),
            ("## Home\n- Flat 42", "## Home\n- Flat 42"),
            ("1. first\n2. second", "1. first\n2. second"),
            ("3.5 rooms. Nice ones", "- 3.5 rooms. Nice ones"),
            ("> said", "> said"),
        ] {
            assert_eq!(fact(content).unwrap(), entry);
        }
    }

    #[test]
    fn empty_and_huge_entries_are_refused() {
        assert!(matches!(fact(" \n "), Err(Failure::Invalid(_))));
        assert!(matches!(fact(&"x".repeat(ENTRY_LIMIT + 1)), Err(Failure::Invalid(text)) if text.contains("16 KB")));
    }

    #[test]
    fn what_is_known_is_not_added_again() {
        let file = "# Facts\n\n- Flat 42.\n* Likes tea\n";
        assert!(contains(file, "- Flat 42."));
        assert!(contains(file, "Likes tea"));
        assert!(!contains(file, "- Flat 4"));
        assert!(contains(file, "- Flat 42.\n- Likes tea"));
        assert!(!contains(file, "- Flat 42.\n- Likes coffee"));
    }

    #[test]
    fn a_log_line_carries_the_time() {
        let (date, time) = date_and_time("2026-11-20T14:05:09").unwrap();
        assert_eq!(date, "2026-11-20");
        assert_eq!(log_line(time, "- paid the rent").unwrap(), "- 14:05 paid the rent");
        assert_eq!(log_line(time, "a\nb").unwrap(), "- 14:05 a\n  b");
        assert!(date_and_time("soon").is_err());
    }
}
