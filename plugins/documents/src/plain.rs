//! Text files in whatever encoding: by their byte order mark, as UTF-8 where that is what they are, as UTF-16 where every
//! other byte says so, else by what the letters would have to be.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use steward_sdk::Failure;

use crate::document::Text;
use crate::outline::MOST;

/// The largest text file that is read, in bytes; in another encoding than UTF-8 it is twice that in memory.
const LIMIT: usize = 8 << 20;

/// How many bytes are enough to tell an encoding by.
const LOOKED_AT: usize = 256 << 10;

/// # Errors
/// It is too large, or no text in any encoding.
pub fn read(data: Vec<u8>) -> Result<Text, Failure> {
    if data.len() > LIMIT {
        let (size, most) = (data.len().div_ceil(1 << 20), LIMIT >> 20);
        return Err(Failure::invalid(format!(
            "is a text of {size} MB, and texts over {most} MB are not read: use search to find passages in it"
        )));
    }
    // UTF-16 first: letters beside zeros may pass for UTF-8.
    let mut text = match wide(&data) {
        Some(_) => decode(&data)?,
        None => String::from_utf8(data).or_else(|error| decode(error.as_bytes()))?,
    };
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    let cut = text.len() > MOST;
    text.truncate(text.floor_char_boundary(MOST));
    Ok(Text { text, cut })
}

fn decode(data: &[u8]) -> Result<String, Failure> {
    let encoding = encoding(data);
    let text = encoding.decode(data).0;
    // Every byte is a letter in some encoding, but a text has no use for control characters.
    let odd = text.chars().filter(|c| *c == '\u{fffd}' || (c.is_control() && !c.is_whitespace())).count();
    if odd * 50 > text.chars().count() {
        return Err(Failure::invalid("is not text in any encoding known here: only documents and text can be read"));
    }
    Ok(text.into_owned())
}

/// The encoding of a text that does not say it.
pub fn encoding(data: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(data) {
        return encoding;
    }
    if let Some(encoding) = wide(data) {
        return encoding;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&data[..data.len().min(LOOKED_AT)], data.len() <= LOOKED_AT);
    detector.guess(None, Utf8Detection::Allow)
}

/// UTF-16, with its mark or without: half of what Latin texts consist of are zeros, and all texts have spaces.
pub fn wide(data: &[u8]) -> Option<&'static Encoding> {
    match Encoding::for_bom(data) {
        Some((encoding, _)) if encoding != UTF_8 => return Some(encoding),
        Some(_) => return None,
        None => {}
    }
    let start = &data[..data.len().min(4096) & !1];
    let zeros = |at: usize| start.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let encoding = match even + odd {
        0 => return None,
        _ if even == 0 => UTF_16LE,
        _ if odd == 0 => UTF_16BE,
        _ => return None,
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(start)?;
    let plausible = |c: char| !c.is_control() || c.is_whitespace();
    (!text.is_empty() && text.chars().all(plausible)).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POEM: &str =
        "Мороз и солнце; день чудесный!\nЕщё ты дремлешь, друг прелестный —\nПора, красавица, проснись.\n";

    fn check(data: &[u8]) -> String {
        read(data.to_vec()).unwrap().text
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn russian_is_read_in_every_encoding_it_is_written_in() {
        assert_eq!(check(POEM.as_bytes()), POEM);
        assert_eq!(check(format!("\u{feff}{POEM}").as_bytes()), POEM);
        for (encoding, text) in [
            (encoding_rs::WINDOWS_1251, POEM),
            (encoding_rs::KOI8_R, &POEM.replace('—', "-")),
            (encoding_rs::IBM866, &POEM.replace('—', "-")),
        ] {
            assert_eq!(check(&encoding.encode(text).0), *text, "{}", encoding.name());
        }
        for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(check(&utf16(POEM, bytes)), POEM);
            assert_eq!(check(&utf16(&format!("\u{feff}{POEM}"), bytes)), POEM);
        }
    }

    #[test]
    fn western_texts_are_no_russian() {
        let text = "Le café était fermé, et la fenêtre aussi. Größe, Übung, naïve façade.";
        assert_eq!(check(&encoding_rs::WINDOWS_1252.encode(text).0), text);
        assert_eq!(check(b""), "");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let noise: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
        assert!(read(noise).unwrap_err().text().contains("not text in any encoding"));
        assert!(read(vec![b'a'; LIMIT + 1]).unwrap_err().text().contains("over 8 MB are not read"));
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let text = read("я".repeat(MOST / 2 + 5).into_bytes()).unwrap();
        assert!(text.cut && text.text.len() == MOST);
    }
}
