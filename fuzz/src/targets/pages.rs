//! Pages of the web: HTML to Markdown, character sets, and pages in parts.

use plugin_web::page::Page;
use steward_content::{charset, markdown, nesting, signature};
use steward_sdk::http::Response;
use url::Url;

use super::{Check, headed};

/// Parts of one page that are read.
const PARTS: usize = 50;

pub(super) fn prepare_html() -> anyhow::Result<Check> {
    let base = Url::parse("https://example.org/a/b")?;
    Ok(Box::new(move |input| {
        let html = String::from_utf8_lossy(input);
        nesting::exceeds(&html, 100);
        markdown::convert(&html, &base, false);
        markdown::convert(&html, &base, true);
        markdown::strip(&html);
        if let Some(title) = markdown::title(&html) {
            assert!(!title.contains('\n'), "a title of several lines");
        }
    }))
}

/// The first line is the content type.
pub(super) fn prepare_charsets() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let (content_type, body) = headed(input);
        charset::decode(body, Some(&content_type));
        charset::decode(body, None);
        charset::declared(body);
        signature::binary(body);
    }))
}

/// The first line is the content type. The parts of a page follow each other to its end.
pub(super) fn prepare() -> anyhow::Result<Check> {
    Ok(Box::new(|input| {
        let (content_type, body) = headed(input);
        let response = Response {
            status: 200,
            url: "https://example.org/page".to_owned(),
            headers: vec![("content-type".to_owned(), content_type)],
            body: body.to_vec(),
            cut: false,
        };
        let Ok(page) = Page::read(&response) else { return };
        let mut offset = 0;
        for _ in 0..PARTS {
            let Ok(part) = page.part(offset) else { return };
            let Some(next) = part.next else { return };
            assert!(next > offset && next < part.total, "part {offset} goes on at {next} of {}", part.total);
            offset = next;
        }
    }))
}
