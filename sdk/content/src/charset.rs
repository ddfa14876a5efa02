//! Bytes to text: by the byte order mark, the server's word, or what the page says of itself, in this order.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far a page is searched for its own word on its encoding (HTML, 13.2.3.2: 1024 bytes; some come later).
const SEARCHED: usize = 4096;

/// The text of a body.
pub fn decode(body: &[u8], content_type: Option<&str>) -> String {
    let told = content_type.and_then(label).and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = told.or_else(|| declared(body)).unwrap_or_else(|| guess(body));
    // A byte order mark overrules all of them.
    encoding.decode(body).0.into_owned()
}

/// What a page says of its encoding itself: in a `meta` element or an XML declaration.
pub fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&body[..body.len().min(SEARCHED)]);
    let lower = start.to_ascii_lowercase();
    let mut rest = 0;
    while let Some(at) = lower[rest..].find("<meta").map(|at| rest + at) {
        let end = lower[at..].find('>').map_or(lower.len(), |end| at + end);
        if let Some(encoding) = label(&start[at..end]).and_then(|label| Encoding::for_label(label.as_bytes())) {
            return Some(encoding);
        }
        rest = end;
    }
    xml(&start)
}

/// The value of `charset=` in a header or a `meta` element.
fn label(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let after = lower.find("charset")? + "charset".len();
    let value = text.get(after..)?.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || "\"';/>?".contains(c)).unwrap_or(value.len());
    Some(&value[..end]).filter(|label| !label.is_empty())
}

/// `<?xml version="1.0" encoding="windows-1251"?>`
fn xml(start: &str) -> Option<&'static Encoding> {
    let declaration = start.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split("encoding=").nth(1)?.trim_start_matches(['"', '\'']);
    Encoding::for_label(value.split(['"', '\'']).next()?.as_bytes())
}

/// UTF-8 where it is valid, else what browsers take for the western world.
fn guess(body: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(body) {
        Ok(_) => UTF_8,
        // A body that was cut may end in the middle of a character.
        Err(error) if error.error_len().is_none() && !body[..error.valid_up_to()].is_ascii() => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = b"\xcf\xf0\xe8\xe2\xe5\xf2";

    fn page(head: &str) -> Vec<u8> {
        [head.as_bytes(), HELLO].concat()
    }

    #[test]
    fn the_header_tells() {
        assert_eq!(decode(HELLO, Some("text/html; charset=windows-1251")), "Привет");
        assert_eq!(decode(HELLO, Some("text/html; Charset=\"CP1251\"")), "Привет");
        assert_eq!(decode("Привет".as_bytes(), Some("text/html; charset=utf-8")), "Привет");
        assert_eq!(decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("text/plain; charset=koi8-r")), "Привет");
    }

    #[test]
    fn the_page_tells() {
        for head in [
            "<meta charset=\"windows-1251\">",
            "<html><META content='text/html; charset=windows-1251' http-equiv=Content-Type>",
            "<meta name=a><meta charset=cp1251 />",
            "<?xml version=\"1.0\" encoding=\"windows-1251\"?>",
        ] {
            assert!(decode(&page(head), None).ends_with("Привет"), "{head}");
        }
    }

    #[test]
    fn nobody_tells() {
        assert_eq!(decode("Привет".as_bytes(), None), "Привет");
        assert_eq!(decode(&"Привет".as_bytes()[..11], None), "Приве\u{fffd}");
        assert_eq!(decode(b"caf\xe9", Some("text/html")), "café");
        assert_eq!(decode(b"\xef\xbb\xbfabc", Some("text/html; charset=windows-1251")), "abc");
        assert_eq!(decode(b"\xff\xfea\0", None), "a");
        assert_eq!(decode(HELLO, Some("text/html; charset=nonsense")), decode(HELLO, None));
    }
}
