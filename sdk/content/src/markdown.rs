//! HTML to Markdown: links made whole, pictures left to their descriptions, what is no text left out.

use std::rc::Rc;

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::options::{BulletListMarker, Options};
use htmd::{Element, HtmlToMarkdown, HtmlToMarkdownBuilder, Node};
use url::Url;

use crate::nesting;

/// Elements nested deeper than this are no page that somebody wrote. A guest has the stack for about twice as many.
const DEEPEST: usize = 128;

/// Elements that are no text.
const SKIPPED: &[&str] = &[
    "button", "canvas", "dialog", "embed", "head", "iframe", "input", "link", "meta", "noscript", "object", "script",
    "select", "style", "svg", "template", "textarea", "title",
];

/// What surrounds the text of a page that is no article.
const SURROUNDINGS: &[&str] = &["aside", "footer", "nav"];

/// The Markdown of a fragment or a page. With `whole_page`, menus and footers are left out. `None` if it is nested too
/// deeply.
pub fn convert(html: &str, base: &Url, whole_page: bool) -> Option<String> {
    if nesting::exceeds(html, DEEPEST) {
        return None;
    }
    let converter = converter(base.clone(), whole_page);
    let tree = converter.html_to_tree(html).ok()?;
    if is_too_deep(&tree) {
        return None;
    }
    Some(tidy(&converter.tree_to_markdown(&tree)))
}

/// The page with what it says to readers without scripts as a part of it.
pub fn without_scripts(html: &str) -> String {
    const NAME: &str = "noscript";
    // Byte for byte of the same length.
    let lower = html.to_ascii_lowercase();
    let (mut text, mut from) = (String::with_capacity(html.len()), 0);
    for (at, _) in lower.match_indices(NAME) {
        if lower[..at].ends_with('<') || lower[..at].ends_with("</") {
            text.push_str(&html[from..at]);
            text.push_str("div");
            from = at + NAME.len();
        }
    }
    text.push_str(&html[from..]);
    text
}

fn converter(base: Url, whole_page: bool) -> HtmlToMarkdown {
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    let mut skipped = SKIPPED.to_vec();
    if whole_page {
        skipped.extend(SURROUNDINGS);
    }
    HtmlToMarkdownBuilder::new()
        .options(options)
        .skip_tags(skipped)
        .add_handler(vec!["a"], move |handlers: &dyn Handlers, element: Element| link(handlers, &element, &base))
        .add_handler(vec!["img"], |_: &dyn Handlers, element: Element| picture(&element))
        .add_handler(vec!["tr"], |handlers: &dyn Handlers, element: Element| row(handlers, &element))
        .build()
}

fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

fn link(handlers: &dyn Handlers, element: &Element, base: &Url) -> Option<HandlerResult> {
    let content = handlers.walk_children(element.node).content;
    let text = content.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    let target = attribute(element, "href").filter(|href| !href.starts_with('#')).and_then(|href| base.join(href).ok());
    let is_page = |url: &Url| matches!(url.scheme(), "http" | "https" | "mailto" | "tel");
    let shown = match target.filter(is_page) {
        Some(url) => format!("[{text}]({})", url.as_str().replace('(', "%28").replace(')', "%29")),
        None => text,
    };
    Some(shown.into())
}

/// A model cannot look at a picture here, but it can read what it shows.
fn picture(element: &Element) -> Option<HandlerResult> {
    let description = attribute(element, "alt").map(str::trim).filter(|text| text.chars().count() > 2)?;
    Some(format!("(picture: {description})").into())
}

/// A row of a table without headers, which may as well be there for the looks: cells of one line each are a row.
fn row(handlers: &dyn Handlers, element: &Element) -> Option<HandlerResult> {
    let cells = element.node.children.borrow().iter().filter_map(|cell| handlers.handle(cell)).collect::<Vec<_>>();
    let cells: Vec<_> = cells.iter().map(|cell| cell.content.trim()).filter(|cell| !cell.is_empty()).collect();
    Some(if cells.iter().any(|cell| cell.contains('\n')) {
        format!("\n\n{}\n\n", cells.join("\n\n")).into()
    } else {
        format!("{}\n", cells.join(" | ")).into()
    })
}

/// Looks without recursion, which is what a tree too deep would break.
fn is_too_deep(tree: &Rc<Node>) -> bool {
    let mut waiting = vec![(Rc::clone(tree), 0)];
    while let Some((node, depth)) = waiting.pop() {
        if depth > DEEPEST {
            return true;
        }
        waiting.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
    }
    false
}

/// Without blanks at line ends and with at most one empty line in a row.
fn tidy(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut empty = 0;
    for line in markdown.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(line.is_empty() && text.is_empty()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// The text between the tags, when the elements are of no use.
pub fn strip(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        let shown = piece.split_once('>').map_or("", |(_, after)| after);
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            text.push_str(&words);
            text.push('\n');
        }
    }
    text
}

/// What stands in the page's `title` element.
pub fn title(html: &str) -> Option<String> {
    // Byte for byte of the same length as the page, unlike other ways to lower the case.
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let base = Url::parse("about:blank").ok()?;
    let text = convert(&format!("<p>{}</p>", &html[start..end]), &base, false)?;
    Some(one_line(&text)).filter(|text| !text.is_empty())
}

/// Without line breaks and doubled blanks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, whole_page: bool) -> String {
        let base = Url::parse("https://a.org/news/today.html").unwrap();
        convert(html, &base, whole_page).unwrap()
    }

    #[test]
    fn links_are_whole_and_pictures_are_described() {
        assert_eq!(
            check("<p>See <a href='../x?a=1#b'>the\n page</a>.</p>", false),
            "See [the page](https://a.org/x?a=1#b)."
        );
        assert_eq!(check("<a href='#top'>Top</a> <a href='javascript:x()'>Do</a>", false), "Top Do");
        assert_eq!(check("<a href='/x'><img src=a alt=''></a>text", false), "text");
        assert_eq!(check("<img src=a alt='A red fox'>", false), "(picture: A red fox)");
    }

    #[test]
    fn structure_is_kept() {
        let html = "<h2>Title</h2><ul><li>one</li><li>two</li></ul><pre><code>a &lt; b</code></pre>\
                    <table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table>";
        let text = check(html, false);
        for part in ["## Title", "- one\n- two", "a < b", "| x", "| 1"] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }

    #[test]
    fn rows_are_rows_where_no_headers_are_and_no_blocks() {
        let html = "<p>x</p><table><tr><td>1</td><td> <b>2</b></td></tr><tr><td>3</td><td>4</td></tr></table><p>y</p>";
        assert_eq!(check(html, false), "x\n\n1 | **2**\n3 | 4\n\ny");
        let looks =
            "<table><tr><td><table><tr><td>menu</td></tr></table></td><td><p>one</p><p>two</p></td></tr></table>";
        assert_eq!(check(looks, false), "menu\n\none\n\ntwo");
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let html = "<html><head><title>t</title><style>p{}</style></head><body><nav>menu</nav><script>evil()</script>\
                    <main><p>Text</p></main><footer>(c)</footer></body></html>";
        assert_eq!(check(html, true), "Text");
        assert_eq!(check("<nav>menu</nav><p>Text</p>", false), "menu\n\nText");
    }

    #[test]
    fn a_bottomless_page_is_noticed() {
        let base = Url::parse("https://a.org/").unwrap();
        let html = format!("{}deep", "<div>".repeat(100_000));
        assert_eq!(convert(&html, &base, true), None);
        assert_eq!(strip(&html), "deep\n");
    }
}
