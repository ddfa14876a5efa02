//! What somebody said, as it may stand in a transcript: still readable Markdown, but nothing in it can pass for a heading
//! or for somebody else's words, nor hide what follows. Pure.

use std::collections::HashMap;

/// A line of a text as Markdown takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Prose,
    /// Begins or ends a block of code, or is within one.
    Code,
    /// Would begin a block of code that never ends.
    Unended,
}

/// The text with a backslash before whatever would be structure, and one kind of line break.
pub(super) fn harmless(text: &str) -> String {
    let text = one_break(text);
    let lines: Vec<&str> = text.trim_matches('\n').lines().map(str::trim_end).collect();
    let kinds = kinds(&lines);
    let safe = lines.iter().zip(kinds).map(|(line, kind)| match kind {
        Line::Unended => escaped(line),
        Line::Code if is_structure(line) => escaped(line),
        Line::Prose if is_structure(line) || is_markup(line) => escaped(line),
        _ => (*line).to_owned(),
    });
    safe.collect::<Vec<_>>().join("\n")
}

/// Whether a text must begin on a separate line, for its first line is a list, a quote, a table or code.
pub(super) fn is_block(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.len() < text.len() && (digits.starts_with(". ") || digits.starts_with(") "));
    numbered || ["```", "~~~", "- ", "* ", "+ ", ">", "|"].iter().any(|mark| text.starts_with(mark))
}

/// Whatever some reader takes for the end of a line is one; what cannot be seen is gone.
fn one_break(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let shown = text.chars().filter_map(|c| match c {
        '\n' | '\t' => Some(c),
        '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        c => (!c.is_control()).then_some(c),
    });
    shown.collect()
}

/// Looks like a heading or like the beginning of what somebody said, also to a reader that knows no blocks of code.
fn is_structure(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || (line.starts_with("**") && line.contains(":**"))
}

/// Becomes something else than text: a heading by its underline, a rule, HTML, a line of the transcript's own.
fn is_markup(line: &str) -> bool {
    let line = line.trim_start();
    let underline = !line.is_empty() && ['-', '='].iter().any(|mark| line.chars().all(|c| c == *mark || c == ' '));
    let note = line.len() > 2 && line.starts_with('*') && line.ends_with('*') && !line.starts_with("**");
    underline || note || line.starts_with('<')
}

fn escaped(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}\\{}", &line[..indent], &line[indent..])
}

fn kinds(lines: &[&str]) -> Vec<Line> {
    let mut kinds = vec![Line::Prose; lines.len()];
    // The shortest fences that have no end; where a shorter one has none, a longer one has none either.
    let (mut at, mut unended) = (0, HashMap::new());
    while at < lines.len() {
        if let Some(fence) = Fence::begun(lines[at]) {
            let hopeless = unended.get(&fence.mark).is_some_and(|length| fence.length >= *length);
            let rest = if hopeless { &[] } else { &lines[at + 1..] };
            match rest.iter().position(|line| fence.is_ended(line)) {
                Some(length) => {
                    let end = at + 1 + length;
                    kinds[at..=end].fill(Line::Code);
                    at = end;
                }
                None => {
                    kinds[at] = Line::Unended;
                    if !hopeless {
                        unended.insert(fence.mark, fence.length);
                    }
                }
            }
        }
        at += 1;
    }
    kinds
}

/// What encloses a block of code.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn begun(line: &str) -> Option<Self> {
        let (mark, length, rest) = Self::split(line)?;
        let is_fence = length >= 3 && !(mark == '`' && rest.contains('`'));
        is_fence.then_some(Self { mark, length })
    }

    fn is_ended(&self, line: &str) -> bool {
        Self::split(line)
            .is_some_and(|(mark, length, rest)| mark == self.mark && length >= self.length && rest.trim().is_empty())
    }

    /// The mark, how often it stands there, and what follows.
    fn split(line: &str) -> Option<(char, usize, &str)> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
        // Four blanks make it a line of code by themselves.
        let indent = line.len() - text.len();
        let rest = text.trim_start_matches(mark);
        (indent < 4).then_some((mark, text.len() - rest.len(), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_cannot_be_forged() {
        for (text, safe) in [
            ("plain *words* and a # in them", "plain *words* and a # in them"),
            ("# heading", "\\# heading"),
            ("  ## 14:05\r\n**Olga:** yes", "  \\## 14:05\n\\**Olga:** yes"),
            ("a\u{2028}# b\u{b}# c\rd", "a\n\\# b\n\\# c\nd"),
            ("**bold** words", "**bold** words"),
            ("title\n====\n---", "title\n\\====\n\\---"),
            ("*Used: shell*\n*emphasis* here", "\\*Used: shell*\n*emphasis* here"),
            ("<!-- hide\nthe rest", "\\<!-- hide\nthe rest"),
            ("\n\none\n\ntwo\n\n", "one\n\ntwo"),
            ("a\0b\x1b[2Jc", "ab[2Jc"),
        ] {
            assert_eq!(harmless(text), safe, "{text:?}");
        }
    }

    #[test]
    fn code_stays_code_and_cannot_swallow_what_follows() {
        let code = "```sh\nls --all\n<x>\n---\n```\ndone";
        assert_eq!(harmless(code), code);
        assert_eq!(harmless("```\n# comment\n```"), "```\n\\# comment\n```");
        assert_eq!(harmless("```rust\nfn main"), "\\```rust\nfn main");
        assert_eq!(harmless("~~~\n```\n~~~"), "~~~\n```\n~~~");
        assert_eq!(harmless("````\n```\nx"), "\\````\n\\```\nx");
        let many = "```a\n".repeat(20_000);
        assert_eq!(harmless(&many).matches("\\```").count(), 20_000);
        assert_eq!(harmless("``` not `a fence`\nx"), "``` not `a fence`\nx");
    }

    #[test]
    fn a_list_begins_on_its_own_line() {
        for text in ["- a", "1. a", "12) a", "```\na\n```", "> a", "| a |"] {
            assert!(is_block(text), "{text}");
        }
        for text in ["a", "3.5 rooms", "*a*", "-5", ""] {
            assert!(!is_block(text), "{text}");
        }
    }
}
