//! Finds known values in text and bytes, as they are and in the forms they are carried in: base64 at any alignment,
//! percent-encoded, escaped as JSON, hexadecimal. What changes a value in other ways is not found.

use std::borrow::Cow;
use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What URLs leave as it is (RFC 3986, 2.3).
pub(super) const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What `encodeURIComponent` leaves as it is.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');
/// What parsers of addresses leave as it is in a query (WHATWG URL).
const QUERY: &AsciiSet = &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// Looks for all secrets at once.
pub(super) struct Finder {
    automaton: AhoCorasick,
    forms: Vec<Vec<u8>>,
    /// The secret each form is of.
    of: Vec<usize>,
}

impl Finder {
    /// `None` if there is nothing to look for.
    pub(super) fn new<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut forms, mut of) = (Vec::new(), Vec::new());
        for (index, value) in values.enumerate() {
            let found = forms_of(value);
            of.extend(std::iter::repeat_n(index, found.len()));
            forms.extend(found);
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&forms).ok()?;
        (!forms.is_empty()).then_some(Self { automaton, forms, of })
    }

    /// The first secret in these bytes.
    pub(super) fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.every(bytes).next()
    }

    /// All secrets in these bytes, in the order they stand.
    pub(super) fn every(&self, bytes: &[u8]) -> impl Iterator<Item = usize> {
        self.automaton.find_iter(bytes).map(|found| self.of[found.pattern().as_usize()])
    }

    /// The text with every value replaced.
    pub(super) fn redact<'a>(&self, text: &'a str, word: impl Fn(usize) -> String) -> Cow<'a, str> {
        if !self.automaton.is_match(text) {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        self.automaton.replace_all_with(text, &mut clean, |found, _, clean| {
            clean.push_str(&word(self.of[found.pattern().as_usize()]));
            true
        });
        Cow::Owned(clean)
    }

    /// The same for bytes of which `rest` says whether more will follow. Gives what is clean; the end of the bytes
    /// that may be the beginning of a value stays in `bytes` then.
    pub(super) fn redact_part(&self, bytes: &mut Vec<u8>, rest: bool, word: impl Fn(usize) -> String) -> Vec<u8> {
        let hold = if rest { self.unsure_from(bytes) } else { bytes.len() };
        let (mut clean, mut at) = (Vec::with_capacity(hold), 0);
        for found in self.automaton.find_iter(&bytes[..]) {
            if found.start() >= hold {
                break;
            }
            clean.extend_from_slice(&bytes[at..found.start()]);
            clean.extend_from_slice(word(self.of[found.pattern().as_usize()]).as_bytes());
            at = found.end();
        }
        let hold = hold.max(at);
        clean.extend_from_slice(&bytes[at..hold]);
        bytes.drain(..hold);
        clean
    }

    /// From where on the bytes may be the beginning of a value that goes on.
    pub(super) fn unsure_from(&self, bytes: &[u8]) -> usize {
        let longest = self.forms.iter().map(Vec::len).max().unwrap_or(0);
        let first = (bytes.len() + 1).saturating_sub(longest);
        let begins = |from: &usize| {
            let tail = &bytes[*from..];
            self.forms.iter().any(|form| form.len() > tail.len() && form.starts_with(tail))
        };
        (first..bytes.len()).find(begins).unwrap_or(bytes.len())
    }
}

