//! Pages that send their reader on by themselves (`<meta http-equiv="refresh">`), as browsers without scripts follow them.

use url::Url;

/// A page that waits longer than this, in seconds, is meant to be read.
const SOON: f64 = 5.0;

/// How far into a page it may stand, in bytes.
const WITHIN: usize = 64 << 10;

/// Where the page sends its reader at once; nothing if it only loads itself anew.
pub fn target(html: &str, base: &Url) -> Option<Url> {
    let start = &html[..html.floor_char_boundary(WITHIN)];
    // Byte for byte of the same length.
    let lower = start.to_ascii_lowercase();
    let tags = lower.match_indices("<meta").map(|(at, _)| at);
    let content = tags.filter_map(|at| {
        let end = at + lower[at..].find('>')?;
        let equiv = attribute(&lower[at..end], &start[at..end], "http-equiv")?;
        equiv.trim().eq_ignore_ascii_case("refresh").then(|| attribute(&lower[at..end], &start[at..end], "content"))?
    });
    content.filter_map(|content| address(&content, base)).next()
}

/// The value of an attribute of a tag, with its references resolved as far as addresses have them.
fn attribute(lower: &str, tag: &str, name: &str) -> Option<String> {
    let mut from = 0;
    loop {
        let at = from + lower[from..].find(name)?;
        let is_whole = lower[..at].ends_with(|c: char| c.is_whitespace() || c == '"' || c == '\'');
        let rest = tag[at + name.len()..].trim_start();
        from = at + name.len();
        let Some(value) = rest.strip_prefix('=').filter(|_| is_whole).map(str::trim_start) else { continue };
        let value = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split(quote).next()?,
            _ => value.split(char::is_whitespace).next()?,
        };
        return Some(value.replace("&amp;", "&").replace("&quot;", "\"").replace("&#39;", "'"));
    }
}

/// The address in `0; url='/next'`.
fn address(content: &str, base: &Url) -> Option<Url> {
    let (seconds, rest) = content.split_once([';', ','])?;
    if seconds.trim().parse::<f64>().ok().is_none_or(|seconds| seconds > SOON) {
        return None;
    }
    let rest = rest.trim_start();
    let named = rest.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("url"));
    let rest = if named { rest[3..].trim_start().strip_prefix('=')? } else { rest };
    let target = rest.trim().trim_matches(['"', '\'']);
    let url = base.join(target).ok()?;
    let is_page = matches!(url.scheme(), "http" | "https");
    (is_page && !target.is_empty() && url.as_str() != base.as_str()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str) -> Option<String> {
        target(html, &Url::parse("https://a.org/x/").unwrap()).map(String::from)
    }

    #[test]
    fn a_page_that_sends_on_is_followed() {
        for (html, next) in [
            ("<meta http-equiv=\"refresh\" content=\"0; url=/next?a=1&amp;b=2\">", "https://a.org/next?a=1&b=2"),
            ("<META HTTP-EQUIV=Refresh CONTENT='1;URL=https://b.org/'>", "https://b.org/"),
            ("<meta content=\"0;url='page'\" http-equiv=refresh />", "https://a.org/x/page"),
            ("<noscript><meta http-equiv=refresh content=\"0, /y\"></noscript>", "https://a.org/y"),
            ("<meta charset=utf-8><meta http-equiv=refresh content=\"0;url=/z\">", "https://a.org/z"),
        ] {
            assert_eq!(check(html).as_deref(), Some(next), "{html}");
        }
    }

    #[test]
    fn a_page_that_stays_is_read() {
        for html in [
            "<meta http-equiv=refresh content=30>",
            "<meta http-equiv=refresh content=\"300; url=/later\">",
            "<meta http-equiv=refresh content=\"0; url=javascript:x()\">",
            "<meta http-equiv=refresh content=\"0; url=https://a.org/x/\">",
            "<meta name=refresh content=\"0; url=/y\">",
            "<meta",
            "",
        ] {
            assert_eq!(check(html), None, "{html}");
        }
    }
}
