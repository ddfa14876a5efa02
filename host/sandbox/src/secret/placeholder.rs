//! `{{secret:NAME}}`, the word that stands for a value in what a guest sends. It is also read as an address spells it,
//! with `%7B` for `{`.

use std::ops::Range;

use super::is_name;

/// The spellings of the three parts, the plain one first.
const OPEN: [&str; 2] = ["{{secret", "%7B%7Bsecret"];
const COLON: [&str; 2] = [":", "%3A"];
const CLOSE: [&str; 2] = ["}}", "%7D%7D"];

/// The word for a name.
#[cfg(test)]
pub(crate) fn word(name: &str) -> String {
    format!("{{{{secret:{name}}}}}")
}

/// Whether a text may have placeholders at all.
pub(super) fn may_have(text: &[u8]) -> bool {
    text.windows(6).any(|part| part == b"secret")
}

/// The places of all placeholders and the names in them.
pub(super) fn find(text: &str) -> Vec<(Range<usize>, &str)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(begin) = text[at..].find(['{', '%']).map(|offset| at + offset) {
        match name_at(&text[begin..]) {
            Some((name, length)) => {
                found.push((begin..begin + length, name));
                at = begin + length;
            }
            None => at = begin + 1,
        }
    }
    found
}

/// The text with every placeholder replaced.
///
/// # Errors
/// The first error of `value`.
pub(super) fn replace<E>(text: &str, mut value: impl FnMut(&str) -> Result<String, E>) -> Result<String, E> {
    let (mut whole, mut at) = (String::with_capacity(text.len()), 0);
    for (place, name) in find(text) {
        whole.push_str(&text[at..place.start]);
        whole.push_str(&value(name)?);
        at = place.end;
    }
    whole.push_str(&text[at..]);
    Ok(whole)
}

/// The name in the placeholder a text begins with, and the placeholder's length.
fn name_at(text: &str) -> Option<(&str, usize)> {
    let rest = strip(strip(text, &OPEN)?, &COLON)?;
    let name = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?];
    let rest = strip(&rest[name.len()..], &CLOSE)?;
    is_name(name).then_some((name, text.len() - rest.len()))
}

/// What follows one of the spellings, in whatever case its escapes are.
fn strip<'a>(text: &'a str, spellings: &[&str]) -> Option<&'a str> {
    spellings.iter().find_map(|one| {
        let (begin, rest) = text.split_at_checked(one.len())?;
        begin.eq_ignore_ascii_case(one).then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> String {
        replace(text, |name| Ok::<_, ()>(format!("<{name}>"))).unwrap()
    }

    #[test]
    fn placeholders_are_replaced_as_guests_and_addresses_spell_them() {
        assert_eq!(replaced("Bearer {{secret:GITHUB_TOKEN}}"), "Bearer <GITHUB_TOKEN>");
        assert_eq!(replaced("a=%7B%7Bsecret%3AA%7D%7D&b={{secret:B}}&c=%7b%7bsecret:C%7d%7d"), "a=<A>&b=<B>&c=<C>");
        assert_eq!(replaced(&format!("ы{}ы{}", word("A"), word("A"))), "ы<A>ы<A>");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in ["{{secret:}}", "{{secret:low}}", "{{secret:A}", "{secret:A}}", "{{ secret:A }}", "{{secret:A B}}"]
        {
            assert_eq!(replaced(text), text);
        }
        assert_eq!(replaced("{{{secret:A}}}"), "{<A>}");
        for text in ["%", "{", "ы%ы", "%7B%7Bsecret%3A"] {
            assert_eq!(replaced(text), text);
        }
    }

    #[test]
    fn an_error_ends_it() {
        assert_eq!(replace("{{secret:A}}", |_| Err("no")), Err("no"));
    }
}
