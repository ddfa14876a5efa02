//! Text that is not Markdown on its way through Markdown: it arrives as it was written. Only what would mean something
//! gets a backslash, so that most texts stay as they are.

/// The text as Markdown that shows just this text.
pub fn literal(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

fn line(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    // Plain spaces at the beginning would be dropped, or make a block of code.
    let mut shown = "\u{a0}".repeat(line.len() - text.len());
    let number = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    for (place, c) in text.char_indices() {
        let next = text[place + c.len_utf8()..].chars().next();
        let begins_block = match c {
            '#' | '+' | '-' | '=' | '>' => place == 0,
            '.' | ')' => number > 0 && place == number,
            _ => false,
        };
        let is_sign = match c {
            '`' | '*' | '_' | '[' | '~' | '|' => true,
            '\\' => next.is_none_or(|next| next.is_ascii_punctuation()),
            '<' => next.is_some_and(|next| !next.is_whitespace()),
            '&' => next.is_some_and(|next| next == '#' || next.is_ascii_alphanumeric()),
            _ => begins_block,
        };
        if is_sign {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::telegram::plain_text;

    fn shown(text: &str) -> String {
        plain_text(&format!("⏰ {}", literal(text)))
    }

    #[test]
    fn it_is_shown_as_it_was_written() {
        for text in [
            "fix __init__.py",
            "buy 2*3*4 planks",
            r"C:\new\_tmp",
            r"C:\dir\",
            "write to <name@host> & <b>Ann</b> &amp; a_b_c",
            "[x](https://x.example) `code` ~~no~~ https://a.example/b_c_d?e=*f*&copy=1",
            "a\n- b\n1. c\n2) d\n# e\n> f\n+ g\n===\n---\n***\n```\n| h | i |\n|---|---|\n| j | k |",
            "a <!-- b --> ![c](d) [^1] $x$ 5 < 6 > 4 a|b \\",
        ] {
            assert_eq!(shown(text), format!("⏰ {text}"));
        }
        assert_eq!(shown("a\n    b"), "⏰ a\n\u{a0}\u{a0}\u{a0}\u{a0}b");
    }

    #[test]
    fn what_means_nothing_stays_as_it_is() {
        for text in ["buy milk", "call Ann at 5 p.m. - or later!", r"see C:\new (2.5 + 3 = 5.5)", "молоко & хлеб"]
        {
            assert_eq!(literal(text), text);
        }
    }

    proptest! {
        #[test]
        fn any_signs_arrive(text in r"[!-~]([ -~]{0,40}[!-~])?(\n[!-~]([ -~]{0,20}[!-~])?){0,3}") {
            prop_assert_eq!(shown(&text), format!("⏰ {text}"));
        }
    }
}
