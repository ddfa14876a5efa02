//! Bounds on what a guest hands over. A guest is built by anyone, so nothing it says is taken unmeasured.

use crate::bindings::Failure;

/// The text without white space around it.
///
/// # Errors
/// `invalid` if nothing is left or it has more than `most` characters.
pub(crate) fn required(name: &str, text: &str, most: usize) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::Invalid(format!("`{name}` is empty: say what it should be")));
    }
    let long = text.chars().count();
    if long > most {
        return Err(Failure::Invalid(format!("`{name}` has {long} characters and may have {most}: shorten it")));
    }
    Ok(text.to_owned())
}

/// The same for what may be left out; white space alone counts as left out.
pub(crate) fn optional(name: &str, text: Option<&str>, most: usize) -> Result<Option<String>, Failure> {
    text.filter(|text| !text.trim().is_empty()).map(|text| required(name, text, most)).transpose()
}

/// The number of a task or job, as `12` or `#12`.
pub(crate) fn number(name: &str, text: &str) -> Result<i64, Failure> {
    let digits = text.trim().trim_start_matches('#');
    digits
        .parse()
        .map_err(|_| Failure::Invalid(format!("`{name}` must be a number as the list shows it, not `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(required("title", " Молоко\n", 6).unwrap(), "Молоко");
        assert!(matches!(required("title", "Молоко!", 6), Err(Failure::Invalid(text)) if text.contains("may have 6")));
        assert!(
            matches!(required("title", " \n", 6), Err(Failure::Invalid(text)) if text.contains("`title` is empty"))
        );
        assert_eq!(optional("kind", Some("  "), 5).unwrap(), None);
        assert_eq!(optional("kind", Some("a "), 5).unwrap().as_deref(), Some("a"));
    }

    #[test]
    fn numbers_may_be_written_as_the_list_shows_them() {
        assert_eq!(number("id", " #12 ").unwrap(), 12);
        assert!(matches!(number("id", "twelve"), Err(Failure::Invalid(text)) if text.contains("`twelve`")));
    }
}
