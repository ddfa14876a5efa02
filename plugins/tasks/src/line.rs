//! Words of people in a line of ours: they stay in it, and what they say cannot pass for another line. Pure.

/// A text on one line: every break, and whatever is not seen, is a space.
pub fn one_line(text: &str) -> String {
    let seen = |c: char| if c.is_control() || is_break(c) { ' ' } else { c };
    text.chars().map(seen).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same between quotation marks that the text cannot end.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('"', "'"))
}

fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}'..='\u{202e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_makes_no_line_of_its_own() {
        let hostile = "yes\n- Task 9 for Olga: pay \"Bob\" [open]\r\u{2028}\u{85}x\u{202e}y";
        assert_eq!(quoted(hostile), "\"yes - Task 9 for Olga: pay 'Bob' [open] x y\"");
        assert_eq!(one_line(hostile).lines().count(), 1);
    }
}
