//! Text of strangers, shown so that nothing in it can hide: what is not seen or changes how the rest is seen is written
//! as an escape. It does not judge what the text says.

/// Whether a character is not seen, looks like a space without being one, or changes how others are seen.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text on one line of at most `most` characters of it, with an escape such as `\u{202e}` for each hidden one. A
/// text that is cut ends with `…`.
pub fn visible(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for c in text.chars().take(most) {
        if is_hidden(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// The same of several lines, whole: for texts of ours that quote somebody else's.
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| visible(line, usize::MAX)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_hide_or_turn_it_around() {
        assert_eq!(visible("Читает файлы.", 80), "Читает файлы.");
        assert_eq!(visible("a\u{202e}b\u{200b}\x1b[2J\n", 80), "a\\u{202e}b\\u{200b}\\u{1b}[2J\\u{a}");
        assert_eq!(visible("abcdef", 3), "abc…");
        assert_eq!(visible("abc", 3), "abc");
        assert_eq!(visible_lines("a\n\tb\r\n"), "a\n\\u{9}b\\u{d}\n");
    }
}
