//! Boxes and ticks, as Markdown writes them: `[x]` and `[ ]`. Fonts of signs have them where other fonts have letters.

pub(super) const DONE: &str = "[x]";
pub(super) const OPEN: &str = "[ ]";
const TICK: &str = "✓";
const CROSS: &str = "✗";

/// A sign by its font and its code in hexadecimal digits, which may lie in the private area: `F0FE`.
pub(super) fn sign(font: &str, code: &str) -> Option<&'static str> {
    let code = u32::from_str_radix(code, 16).ok()?;
    of_font(font, code)
}

/// The bullet of a list.
pub(super) fn bullet(text: &str, font: &str) -> Option<&'static str> {
    let mut letters = text.trim().chars();
    let (letter, None) = (letters.next()?, letters.next()) else { return None };
    match letter {
        '☐' | '□' | '❏' | '❑' => Some(OPEN),
        '☑' | '☒' | '🗹' | '🗷' => Some(DONE),
        '✓' | '✔' => Some(TICK),
        letter => of_font(font, u32::from(letter)),
    }
}

fn of_font(font: &str, code: u32) -> Option<&'static str> {
    match (font.to_lowercase().as_str(), code & 0xff) {
        ("wingdings", 0xfe | 0xfd | 0x78) | ("wingdings 2", 0x51..=0x54) => Some(DONE),
        ("wingdings", 0x6f | 0x71 | 0x72 | 0xa8) | ("wingdings 2", 0x2a | 0xa3) => Some(OPEN),
        ("wingdings", 0xfc) | ("wingdings 2", 0x50) => Some(TICK),
        ("wingdings", 0xfb) | ("wingdings 2", 0x4f) => Some(CROSS),
        _ => None,
    }
}
