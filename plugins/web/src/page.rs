//! A page as it is handed over: in parts, with what it is on top. That strangers wrote it is told by the host, which
//! knows where the answer came from.

use steward_content::charset;
use steward_sdk::Failure;
use steward_sdk::http::Response;
use url::Url;

use crate::article::{self, Article};
use crate::content::{Content, classify};
use crate::refresh;

/// The most characters of one part.
const PART: usize = 40_000;

/// A part ends at the end of a line if there is one among its last characters, so many.
const TAIL: usize = 2_000;

/// A page with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub url: String,
    pub title: Option<String>,
    author: Option<String>,
    published: Option<String>,
    text: String,
    /// It was too large to be read to its end.
    cut: bool,
}

/// Where a page of HTML sends its reader at once.
pub fn sent_on(response: &Response) -> Option<Url> {
    let content_type = response.header("content-type");
    if classify(content_type, &response.body) != Content::Html {
        return None;
    }
    let base = Url::parse(&response.url).ok()?;
    refresh::target(&charset::decode(&response.body, content_type), &base)
}

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    /// Characters of the whole page.
    pub total: usize,
    /// Where the next part begins.
    pub next: Option<usize>,
}

impl Page {
    /// Reads what came back; what is no text is refused by name.
    pub fn read(response: &Response) -> Result<Self, Failure> {
        let content_type = response.header("content-type");
        let url = &response.url;
        let article = match classify(content_type, &response.body) {
            Content::Unsupported(what) => {
                return Err(Failure::failed(format!("{url} is {what}, which cannot be read as text")));
            }
            Content::Text => Article { markdown: charset::decode(&response.body, content_type), ..Article::default() },
            Content::Html => {
                let base = Url::parse(url).map_err(|error| Failure::failed(format!("{url}: {error}")))?;
                article::read(&charset::decode(&response.body, content_type), &base)
            }
        };
        let Article { title, author, published, markdown } = article;
        Ok(Self { url: url.clone(), title, author, published, text: markdown, cut: response.cut })
    }

    /// The part that begins at a character.
    pub fn part(&self, offset: usize) -> Result<Part, Failure> {
        let total = self.text.chars().count();
        if offset > 0 && offset >= total {
            return Err(Failure::invalid(format!("`offset` is {offset}, but the page has {total} characters")));
        }
        let rest = &self.text[at_char(&self.text, offset)..];
        let part = first_part(rest);
        let end = offset + part.chars().count();
        let next = (end < total).then_some(end);
        Ok(Part { text: self.wrap(part, offset, total, next), total, next })
    }

    fn wrap(&self, part: &str, offset: usize, total: usize, next: Option<usize>) -> String {
        let mut text = String::new();
        let facts = [("Title", &self.title), ("Author", &self.author), ("Published", &self.published)];
        for (name, fact) in facts {
            if let Some(fact) = fact {
                text.push_str(&format!("{name}: {fact}\n"));
            }
        }
        text.push_str(&format!("URL: {}\n\n", self.url));
        if part.trim().is_empty() {
            text.push_str("The page has no text; it may be made by scripts, which are not run here.");
            return text;
        }
        text.push_str(part.trim_matches('\n'));
        if let Some(next) = next {
            text.push_str(&format!("\n[characters {offset} to {next} of {total}; go on with offset {next}]"));
        } else if self.cut {
            text.push_str("\n[the page is larger than what is read of it: its end is missing]");
        }
        text
    }
}

fn first_part(text: &str) -> &str {
    let end = at_char(text, PART);
    if end == text.len() {
        return text;
    }
    let tail = at_char(text, PART - TAIL);
    let end = text[tail..end].rfind('\n').map_or(end, |at| tail + at + 1);
    &text[..end]
}

/// The byte at which the character of that number begins.
fn at_char(text: &str, number: usize) -> usize {
    text.char_indices().nth(number).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(content_type: &str, body: &[u8]) -> Result<Page, Failure> {
        Page::read(&Response {
            status: 200,
            url: "https://a.org/x".to_owned(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.to_vec(),
            cut: false,
        })
    }

    #[test]
    fn a_page_says_what_it_is_first() {
        let page =
            page("text/html; charset=windows-1251", b"<title>\xcf\xf0\xe8\xe2\xe5\xf2</title><p>Buy now!").unwrap();
        assert_eq!(page.part(0).unwrap().text, "Title: Привет\nURL: https://a.org/x\n\nBuy now!");
    }

    #[test]
    fn text_stays_as_it_is_and_files_are_named() {
        assert!(page("application/json", b"{\"a\": 1}").unwrap().part(0).unwrap().text.contains("\n{\"a\": 1}"));
        let failure = page("application/pdf", b"%PDF-").unwrap_err();
        assert!(failure.text().contains("https://a.org/x is a PDF document"));
        assert!(page("text/html", b"<script>x</script>").unwrap().part(0).unwrap().text.contains("has no text"));
    }

    #[test]
    fn a_long_page_comes_in_parts_that_fit_together() {
        let lines: String = (0..9_000).map(|n| format!("строка номер {n}\n")).collect();
        let page = page("text/plain; charset=utf-8", lines.as_bytes()).unwrap();
        let (mut offset, mut parts, mut joined) = (Some(0), 0, String::new());
        while let Some(at) = offset {
            let part = page.part(at).unwrap();
            let (_, inner) = part.text.split_once("\n\n").unwrap();
            let inner = inner.split("\n[characters ").next().unwrap();
            joined.push_str(inner);
            joined.push('\n');
            (offset, parts) = (part.next, parts + 1);
        }
        assert_eq!((parts, joined.as_str()), (5, lines.as_str()));
        assert!(matches!(page.part(10_000_000), Err(Failure::Invalid(text)) if text.contains("`offset`")));
    }
}
