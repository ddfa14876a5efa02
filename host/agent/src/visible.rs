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

/// A text as a terminal may have it, whole: its lines and tabs stay, what steers a terminal or turns the direction of
/// what follows is left out. For answers, which are read as they are; names are shown by [`visible`].
pub fn for_terminal(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || turns(*c))).collect()
}

/// JSON in which nothing is hidden, and which means the same. Outside of its strings there is nothing to hide.
pub fn visible_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hidden(c) && c != '\n' {
            let mut units = [0; 2];
            shown.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            shown.push(c);
        }
    }
    shown
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

    #[test]
    fn nothing_in_an_answer_steers_a_terminal() {
        assert_eq!(for_terminal("a\tb\r\n\x1b]0;x\x07\u{9b}2Jc\u{202e}d 👩\u{200d}🔧"), "a\tb\n]0;x2Jcd 👩\u{200d}🔧");
        let json = "{\"a\":\"\u{9b}2J\u{e0041}é\"}";
        let shown = visible_json(json);
        assert_eq!(shown, "{\"a\":\"\\u009b2J\\udb40\\udc41é\"}");
    }
}
