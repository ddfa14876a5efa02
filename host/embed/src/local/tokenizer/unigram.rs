//! Unigram, as SentencePiece makes it: of all ways to cut a word into pieces the one whose scores add up to the most
//! (Kudo, 2018, <https://arxiv.org/abs/1804.10959>).

use super::pieces::{Pieces, Prefix};

/// By how much a letter that is not a piece scores less than the worst piece.
const UNKNOWN: f64 = 10.0;

pub(super) struct Unigram {
    pub(super) pieces: Pieces,
    pub(super) unknown: u32,
    pub(super) lowest_score: f32,
}

/// The best way from the word's beginning to a place in it.
#[derive(Clone, Copy)]
struct Way {
    score: f64,
    /// The last piece of it, and where that begins; `None` where no way leads.
    last: Option<(usize, u32)>,
}

impl Unigram {
    pub(super) fn encode(&self, word: &str, tokens: &mut Vec<u32>) {
        let ways = self.ways(word);
        let first = tokens.len();
        let mut at = word.len();
        while let Some((start, token)) = ways[at].last {
            // What is unknown in a row is one unknown.
            if token != self.unknown || tokens[first..].last() != Some(&token) {
                tokens.push(token);
            }
            at = start;
        }
        tokens[first..].reverse();
    }

    /// The best way to each byte.
    fn ways(&self, word: &str) -> Vec<Way> {
        let mut ways = vec![Way { score: 0.0, last: None }; word.len() + 1];
        for (start, letter) in word.char_indices() {
            let letter = letter.len_utf8();
            let mut known = false;
            for Prefix { length, number, score } in self.pieces.prefixes(&word.as_bytes()[start..]) {
                known |= length == letter;
                go(&mut ways, start, start + length, number, f64::from(score));
            }
            if !known {
                go(&mut ways, start, start + letter, self.unknown, f64::from(self.lowest_score) - UNKNOWN);
            }
        }
        ways
    }
}

/// Takes the piece between two places if it is the better way.
fn go(ways: &mut [Way], start: usize, end: usize, token: u32, score: f64) {
    let score = ways[start].score + score;
    if ways[end].last.is_none() || score > ways[end].score {
        ways[end] = Way { score, last: Some((start, token)) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Draft;
    use super::*;

    fn encode(word: &str) -> Vec<u32> {
        let pieces =
            [("<unk>", 0.0), ("▁", -4.0), ("a", -3.0), ("b", -3.0), ("ab", -5.0), ("▁ab", -8.5), ("bc", -20.0)];
        let mut draft = Draft::default();
        for (number, (piece, score)) in pieces.iter().enumerate() {
            draft.push(piece, number as u32, Some(*score)).unwrap();
        }
        let lowest_score = draft.lowest_score();
        let model = Unigram { pieces: draft.finish(&[0]), unknown: 0, lowest_score };
        let mut tokens = Vec::new();
        model.encode(word, &mut tokens);
        tokens
    }

    #[test]
    fn the_best_sum_wins() {
        assert_eq!(encode("▁ab"), [5]);
        assert_eq!(encode("ab"), [4]);
        assert_eq!(encode("aab"), [2, 4]);
        assert_eq!(encode("abc"), [2, 6], "no letter c is known, so bc is better than its parts");
        assert_eq!(encode(""), [] as [u32; 0]);
    }

    #[test]
    fn what_is_unknown_in_a_row_is_one_token() {
        assert_eq!(encode("aяяяb"), [2, 0, 3]);
        assert_eq!(encode("яя"), [0]);
        assert_eq!(encode("<unk>"), [0]);
    }
}