/// Every form of a value that is looked for.
fn forms_of(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::from([value.as_bytes().to_vec()]);
    for set in [NON_ALPHANUMERIC, UNRESERVED, COMPONENT, QUERY] {
        let upper = utf8_percent_encode(value, set).to_string();
        forms.insert(lower_escapes(&upper).into_bytes());
        forms.insert(upper.replace("%20", "+").into_bytes());
        forms.insert(upper.into_bytes());
    }
    // With nothing left as it is, which every reader takes too.
    let escaped: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    forms.insert(lower_escapes(&escaped).into_bytes());
    forms.insert(escaped.into_bytes());
    let units: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    forms.insert(units.to_uppercase().replace("\\U", "\\u").into_bytes());
    forms.insert(units.into_bytes());
    let quoted = serde_json::Value::from(value).to_string();
    let quoted = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or(&quoted);
    forms.insert(quoted.replace('/', "\\/").into_bytes());
    forms.insert(quoted.as_bytes().to_vec());
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.insert(hex.to_uppercase().into_bytes());
    forms.insert(hex.into_bytes());
    for offset in 0..3 {
        forms.insert(in_base64(value, offset, &STANDARD_NO_PAD));
        forms.insert(in_base64(value, offset, &URL_SAFE_NO_PAD));
    }
    forms
}

/// `%2F` → `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        left = if c == '%' { 2 } else { i32::max(left - 1, -1) };
        if left >= 0 { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

/// What of the base64 of `offset` bytes, the value and anything after depends on the value alone.
fn in_base64(value: &str, offset: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let shifted = [&[0, 0][..offset], value.as_bytes()].concat();
    let text = engine.encode(&shifted);
    let (from, to) = ((offset * 8).div_ceil(6), shifted.len() * 8 / 6);
    text.as_bytes()[from..to].to_vec()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;

    const VALUE: &str = "p4ss/wörd+\"quoted\" & more";

    fn finder() -> Finder {
        Finder::new([VALUE, "ghp_0123456789abcdef"].into_iter()).unwrap()
    }

    fn clean(text: &str) -> String {
        finder().redact(text, |number| format!("[{number}]")).into_owned()
    }

    #[test]
    fn a_value_is_found_in_every_form_it_is_carried_in() {
        let encoded = |set| utf8_percent_encode(VALUE, set).to_string();
        let forms = [
            VALUE.to_owned(),
            encoded(NON_ALPHANUMERIC),
            encoded(UNRESERVED).to_lowercase(),
            encoded(UNRESERVED).replace("%20", "+"),
            serde_json::to_string(VALUE).unwrap(),
            VALUE.bytes().map(|byte| format!("{byte:02X}")).collect(),
            VALUE.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            VALUE.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
            serde_json::to_string(VALUE).unwrap().replace('/', "\\/"),
        ];
        for form in forms {
            let text = clean(&format!("before {form} after"));
            assert!(text.contains("[0]") && text.starts_with("before ") && text.ends_with(" after"), "{form}: {text}");
        }
        assert_eq!(clean("nothing of note"), "nothing of note");
        assert_eq!(clean("a ghp_0123456789abcdef b"), "a [1] b");
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        for prefix in ["", "u", "us", "user:"] {
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                let text = engine.encode(format!("{prefix}{VALUE} and the rest"));
                assert_eq!(finder().first(text.as_bytes()), Some(0), "{prefix}: {text}");
            }
        }
    }

    #[test]
    fn nothing_to_look_for_is_no_finder() {
        assert!(Finder::new(std::iter::empty()).is_none());
    }

    proptest! {
        #[test]
        fn a_stream_is_cleaned_wherever_it_is_cut(
            words in proptest::collection::vec(prop_oneof![
                Just(VALUE.to_owned()),
                Just("ghp_0123456789abcdef".to_owned()),
                Just("ghp_0123".to_owned()),
                "[a-z/ ]{0,9}",
            ], 0..8),
            cuts in proptest::collection::vec(1usize..40, 1..20),
        ) {
            let (whole, finder) = (words.concat(), finder());
            let word = |number: usize| format!("[{number}]");
            let (mut held, mut clean, mut rest) = (Vec::new(), Vec::new(), whole.as_bytes());
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let (part, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                held.extend_from_slice(part);
                clean.extend(finder.redact_part(&mut held, true, word));
                rest = later;
            }
            clean.extend(finder.redact_part(&mut held, false, word));
            prop_assert_eq!(String::from_utf8(clean).unwrap(), finder.redact(&whole, word).into_owned());
        }
    }
}
