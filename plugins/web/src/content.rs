//! What kind of thing an answer is: by the server's word, and by its first bytes where the server says nothing useful.

/// What is done with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Html,
    /// Shown as it is.
    Text,
    /// Named and refused: "a PDF document".
    Unsupported(String),
}

/// Decides from the `content-type` header, in any case and with parameters, and the beginning of the body.
pub fn classify(content_type: Option<&str>, body: &[u8]) -> Content {
    let mime = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    match mime.as_str() {
        "text/html" | "application/xhtml+xml" => Content::Html,
        "" | "application/octet-stream" | "application/unknown" | "unknown/unknown" => sniff(body, begins_as_html),
        "text/plain" => sniff(body, is_whole_page),
        "application/pdf" => Content::Unsupported("a PDF document".to_owned()),
        "application/zip" => Content::Unsupported("a ZIP archive".to_owned()),
        _ if mime.starts_with("text/") || is_textual(&mime) => Content::Text,
        _ => match mime.split_once('/') {
            Some(("image", kind)) => Content::Unsupported(format!("an image ({kind})")),
            Some(("audio", kind)) => Content::Unsupported(format!("a recording ({kind})")),
            Some(("video", kind)) => Content::Unsupported(format!("a video ({kind})")),
            _ => Content::Unsupported(format!("a binary file ({mime})")),
        },
    }
}

fn is_textual(mime: &str) -> bool {
    const TYPES: &[&str] =
        &["application/json", "application/javascript", "application/xml", "application/yaml", "application/toml"];
    TYPES.contains(&mime)
        || ["+json", "+xml", "+yaml"].iter().any(|ending| mime.ends_with(ending))
        || mime.ends_with("/x-yaml")
}

fn sniff(body: &[u8], is_html: fn(&str) -> bool) -> Content {
    if body.starts_with(b"%PDF-") {
        return Content::Unsupported("a PDF document".to_owned());
    }
    let start = &body[..body.len().min(1024)];
    if start.contains(&0) {
        return Content::Unsupported("a binary file".to_owned());
    }
    let start = String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    if is_html(&start) { Content::Html } else { Content::Text }
}

fn is_whole_page(start: &str) -> bool {
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// Elements that begin pages of servers that say nothing of a type (WHATWG, MIME sniffing, 7.1), and a few more.
const FIRST: &[&str] = &[
    "html", "head", "script", "iframe", "h1", "h2", "h3", "div", "font", "table", "a", "style", "title", "b", "body",
    "br", "p", "meta", "link", "ul", "ol", "section", "article", "main", "header", "nav", "form", "center", "span",
    "img",
];

/// What stands before the first element (comments, a declaration of XML) does not count.
fn begins_as_html(start: &str) -> bool {
    let mut rest = start;
    loop {
        rest = rest.trim_start();
        let end = match () {
            () if rest.starts_with("<!--") => "-->",
            () if rest.starts_with("<?xml") => "?>",
            () => break,
        };
        let Some((_, after)) = rest.split_once(end) else { return end == "-->" };
        rest = after;
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    let name = tag.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
    is_whole_page(rest) || (FIRST.contains(&name) && tag.len() > name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_word_counts_where_it_says_something() {
        for (content_type, body, content) in [
            (Some("text/html; charset=utf-8"), "hello", Content::Html),
            (Some("TEXT/HTML"), "", Content::Html),
            (Some("application/json"), "{}", Content::Text),
            (Some("application/ld+json; x"), "{}", Content::Text),
            (Some("text/markdown"), "# a", Content::Text),
            (Some("text/plain"), "plain", Content::Text),
            (None, "  <!DOCTYPE html><p>", Content::Html),
            (None, "just text", Content::Text),
            (None, "<!-- made by hand -->\n<H1>Hi</H1>", Content::Html),
            (None, "<?xml version=\"1.0\"?><html>", Content::Html),
            (None, "<?xml version=\"1.0\"?><rss>", Content::Text),
            (None, "<div class=x>hello", Content::Html),
            (Some("application/octet-stream"), "<p>hello</p>", Content::Html),
            (None, "<stdio.h> is a header", Content::Text),
            (None, "<b", Content::Text),
            (Some("text/plain"), "<p>an example", Content::Text),
            (Some("application/octet-stream"), "%PDF-1.7", Content::Unsupported("a PDF document".to_owned())),
            (Some("application/pdf"), "", Content::Unsupported("a PDF document".to_owned())),
            (Some("image/png"), "", Content::Unsupported("an image (png)".to_owned())),
            (None, "a\0b", Content::Unsupported("a binary file".to_owned())),
        ] {
            assert_eq!(classify(content_type, body.as_bytes()), content, "{content_type:?} {body:?}");
        }
    }
}
