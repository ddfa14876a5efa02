//! Markdown lightly styled for a terminal, a line at a time, so that an answer can be shown while it grows. What
//! comes from outside never reaches the terminal with control characters in it.

pub(super) use steward_agent::for_terminal as clean;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const ITALIC: &str = "\x1b[3m";
const CYAN: &str = "\x1b[36m";

/// A line in the background, such as one about a tool call.
pub(super) fn dim(text: &str, color: bool) -> String {
    if color { format!("{DIM}{}{RESET}", clean(text)) } else { clean(text) }
}

/// What is open at this place of the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Styler {
    color: bool,
    fence: bool,
    heading: bool,
    bold: bool,
    italic: bool,
    code: bool,
}

impl Styler {
    pub(super) fn new(color: bool) -> Self {
        Self { color, ..Self::default() }
    }

    /// Inside a code block, whose lines are not wrapped.
    pub(super) fn in_code(&self) -> bool {
        self.fence
    }

    /// The next piece of a line. `start` and `end` say whether it begins and ends the line.
    pub(super) fn piece(&mut self, source: &str, start: bool, end: bool) -> String {
        let source = clean(source);
        if !self.color {
            let fence = start && is_fence(&source);
            self.fence ^= fence;
            return if fence || self.fence { source } else { self.bare(&source, end) };
        }
        if start && is_fence(&source) {
            self.fence = !self.fence;
            return dim(&source, true);
        }
        if self.fence {
            return format!("{CYAN}{source}{RESET}");
        }
        let shown = self.inline(&source, start);
        if end {
            *self = Self { color: self.color, fence: self.fence, ..Self::default() };
        }
        shown
    }

    fn inline(&mut self, source: &str, start: bool) -> String {
        let mut shown = String::new();
        let mut rest = source;
        if start {
            rest = self.line_start(source, &mut shown);
        }
        shown.push_str(&self.codes());
        let mut before = ' ';
        while let Some(c) = rest.chars().next() {
            if let Some(sign) = escaped(rest).filter(|_| !self.code) {
                shown.push(sign);
                before = sign;
                rest = &rest[2..];
                continue;
            }
            let length = self.mark(rest, before);
            if length > 0 {
                shown.push_str(&self.codes());
            } else {
                shown.push(c);
            }
            let (eaten, left) = rest.split_at(length.max(c.len_utf8()));
            before = eaten.chars().next_back().unwrap_or(' ');
            rest = left;
        }
        shown.push_str(RESET);
        shown
    }

    /// Markdown without colour stays as it is, save that a sign to be shown as it is comes without its backslash.
    fn bare(&mut self, source: &str, end: bool) -> String {
        let mut shown = String::with_capacity(source.len());
        let mut rest = source;
        while let Some(c) = rest.chars().next() {
            let sign = escaped(rest).filter(|_| !self.code);
            self.code ^= c == '`';
            shown.push(sign.unwrap_or(c));
            rest = &rest[if sign.is_some() { 2 } else { c.len_utf8() }..];
        }
        self.code &= !end;
        shown
    }

    /// Takes a heading's signs and a list's bullet from the beginning of the line.
    fn line_start<'a>(&mut self, source: &'a str, shown: &mut String) -> &'a str {
        let text = source.trim_start();
        let indent = &source[..source.len() - text.len()];
        let level = text.len() - text.trim_start_matches('#').len();
        if (1..=6).contains(&level) && text[level..].starts_with(' ') {
            self.heading = true;
            return text[level..].trim_start();
        }
        shown.push_str(indent);
        match text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")).or_else(|| text.strip_prefix("+ ")) {
            Some(item) => {
                shown.push_str("• ");
                item
            }
            None => text,
        }
    }

    /// Turns a style on or off if `rest` begins with its sign; returns the sign's length.
    fn mark(&mut self, rest: &str, before: char) -> usize {
        if rest.starts_with('`') {
            self.code = !self.code;
            return 1;
        }
        let (sign, open) = match rest.as_bytes() {
            _ if self.code => return 0,
            [b'*', b'*', ..] => ("**", self.bold),
            [b'*', ..] => ("*", self.italic),
            _ => return 0,
        };
        let after = rest[sign.len()..].chars().next().unwrap_or(' ');
        if open && before.is_whitespace() || !open && after.is_whitespace() {
            return 0;
        }
        match sign {
            "**" => self.bold = !open,
            _ => self.italic = !open,
        }
        sign.len()
    }

    fn codes(&self) -> String {
        let mut codes = RESET.to_owned();
        for (on, code) in [(self.bold || self.heading, BOLD), (self.italic, ITALIC), (self.code, CYAN)] {
            if on {
                codes.push_str(code);
            }
        }
        codes
    }
}

