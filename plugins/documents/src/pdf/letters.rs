//! Letters as they are written outside of fonts, and the strings a PDF holds beside its pages.

use std::borrow::Cow;

use encoding_rs::{UTF_16BE, WINDOWS_1252};

/// What a letter of a font is in a text; `None` if nothing can be told of it.
pub(super) fn readable(text: &str) -> Option<Cow<'_, str>> {
    let mut chars = text.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        let kept = |c: char| !c.is_control();
        return if text.chars().all(kept) { some(text) } else { Some(text.chars().filter(|c| kept(*c)).collect()) };
    };
    Some(Cow::Borrowed(match c {
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        // Bullets of the fonts Symbol and Wingdings.
        '\u{f0b7}' | '\u{f0a7}' | '\u{f076}' | '\u{f0d8}' => "•",
        '\u{fffd}' | '\0' | '\u{e000}'..='\u{f8ff}' => return None,
        '\t' | '\n' | '\r' | '\u{a0}' => " ",
        c if c.is_control() => "",
        _ => text,
    }))
}

fn some(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}

/// A text string (ISO 32000-2, 7.9.2.2): UTF-16, UTF-8 by its mark, or PDFDocEncoding, which is nearly windows-1252. UTF-8
/// without a mark is against the rules and common.
pub(super) fn string(bytes: &[u8]) -> String {
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => UTF_16BE.decode_without_bom_handling(rest).0,
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        },
    };
    text.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ligatures_are_letters() {
        for (text, wanted) in [
            ("\u{fb01}", Some("fi")),
            ("ffi", Some("ffi")),
            ("я", Some("я")),
            ("\u{f0b7}", Some("•")),
            ("\u{e123}", None),
            ("\0", None),
            ("\u{7}", Some("")),
        ] {
            assert_eq!(readable(text).as_deref(), wanted, "{text:?}");
        }
    }

    #[test]
    fn strings_are_in_one_of_three_encodings() {
        assert_eq!(string(b"\xfe\xff\x04\x14\x04\x30"), "Да");
        assert_eq!(string(b"\xef\xbb\xbfa"), "a");
        assert_eq!(string("Да".as_bytes()), "Да");
        assert_eq!(string(b"caf\xe9"), "café");
    }
}
