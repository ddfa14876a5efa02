//! How deeply a page is nested, told from its tags before it is parsed: a parser takes time that grows with the square
//! of the depth, and turning a deep tree over takes stack.

/// Elements without content.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];

/// Elements that are ended by the next of their kind and often are left open.
const IMPLIED: &[&str] =
    &["p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "optgroup", "html", "body", "head"];

/// Elements whose content is no markup.
const RAW: &[&str] = &["script", "style", "textarea", "title", "noscript", "iframe", "xmp"];

/// How far up the element that a tag ends is looked for.
const LOOKED_UP: usize = 64;

/// Whether more elements than `limit` stand in one another.
pub fn exceeds(html: &str, limit: usize) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let is_end = rest.starts_with('/');
        let name = name(rest.strip_prefix('/').unwrap_or(rest));
        if name.is_empty() || is_one_of(name, VOID) || is_one_of(name, IMPLIED) {
            continue;
        }
        if is_end {
            end(&mut open, name);
        } else if is_one_of(name, RAW) {
            rest = after_raw(rest, name);
        } else {
            open.push(name);
        }
        if open.len() > limit {
            return true;
        }
    }
    false
}

fn name(tag: &str) -> &str {
    let starts_well = tag.starts_with(|c: char| c.is_ascii_alphabetic());
    let end = tag.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(tag.len());
    if starts_well { &tag[..end] } else { "" }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Closes the nearest element of that name; an end without beginning is passed over.
fn end(open: &mut Vec<&str>, name: &str) {
    let nearest = open.iter().rev().take(LOOKED_UP).position(|known| known.eq_ignore_ascii_case(name));
    if let Some(above) = nearest {
        open.truncate(open.len() - above - 1);
    }
}

/// What follows the end of an element that holds no markup.
fn after_raw<'a>(rest: &'a str, name: &str) -> &'a str {
    let ends = rest
        .match_indices("</")
        .find(|(at, _)| rest.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)));
    ends.map_or("", |(at, _)| &rest[at + 2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_elements_in_one_another_count() {
        for html in [
            "<div></div>".repeat(50),
            "<p>one<p>two<br>".repeat(50),
            "<ul><li>a<li>b</ul>".repeat(50),
            format!("<script>{}</script>", "document.write('<div>');".repeat(50)),
            "a < b ".repeat(50),
            "<DIV></div>".repeat(50),
            "</div>".repeat(50),
            "<!-- <!doctype x> -->".repeat(50),
        ] {
            assert!(!exceeds(&html, 10), "{}", &html[..20]);
        }
    }

    #[test]
    fn depth_cannot_be_hidden() {
        for html in ["<div>".repeat(11), "<div></b>".repeat(11), "<b><p>".repeat(11), "<a/>".repeat(11)] {
            assert!(exceeds(&html, 10), "{html}");
        }
    }
}
