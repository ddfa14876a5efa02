//! Texts to the numbers of a model's pieces of words, by the model's own tokenizer.json. WordPiece and Unigram, which
//! the models that can be run here use, and no other.
//!
//! It is our own for the sake of memory: a vocabulary of 250,000 pieces takes some 10 MB here and gives them back. What
//! is written in a text is never a control token, whatever it looks like. Read `pieces` for how a vocabulary is kept.

mod charsmap;
mod file;
mod frame;
mod normal;
mod pieces;
mod split;
mod unigram;
mod wordpiece;

use std::path::Path;

use crate::EmbedError;
use frame::Frame;
use normal::Normal;
use split::Split;
use unigram::Unigram;
use wordpiece::WordPiece;

/// No piece is longer, so what is behind so many letters for each token that is taken is not looked at.
const MOST_LETTERS_A_TOKEN: usize = 64;

pub(super) struct Tokenizer {
    normal: Vec<Normal>,
    split: Vec<Split>,
    model: Model,
    frame: Frame,
}

enum Model {
    WordPiece(WordPiece),
    Unigram(Unigram),
}

impl Tokenizer {
    /// Reads a tokenizer.json.
    pub(super) fn open(path: &Path) -> Result<Self, EmbedError> {
        file::open(path)
    }

    /// The numbers of at most `most` tokens, those among them that stand around every text.
    pub(super) fn encode(&self, text: &str, most: usize) -> Vec<u32> {
        let mut tokens = self.frame.before.clone();
        let room = most.saturating_sub(self.frame.before.len() + self.frame.after.len());
        self.pieces(text, room, &mut tokens);
        tokens.extend(&self.frame.after);
        tokens
    }

    /// The number of every text's unknown parts.
    pub(super) fn unknown(&self) -> u32 {
        match &self.model {
            Model::WordPiece(model) => model.unknown,
            Model::Unigram(model) => model.unknown,
        }
    }

    /// The greatest number of a token.
    pub(super) fn last(&self) -> u32 {
        let pieces = match &self.model {
            Model::WordPiece(model) => model.pieces.last(),
            Model::Unigram(model) => model.pieces.last(),
        };
        self.frame.before.iter().chain(&self.frame.after).copied().fold(pieces, u32::max)
    }

    /// Adds at most `most` tokens of the text itself.
    pub(super) fn pieces(&self, text: &str, most: usize, tokens: &mut Vec<u32>) {
        let end = tokens.len() + most;
        let text = beginning(text, most * MOST_LETTERS_A_TOKEN);
        let normal = self.normal.iter().fold(text.to_owned(), |text, step| step.apply(text));
        for word in self.split.iter().fold(vec![normal], |words, step| step.apply(words)) {
            if tokens.len() >= end {
                break;
            }
            match &self.model {
                Model::WordPiece(model) => model.encode(&word, tokens),
                Model::Unigram(model) => model.encode(&word, tokens),
            }
        }
        tokens.truncate(end);
    }
}

fn beginning(text: &str, letters: usize) -> &str {
    text.char_indices().nth(letters).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests;
