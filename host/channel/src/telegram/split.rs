//! Cuts a long text into messages at places where a reader would pause. Marks are cut with it, so a code block or a
//! quote goes on in the next message.

use unicode_segmentation::GraphemeCursor;

use super::rich::{Kind, Rich, is_invisible};

/// The parts, each with at most `limit` UTF-16 units and something to see in it; none for a text without anything to
/// see.
pub(crate) fn split(rich: &Rich, limit: usize) -> Vec<Rich> {
    let limit = limit.max(2);
    let mut parts = Vec::new();
    let mut start = 0;
    while start < rich.text.len() {
        let end = cut(&rich.text, start, limit);
        push(&mut parts, rich, start, end);
        start = next_start(rich, end);
    }
    parts
}

/// The first part, ended by `…` where there is more.
pub(crate) fn first(rich: &Rich, limit: usize) -> Option<Rich> {
    let mut parts = split(rich, limit.saturating_sub(1)).into_iter();
    let mut part = parts.next()?;
    if parts.next().is_some() {
        part.text.push('…');
    }
    Some(part)
}

fn push(parts: &mut Vec<Rich>, rich: &Rich, start: usize, end: usize) {
    let end = start + rich.text[start..end].trim_end().len();
    let part = rich.slice(start, end);
    if !part.is_blank() {
        parts.push(part);
    }
}

/// Where the part that begins at `start` ends: at the end of the text, or the best place at or before the limit.
fn cut(text: &str, start: usize, limit: usize) -> usize {
    let (half, hard) = window(&text[start..], limit);
    if start + hard == text.len() {
        return text.len();
    }
    let part = &text[start..start + hard];
    let good = |place: Option<usize>| place.filter(|place| *place >= half && *place > 0);
    // A break right behind the limit counts as well, so look one character further for the spaces.
    let next = text[start + hard..].chars().next().map_or(0, char::len_utf8);
    let seen = &text[start..start + hard + next];
    let place = good(seen.rfind("\n\n"))
        .or_else(|| good(seen.rfind('\n')))
        .or_else(|| good(sentence_end(part)))
        .or_else(|| seen.rfind(char::is_whitespace).filter(|place| *place > 0))
        .unwrap_or_else(|| whole_characters(&text[start..], hard));
    start + place
}

/// The byte where half of the limit is reached and the byte where all of it is.
fn window(text: &str, limit: usize) -> (usize, usize) {
    let (mut units, mut half) = (0, None);
    for (place, c) in text.char_indices() {
        if half.is_none() && units >= limit / 2 {
            half = Some(place);
        }
        units += c.len_utf16();
        if units > limit {
            return (half.unwrap_or(place), place);
        }
    }
    (half.unwrap_or(text.len()), text.len())
}

/// Behind the last full stop that is followed by a space.
fn sentence_end(part: &str) -> Option<usize> {
    let spaces = part.match_indices([' ', '\u{a0}']).map(|(place, _)| place);
    spaces.rev().find(|place| part[..*place].ends_with(['.', '!', '?', '…', '。', ':', ';']))
}

/// That byte, moved back so that a character and all that is joined to it stay together, if that is possible: a flag,
/// a family, a letter with its marks.
pub(super) fn whole_characters(text: &str, end: usize) -> usize {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    // The text is here in one piece, so no answer can be that more of it is needed.
    match cursor.is_boundary(text, 0) {
        Ok(false) => cursor.prev_boundary(text, 0).ok().flatten().filter(|place| *place > 0).unwrap_or(end),
        Ok(true) | Err(_) => end,
    }
}

/// Where the next part begins: behind the white space, save that the lines of a code block keep their indent.
fn next_start(rich: &Rich, end: usize) -> usize {
    let rest = &rich.text[end..];
    let in_code = rich.marks.iter().any(|mark| matches!(mark.kind, Kind::Pre(_)) && mark.start < end && end < mark.end);
    let skipped = if in_code { rest.trim_start_matches('\n') } else { rest.trim_start() };
    // A code block of nothing but blanks must not become separate parts.
    let skipped = if skipped.chars().all(is_invisible) { "" } else { skipped };
    rich.text.len() - skipped.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::rich::{Mark, units};

    fn texts(text: &str, limit: usize) -> Vec<String> {
        split(&Rich::plain(text), limit).into_iter().map(|part| part.text).collect()
    }

    #[test]
    fn the_cut_is_where_a_reader_pauses() {
        assert_eq!(texts("first part\n\nsecond part", 20), ["first part", "second part"]);
        assert_eq!(texts("first line\nsecond line", 20), ["first line", "second line"]);
        assert_eq!(texts("One. Two three. Four five", 20), ["One. Two three.", "Four five"]);
        assert_eq!(texts("one two three four", 10), ["one two", "three four"]);
        assert_eq!(texts("aaaaaaaaaaaaaaa", 6), ["aaaaaa", "aaaaaa", "aaa"]);
        assert_eq!(texts("ровно десять", 12), ["ровно десять"]);
    }

    #[test]
    fn characters_of_two_units_and_joined_ones_stay_whole() {
        assert_eq!(texts("🙂🙂🙂", 3), ["🙂", "🙂", "🙂"]);
        assert_eq!(texts("ab👩‍👧cd", 5), ["ab", "👩‍👧", "cd"]);
        assert_eq!(texts("aaae\u{301}b", 4), ["aaa", "e\u{301}b"]);
        assert_eq!(texts("🇩🇪🇫🇷🇯🇵", 6), ["🇩🇪", "🇫🇷", "🇯🇵"]);
        assert_eq!(texts("x🇩🇪🇫🇷", 7), ["x🇩🇪", "🇫🇷"]);
        assert_eq!(texts("ab👍🏽", 4), ["ab", "👍🏽"]);
        assert_eq!(texts("ab🏴\u{e0067}\u{e0062}\u{e007f}", 9), ["ab", "🏴\u{e0067}\u{e0062}\u{e007f}"]);
        assert_eq!(texts("ab각नि", 4), ["ab각", "नि"]);
        assert_eq!(
            texts(&format!("a{}", "\u{301}".repeat(9)), 5).concat().chars().count(),
            10,
            "too long to be kept whole"
        );
    }

    #[test]
    fn a_code_block_goes_on_in_the_next_part_with_its_indent() {
        let text = "fn a() {\n    one();\n    two();\n}";
        let pre = Mark { kind: Kind::Pre(Some("rust".into())), start: 0, end: text.len() };
        let parts = split(&Rich { text: text.into(), marks: vec![pre] }, 21);
        assert_eq!(
            parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(),
            ["fn a() {\n    one();", "    two();\n}"]
        );
        assert!(parts.iter().all(|part| matches!(part.entities()[..], [ref e] if e.length == units(&part.text))));
    }

    #[test]
    fn nothing_to_see_is_no_part() {
        assert_eq!(texts(" \n\u{200b}\n ", 10), Vec::<String>::new());
        assert_eq!(texts(&format!("a{}b", " ".repeat(50)), 10), ["a", "b"]);
    }

    #[test]
    fn a_preview_is_cut_with_an_ellipsis() {
        let part = first(&Rich::plain("one two three four"), 10).unwrap();
        assert_eq!(part.text, "one two…");
        assert_eq!(first(&Rich::plain("one"), 10).unwrap().text, "one");
        assert_eq!(first(&Rich::plain(" "), 10), None);
    }
}
