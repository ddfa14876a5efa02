//! HTML, as pages are saved and notes exported: its text as Markdown.

use std::borrow::Cow;

use encoding_rs::UTF_8;
use steward_content::{charset, markdown};
use steward_sdk::Failure;
use url::Url;

use crate::document::{Text, Titled};
use crate::outline::MOST;
use crate::plain;

/// The most HTML that is read, in bytes, without the pictures that were packed into it: its tree takes ten times that.
pub const LIMIT: usize = 3 << 20;

/// # Errors
/// There is too much of it.
pub fn read(data: &[u8]) -> Result<Titled, Failure> {
    let html = text(data);
    let html = without_packed(&html);
    if html.len() > LIMIT {
        return Err(Failure::invalid(format!(
            "is HTML of {} MB, and no more than {} MB are read: ask for it as PDF or as text",
            html.len().div_ceil(1 << 20),
            LIMIT >> 20
        )));
    }
    Ok((markdown::title(&html), convert(&html, true)))
}

/// The text of a page in the encoding it says or seems to have.
pub fn text(data: &[u8]) -> Cow<'_, str> {
    let told = || charset::declared(data).filter(|told| *told != UTF_8);
    match std::str::from_utf8(data) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => told().unwrap_or_else(|| plain::encoding(data)).decode(data).0,
    }
}

/// Markdown of a page; one that is nested too deeply loses its markup.
pub fn convert(html: &str, whole_page: bool) -> Text {
    let nowhere = Url::parse("about:blank").ok();
    let text = nowhere.and_then(|base| markdown::convert(html, &base, whole_page));
    let mut text = text.unwrap_or_else(|| markdown::strip(html));
    let cut = text.len() > MOST;
    text.truncate(text.floor_char_boundary(MOST));
    Text { text, cut }
}

/// Pictures and fonts may be written into a page itself, megabytes of them.
pub fn without_packed(html: &str) -> Cow<'_, str> {
    const MARK: &str = ";base64,";
    if !html.contains(MARK) {
        return Cow::Borrowed(html);
    }
    let mut pieces = html.split(MARK);
    let mut slim = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        slim.push_str(MARK);
        slim.push_str(piece.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "+/=\r\n".contains(c)));
    }
    Cow::Owned(slim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &[u8]) -> (Option<String>, String) {
        let (title, text) = read(data).unwrap();
        (title, text.text)
    }

    #[test]
    fn a_page_is_read_in_its_encoding() {
        let page = "<html><head><title>Часы работы</title></head><body><nav>меню</nav><h2>Будни</h2><ul><li>с девяти\
                    <li>до пяти</ul><table><tr><th>день<th>час<tr><td>пн<td>9</table></body></html>";
        let told = page.replace("<head>", "<head><meta charset=windows-1251>");
        for data in [
            page.as_bytes().to_vec(),
            encoding_rs::WINDOWS_1251.encode(page).0.into_owned(),
            encoding_rs::WINDOWS_1251.encode(&told).0.into_owned(),
        ] {
            let (title, text) = check(&data);
            assert_eq!(title.as_deref(), Some("Часы работы"));
            assert!(text.starts_with("## Будни\n\n- с девяти\n- до пяти") && !text.contains("меню"), "{text}");
            assert!(text.contains("| пн   | 9   |"), "{text}");
        }
    }

    #[test]
    fn packed_pictures_do_not_count() {
        let page = format!("<p>a<img src='data:image/png;base64,{}'>b<p>c", "QUJD\n".repeat(1 << 20));
        assert_eq!(check(page.as_bytes()).1, "ab\n\nc");
        assert!(read("<p>x".repeat(1 << 20).as_bytes()).unwrap_err().text().contains("no more than 3 MB"));
    }

    #[test]
    fn a_bottomless_page_is_read_as_text() {
        assert_eq!(check(format!("{}deep", "<div>".repeat(100_000)).as_bytes()).1, "deep\n");
    }
}
