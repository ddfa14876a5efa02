//! Addresses as people write them.

use steward_sdk::Failure;
use url::Url;

/// The whole address: `https` is added where nothing is said.
pub fn complete(text: &str) -> Result<String, Failure> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    if text.is_empty() {
        return Err(Failure::invalid("`url` is empty: give an address such as https://example.org/page"));
    }
    let has_scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.chars().all(|c| c.is_ascii_alphabetic()) && !rest.starts_with(|c: char| c.is_ascii_digit())
    });
    let whole = if has_scheme { text.to_owned() } else { format!("https://{text}") };
    let wrong = |problem: &str| {
        Failure::invalid(format!("`url` is `{text}`, {problem}: give an address such as https://example.org/page"))
    };
    let url = Url::parse(&whole).map_err(|_| wrong("which is not an address"))?;
    match url.scheme() {
        "http" | "https" => Ok(url.into()),
        "file" => Err(wrong("but files are read with the tool `read`")),
        _ => Err(wrong("but only pages of http and https can be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        for (text, whole) in [
            ("example.org", "https://example.org/"),
            (" <http://example.org/a?b=c> ", "http://example.org/a?b=c"),
            ("example.org:8443/x", "https://example.org:8443/x"),
            ("localhost:8080", "https://localhost:8080/"),
            ("пример.рф/страница", "https://xn--e1afmkfd.xn--p1ai/%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0"),
        ] {
            assert_eq!(complete(text).unwrap(), whole, "{text}");
        }
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in ["", "https://", "file:///etc/passwd", "ftp://example.org", "mailto:a@example.org", "a b c"] {
            assert!(matches!(complete(text), Err(Failure::Invalid(text)) if text.contains("`url`")), "{text}");
        }
    }
}