/// The sign behind a backslash at the beginning.
fn escaped(text: &str) -> Option<char> {
    text.strip_prefix('\\')?.chars().next().filter(char::is_ascii_punctuation)
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
}

/// Where a line too wide for `width` columns is broken: behind its last space, or anywhere if it has none. `None` if
/// it fits.
pub(super) fn break_at(line: &str, width: usize) -> Option<usize> {
    if line.width() <= width {
        return None;
    }
    let mut columns = 0;
    let mut end = 0;
    for (place, c) in line.char_indices() {
        columns += c.width().unwrap_or(0);
        if columns > width {
            break;
        }
        end = place + c.len_utf8();
    }
    if end == 0 {
        end = line.chars().next().map_or(line.len(), char::len_utf8);
    }
    let indent = line.len() - line.trim_start().len();
    let space = line[..end].rfind(' ').map(|place| place + 1);
    space.filter(|place| *place > indent).or(Some(end)).filter(|place| *place < line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styled(line: &str) -> String {
        Styler::new(true).piece(line, true, true).replace("\x1b[", "<").replace('m', ">")
    }

    #[test]
    fn signs_become_styles() {
        assert_eq!(styled("a **b** `c*d`"), "<0>a <0><1>b<0> <0><36>c*d<0><0>");
        assert_eq!(styled("# Top"), "<0><1>Top<0>");
        assert_eq!(styled("  - x"), "  • <0>x<0>");
        assert_eq!(styled("2 * 3 * 4"), "<0>2 * 3 * 4<0>");
    }

    #[test]
    fn a_style_goes_on_in_the_next_piece_and_ends_with_the_line() {
        let mut styler = Styler::new(true);
        styler.piece("**one ", true, false);
        assert!(styler.piece("two** x", false, true).starts_with("\x1b[0m\x1b[1mtwo"));
        styler.piece("**open", true, true);
        assert_eq!(styler, Styler::new(true));
    }

    #[test]
    fn an_escaped_sign_is_shown_as_it_is() {
        assert_eq!(styled(r"2\*3\*4 \_x\_ C:\\new `\*`"), r"<0>2*3*4 _x_ C:\new <0><36>\*<0><0>");
        let bare = |line: &str| Styler::new(false).piece(line, true, true);
        assert_eq!(
            bare(r"fix \_\_init\_\_.py, C:\\new\\\_tmp, `\*`, C:\dir"),
            r"fix __init__.py, C:\new\_tmp, `\*`, C:\dir"
        );
    }

    #[test]
    fn code_blocks_are_left_alone() {
        let mut styler = Styler::new(true);
        styler.piece("```rust", true, true);
        assert!(styler.in_code());
        assert_eq!(styler.piece("a **b**", true, true), "\x1b[36ma **b**\x1b[0m");
        styler.piece("```", true, true);
        assert!(!styler.in_code());
    }

    #[test]
    fn nothing_from_outside_steers_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\u{7}\u{9b}c\r\n\u{202e}d"), "a[2Jbc\nd");
        assert_eq!(Styler::new(false).piece("**a** \x1b", true, true), "**a** ");
    }

    #[test]
    fn long_lines_break_behind_a_space() {
        assert_eq!(break_at("one two", 7), None);
        assert_eq!(break_at("one two three", 9), Some(8));
        assert_eq!(break_at("abcdef", 3), Some(3));
        assert_eq!(break_at("  abcdef", 4), Some(4));
        assert_eq!(break_at("日本語", 3), Some(3));
    }
}
