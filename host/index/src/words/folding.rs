//! Letters as they are compared: small, in one form of writing, without accents. Pure.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

/// The text in one form: what looks the same or is a variant of the same character is the same, and marks on
/// a letter that have no code point together with it, or are not seen at all, are left out.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    match composed.chars().any(is_left_out) {
        true => Cow::Owned(composed.chars().filter(|c| !is_left_out(*c)).collect()),
        false => composed,
    }
}

/// Adds a letter of such a text as it is compared.
pub(super) fn fold(c: char, into: &mut String) {
    if c.is_ascii() {
        return into.push(c.to_ascii_lowercase());
    }
    for small in c.to_lowercase().filter(|small| !is_left_out(*small)) {
        match small {
            'ё' | 'ѐ' => into.push('е'),
            'ѝ' => into.push('и'),
            'ß' => into.push_str("ss"),
            'æ' => into.push_str("ae"),
            'œ' => into.push_str("oe"),
            'ø' => into.push('o'),
            'ł' => into.push('l'),
            'đ' | 'ð' => into.push('d'),
            'þ' => into.push_str("th"),
            'ħ' => into.push('h'),
            'ı' => into.push('i'),
            'ς' => into.push('σ'),
            _ if has_accents(small) => unaccented(small, into),
            _ => into.push(small),
        }
    }
}

/// Whether it is of a script that stands without spaces between words, or joins to words what others write apart.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF // Thai, Lao, Myanmar, Khmer
        | 0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF // kana and marks of repetition
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF // Han
        | 0xAC00..=0xD7AF) // Hangul
}

/// Scripts in which a letter with a mark may be looked for without it.
fn has_accents(c: char) -> bool {
    // In Cyrillic й is not и.
    matches!(u32::from(c), 0x00C0..=0x03FF | 0x0590..=0x06FF | 0x1E00..=0x1FFF)
}

fn unaccented(c: char, into: &mut String) {
    let mut bytes = [0; 4];
    let parts = DecomposingNormalizerBorrowed::new_nfd().normalize(c.encode_utf8(&mut bytes));
    into.extend(parts.chars().filter(|part| !is_left_out(*part)));
}

/// Marks above and below letters, vowel points, and what only says where a line may break.
fn is_left_out(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x0300..=0x036F | 0x0591..=0x05C7 | 0x0610..=0x061A | 0x0640 | 0x064B..=0x065F | 0x0670
        | 0x200B..=0x200F | 0x2060 | 0xFEFF)
}
