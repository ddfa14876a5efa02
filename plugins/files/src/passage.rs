//! Finding a passage of a file as a model gives it: models write plain line ends, spaces, quotes and dashes where a file
//! has others. What the model did not change keeps the characters of the file.

use std::ops::Range;

/// A text with more characters to be read otherwise is not searched in that way: it would need too much memory.
const MOST_STEPS: usize = 1_000_000;

/// Where a passage is.
#[derive(Debug)]
pub struct Found {
    /// What of each passage is replaced, in order.
    pub places: Vec<Range<usize>>,
    /// What of the new text takes its place.
    new: Range<usize>,
    /// Its line ends are as given.
    given: bool,
    /// It is not there as given, but passages that differ in kinds of spaces, quotes and dashes are.
    pub alike: bool,
}

/// Looks for the passage as given, then with other line ends, then with other spaces, quotes and dashes.
pub fn find(text: &str, old: &str, new: &str) -> Found {
    let exact: Vec<_> = text.match_indices(old).map(|(at, _)| at..at + old.len()).collect();
    if !exact.is_empty() {
        return Found { places: exact, new: 0..new.len(), given: true, alike: false };
    }
    let lines = read_as(text, old, 0..old.len(), &line_end);
    if !lines.is_empty() {
        return Found { places: lines, new: 0..new.len(), given: false, alike: false };
    }
    // What the model left as it was is left as it is in the file.
    let kept = Kept::of(old, new);
    let places = read_as(text, old, kept.before..old.len() - kept.after, &typed);
    Found { places, new: kept.before..new.len() - kept.after, given: false, alike: true }
}

/// The text with the passages replaced, their line ends those of the place.
pub fn put(text: &str, found: &Found, new: &str) -> String {
    let mut new = new[found.new.clone()].to_owned();
    if !found.given {
        new = new.replace("\r\n", "\n");
    }
    let (mut edited, mut done) = (String::with_capacity(text.len() + new.len()), 0);
    for place in &found.places {
        edited.push_str(&text[done..place.start]);
        let windows = new.contains('\n') && !new.contains('\r') && is_windows(text, place);
        edited.push_str(&if windows { new.replace('\n', "\r\n") } else { new.clone() });
        done = place.end;
    }
    edited.push_str(&text[done..]);
    edited
}

/// Whether lines end as on Windows there: in the passage, else before it, else after it.
fn is_windows(text: &str, place: &Range<usize>) -> bool {
    let end = text[place.clone()].find('\n').map(|at| place.start + at);
    let end = end.or_else(|| text[..place.start].rfind('\n'));
    let end = end.or_else(|| text[place.end..].find('\n').map(|at| place.end + at));
    end.is_some_and(|end| text[..end].ends_with('\r'))
}

/// What of the old text the new one has at its beginning and its end, in bytes.
struct Kept {
    before: usize,
    after: usize,
}

impl Kept {
    fn of(old: &str, new: &str) -> Self {
        let same = |(one, other): &(char, char)| one == other;
        let before = old.chars().zip(new.chars()).take_while(same).map(|(one, _)| one.len_utf8()).sum::<usize>();
        // Points and line ends may be one character in the file.
        let before = old[..before].trim_end_matches(['.', '\r']).len();
        let (old, new) = (&old[before..], &new[before..]);
        let same = old.chars().rev().zip(new.chars().rev()).take_while(same);
        let after = same.map(|(one, _)| one.len_utf8()).sum::<usize>();
        let end = &old[old.len() - after..];
        Self { before, after: end.trim_start_matches(['.', '\n']).len() }
    }
}

/// How a character is read: as the same, as another text, or not at all.
type Reading<'a> = dyn Fn(char, Option<char>) -> Option<&'static str> + 'a;

fn line_end(one: char, next: Option<char>) -> Option<&'static str> {
    (one == '\r' && next == Some('\n')).then_some("")
}

/// Kinds of spaces, quotes and dashes as the keyboard has them; what is not seen is not there.
fn typed(one: char, next: Option<char>) -> Option<&'static str> {
    match one {
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(" "),
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '`' | '´' => Some("'"),
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => Some("\""),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => Some("-"),
        '…' => Some("..."),
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => Some(""),
        _ => line_end(one, next),
    }
}

/// A text as it is read, and where in the original it is.
struct ReadText {
    text: String,
    /// From this place in the read text on, and this one in the original, both go on alike.
    steps: Vec<(usize, usize)>,
}

impl ReadText {
    fn of(original: &str, reading: &Reading<'_>) -> Option<Self> {
        let mut read = Self { text: String::with_capacity(original.len()), steps: vec![(0, 0)] };
        let mut ahead = original.char_indices().peekable();
        while let Some((at, one)) = ahead.next() {
            let Some(other) = reading(one, ahead.peek().map(|(_, next)| *next)) else {
                read.text.push(one);
                continue;
            };
            read.steps.push((read.text.len(), at));
            read.text.push_str(other);
            read.steps.push((read.text.len(), at + one.len_utf8()));
            if read.steps.len() > MOST_STEPS {
                return None;
            }
        }
        Some(read)
    }

    /// The place in the original, before what is not read there.
    fn original(&self, at: usize) -> usize {
        let next = self.steps.partition_point(|(read, _)| *read < at);
        match self.steps.get(next) {
            Some((read, original)) if *read == at => *original,
            _ => {
                let (read, original) = self.steps[next.saturating_sub(1)];
                original + (at - read)
            }
        }
    }
}

/// Where a part of `old` is in each passage of the text that is read as `old` is.
fn read_as(text: &str, old: &str, part: Range<usize>, reading: &Reading<'_>) -> Vec<Range<usize>> {
    let read_length = |text: &str| ReadText::of(text, reading).map(|read| read.text.len());
    let (Some(read), Some(wanted)) = (ReadText::of(text, reading), ReadText::of(old, reading)) else {
        return Vec::new();
    };
    let (Some(before), Some(through)) = (read_length(&old[..part.start]), read_length(&old[..part.end])) else {
        return Vec::new();
    };
    if wanted.text.is_empty() {
        return Vec::new();
    }
    let place = |(at, _): (usize, &str)| {
        let range = read.original(at + before)..read.original(at + through);
        // A part of a character is no passage.
        let whole = text.is_char_boundary(range.start) && text.is_char_boundary(range.end) && range.start <= range.end;
        whole.then_some(range)
    };
    read.text.match_indices(&wanted.text).filter_map(place).collect()
}
