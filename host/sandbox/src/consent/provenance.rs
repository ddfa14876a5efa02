//! Whether a file may take the place of the installed one: by the same author, and newer. What cannot be told is a doubt,
//! and a doubt is asked about. The author of a plugin is the key that signed it when it was first installed.

use std::cmp::Ordering;

use super::Request;

/// What is installed under the name, as the owner approved it.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    pub request: &'a Request,
    /// The pinned public key; `None` where it was not signed.
    pub author: Option<&'a str>,
}

/// A reason to ask although nothing more is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Other keys, or one where there was none.
    Author { before: Option<String>, now: Option<String> },
    /// BLAKE3 sums of two files that nobody signed, in hexadecimal.
    OtherFile { before: String, now: String },
    /// It is not newer; `known` is how it compares, if it does.
    Version { before: String, now: String, known: Option<Ordering> },
}

impl Doubt {
    /// Whether it comes from somebody else than the author whose key is pinned.
    pub(super) fn is_another_author(&self) -> bool {
        matches!(self, Self::Author { before: Some(_), .. })
    }
}

/// What speaks against taking one for the successor of the other.
pub(super) fn doubts(before: Before<'_>, now: &Request, author: Option<&str>) -> Vec<Doubt> {
    let Before { request: installed, author: pinned } = before;
    let same_file = installed.hash == now.hash;
    let mut doubts = Vec::new();
    if !same_file {
        match (pinned, author) {
            (None, None) => doubts.push(Doubt::OtherFile { before: installed.hash.clone(), now: now.hash.clone() }),
            (before, now) if before == now => {}
            (before, now) => {
                doubts.push(Doubt::Author { before: before.map(str::to_owned), now: now.map(str::to_owned) });
            }
        }
    }
    let known = compare(&now.version, &installed.version);
    let goes_on = known == Some(Ordering::Greater) || (same_file && now.version == installed.version);
    if !goes_on {
        doubts.push(Doubt::Version { before: installed.version.clone(), now: now.version.clone(), known });
    }
    doubts
}

/// Compares versions as Semantic Versioning does, where missing numbers are 0.
fn compare(one: &str, other: &str) -> Option<Ordering> {
    Some(version(one)?.cmp_precedence(&version(other)?))
}

fn version(text: &str) -> Option<semver::Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 2_usize.checked_sub(numbers.matches('.').count())?;
    semver::Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number_and_what_is_none_is_not() {
        for (older, newer) in
            [("1", "1.0.1"), ("1.9", "1.10"), ("0.9.9", "v1"), ("1.0-rc.1", "1.0"), ("1.2", "1.2.1+x")]
        {
            assert_eq!(compare(newer, older), Some(Ordering::Greater), "{older} {newer}");
            assert_eq!(compare(older, newer), Some(Ordering::Less), "{older} {newer}");
        }
        assert_eq!(compare("1.0", "1.0.0"), Some(Ordering::Equal));
        assert_eq!(compare("1.0+a", "1.0+b"), Some(Ordering::Equal));
        for strange in ["", "latest", "1.2.3.4", "20.1x", "1..2", "-1"] {
            assert_eq!(compare(strange, "1.0"), None, "{strange}");
        }
    }
}
