//! A vocabulary: its pieces in the order of their bytes, in one buffer. Looked up by halving, so there is no hash table
//! and no allocation for each of hundreds of thousands of pieces.

use std::ops::Range;

/// Pieces of words, each with its number and, for Unigram, its score.
pub(super) struct Pieces {
    text: Vec<u8>,
    /// Where each piece ends in `text`; it begins where the one before ends.
    ends: Vec<u32>,
    numbers: Vec<u32>,
    /// Empty where pieces have no scores.
    scores: Vec<f32>,
}

/// A vocabulary as it is read: in any order.
#[derive(Default)]
pub(super) struct Draft {
    text: Vec<u8>,
    ends: Vec<u32>,
    numbers: Vec<u32>,
    scores: Vec<f32>,
}

impl Draft {
    /// `None` where there are more than numbers of 32 bits can count.
    pub(super) fn push(&mut self, piece: &str, number: u32, score: Option<f32>) -> Option<()> {
        self.text.extend_from_slice(piece.as_bytes());
        self.ends.push(u32::try_from(self.text.len()).ok()?);
        self.numbers.push(number);
        self.scores.extend(score);
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn piece(&self, entry: usize) -> &[u8] {
        &self.text[span(&self.ends, entry)]
    }

    /// The number of exactly this piece.
    pub(super) fn number(&self, piece: &str) -> Option<u32> {
        (0..self.len()).find(|entry| self.piece(*entry) == piece.as_bytes()).map(|entry| self.numbers[entry])
    }

    /// Whether every piece has a score.
    pub(super) fn scored(&self) -> bool {
        self.scores.len() == self.len()
    }

    pub(super) fn lowest_score(&self) -> f32 {
        self.scores.iter().copied().fold(f32::INFINITY, f32::min)
    }

    /// Sorted, without those of these numbers.
    pub(super) fn finish(self, without: &[u32]) -> Pieces {
        let mut order: Vec<usize> = (0..self.len()).filter(|entry| !without.contains(&self.numbers[*entry])).collect();
        order.sort_unstable_by(|a, b| self.piece(*a).cmp(self.piece(*b)));
        let mut pieces = Pieces {
            text: Vec::with_capacity(self.text.len()),
            ends: Vec::with_capacity(order.len()),
            numbers: order.iter().map(|entry| self.numbers[*entry]).collect(),
            scores: order.iter().filter_map(|entry| self.scores.get(*entry).copied()).collect(),
        };
        let mut end = 0;
        for entry in order {
            let Range { start, end: stop } = span(&self.ends, entry);
            pieces.text.extend_from_slice(&self.text[start..stop]);
            end += (stop - start) as u32;
            pieces.ends.push(end);
        }
        pieces
    }
}

/// A piece at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prefix {
    /// In bytes.
    pub(super) length: usize,
    pub(super) number: u32,
    /// 0 where pieces have none.
    pub(super) score: f32,
}

impl Pieces {
    /// The greatest number of a piece.
    pub(super) fn last(&self) -> u32 {
        self.numbers.iter().copied().max().unwrap_or(0)
    }

    /// All pieces that the text begins with, the shortest first.
    pub(super) fn prefixes<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = Prefix> + 'a {
        let mut left = 0..self.ends.len();
        let narrowed = text.iter().enumerate().map_while(move |(depth, byte)| {
            // Among the pieces that begin with what is before `depth`, one that ends there is the first.
            let start = first(left.clone(), |entry| self.piece(entry).get(depth) >= Some(byte));
            let end = first(start..left.end, |entry| self.piece(entry).get(depth) > Some(byte));
            left = start..end;
            (start < end).then_some((depth + 1, start))
        });
        narrowed.filter(|(length, entry)| self.piece(*entry).len() == *length).map(|(length, entry)| Prefix {
            length,
            number: self.numbers[entry],
            score: self.scores.get(entry).copied().unwrap_or_default(),
        })
    }

    fn piece(&self, entry: usize) -> &[u8] {
        &self.text[span(&self.ends, entry)]
    }
}

fn span(ends: &[u32], entry: usize) -> Range<usize> {
    let start = if entry == 0 { 0 } else { ends[entry - 1] as usize };
    start..ends[entry] as usize
}

/// The first of a range of which `holds` is true, as it is of all that follow; the range's end where there is none.
fn first(range: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = range;
    while start < end {
        let middle = start + (end - start) / 2;
        if holds(middle) { end = middle } else { start = middle + 1 }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(list: &[&str], without: &[u32]) -> Pieces {
        let mut draft = Draft::default();
        for (number, piece) in list.iter().enumerate() {
            draft.push(piece, number as u32, Some(-(number as f32))).unwrap();
        }
        draft.finish(without)
    }

    #[test]
    fn a_text_begins_with_several_pieces() {
        let pieces = pieces(&["them", "a", "the", "t", "дом", "до"], &[]);
        let of = |text: &str| -> Vec<(usize, u32)> {
            pieces.prefixes(text.as_bytes()).map(|prefix| (prefix.length, prefix.number)).collect()
        };
        assert_eq!(of("themes"), [(1, 3), (3, 2), (4, 0)]);
        assert_eq!(of("домой"), [(4, 5), (6, 4)]);
        assert_eq!(of("thx"), [(1, 3)]);
        assert_eq!(of("x"), []);
        assert_eq!(of(""), []);
        assert_eq!(pieces.last(), 5);
        assert_eq!(pieces.prefixes(b"the").last().unwrap().score, -2.0);
    }

    #[test]
    fn what_is_left_out_is_not_found() {
        let pieces = pieces(&["<s>", "<", "s"], &[0]);
        let of = |text: &str| pieces.prefixes(text.as_bytes()).map(|prefix| prefix.number).collect::<Vec<_>>();
        assert_eq!(of("<s>"), [1]);
        assert_eq!(Draft::default().finish(&[]).prefixes(b"a").count(), 0);
    }
}
