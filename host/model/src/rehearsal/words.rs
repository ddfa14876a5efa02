//! A message as words that can be compared, and the small patterns they are compared with.

/// A word of a text.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// As written, with its punctuation.
    pub(super) raw: &'a str,
    /// Where it stands in the text.
    pub(super) at: usize,
    /// Lower case, `ё` as `е`, without punctuation at its ends.
    pub(super) plain: String,
}

/// The words of a text; marks that stand alone are none.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for raw in text.split_whitespace() {
        let plain = plain(raw);
        if !plain.is_empty() {
            words.push(Word { raw, at: raw.as_ptr() as usize - text.as_ptr() as usize, plain });
        }
    }
    words
}

/// A word in the form in which words are compared.
pub(super) fn plain(raw: &str) -> String {
    raw.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('ё', "е").replace('’', "'")
}

/// How many words at the beginning fit the pattern; `None` if they do not.
///
/// A pattern is words separated by blanks. Each is a choice `a|b`; `a*` is the beginning of a word; `?` at the end of
/// a choice makes it optional. `class` decides on names that begin with `#`.
pub(super) fn fits(words: &[Word<'_>], pattern: &str, class: fn(&str, &str) -> bool) -> Option<usize> {
    let mut at = 0;
    for choice in pattern.split(' ') {
        let (choice, optional) = choice.strip_suffix('?').map_or((choice, false), |choice| (choice, true));
        let word = words.get(at).map(|word| word.plain.as_str());
        if word.is_some_and(|word| choice.split('|').any(|form| fits_form(word, form, class))) {
            at += 1;
        } else if !optional {
            return None;
        }
    }
    Some(at)
}

fn fits_form(word: &str, form: &str, class: fn(&str, &str) -> bool) -> bool {
    match form.strip_suffix('*') {
        Some(beginning) => word.starts_with(beginning),
        None if form.starts_with('#') => class(word, form),
        None => word == form,
    }
}

/// Words of the same stem, roughly: they differ in a short ending only. It serves English and Russian well enough to
/// find a line again.
pub(super) fn akin(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longest = one.chars().count().max(other.chars().count());
    one == other || common >= longest.saturating_sub(3).max(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_class(_: &str, _: &str) -> bool {
        false
    }

    #[test]
    fn patterns_have_choices_endings_and_options() {
        let cases = [
            ("Remind me, please", "remind me?", Some(2)),
            ("remind us", "remind me?", Some(1)),
            ("Напомните", "напомни* мне?", Some(1)),
            ("what's up", "what's|what is?", Some(1)),
            ("forget it", "remind", None),
            ("", "a", None),
        ];
        for (text, pattern, expected) in cases {
            assert_eq!(fits(&words(text), pattern, no_class), expected, "{text}");
        }
    }

    #[test]
    fn endings_do_not_matter() {
        for (one, other) in
            [("квартира", "квартире"), ("мама", "маме"), ("flat", "flats"), ("кот", "котом"), ("42", "42")]
        {
            assert!(akin(one, other), "{one} {other}");
        }
        for (one, other) in [("кот", "который"), ("flat", "flatmate"), ("дом", "дым"), ("4", "42")] {
            assert!(!akin(one, other), "{one} {other}");
        }
    }
}
