//! WordPiece, as BERT uses it: from the left, the longest piece that fits; a word with a part that is none is unknown
//! as a whole.

use super::pieces::Pieces;

pub(super) struct WordPiece {
    pub(super) pieces: Pieces,
    pub(super) unknown: u32,
    /// Stands before each piece that does not begin its word: `##`.
    pub(super) within: String,
    /// A word of more letters is unknown.
    pub(super) most_letters: usize,
}

impl WordPiece {
    pub(super) fn encode(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        if word.chars().nth(self.most_letters).is_some() || self.split(word, tokens).is_none() {
            tokens.truncate(before);
            tokens.push(self.unknown);
        }
    }

    fn split(&self, word: &str, tokens: &mut Vec<u32>) -> Option<()> {
        let mut start = 0;
        while start < word.len() {
            let rest = &word[start..];
            let (length, token) = if start == 0 { self.longest("", rest) } else { self.longest(&self.within, rest) }?;
            tokens.push(token);
            start += length;
        }
        Some(())
    }

    /// How much of `rest` is, behind `mark`, a piece, and which.
    fn longest(&self, mark: &str, rest: &str) -> Option<(usize, u32)> {
        let marked = [mark, rest].concat();
        let longest = self.pieces.prefixes(marked.as_bytes()).filter(|prefix| prefix.length > mark.len()).last()?;
        Some((longest.length - mark.len(), longest.number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::pieces::Draft;
    use super::*;

    fn encode(word: &str) -> Vec<u32> {
        let mut draft = Draft::default();
        for (number, piece) in ["[UNK]", "un", "##aff", "##able", "##a", "a", "##"].iter().enumerate() {
            draft.push(piece, number as u32, None).unwrap();
        }
        let model = WordPiece { pieces: draft.finish(&[0]), unknown: 0, within: "##".into(), most_letters: 10 };
        let mut tokens = Vec::new();
        model.encode(word, &mut tokens);
        tokens
    }

    #[test]
    fn a_word_is_its_longest_pieces() {
        assert_eq!(encode("unaffable"), [1, 2, 3]);
        assert_eq!(encode("una"), [1, 4]);
        assert_eq!(encode("a"), [5]);
    }

    #[test]
    fn a_word_with_a_strange_part_or_too_many_letters_is_unknown() {
        assert_eq!(encode("unaffix"), [0]);
        assert_eq!(encode("aaaaaaaaaa").len(), 10);
        assert_eq!(encode("aaaaaaaaaaa"), [0]);
        assert_eq!(encode("[UNK]"), [0]);
    }
}
