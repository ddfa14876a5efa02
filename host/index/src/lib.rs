//! Passages of texts, found by words and by meaning: SQLite holds passages and vectors, tantivy the words, a sketch in
//! memory finds near vectors. One index holds what belongs to one person and nothing else.
//!
//! Nothing here reads a file, a clock or a model: texts, times and vectors are arguments. All of it is derived: words that
//! are broken mend themselves, a database that is broken is rebuilt and has to be filled again. Read `index` first.

#![warn(missing_docs)]

mod chunk;
mod database;
mod error;
mod files;
mod fuse;
mod index;
mod levels;
mod lexical;
mod quantise;
mod search;
mod sketch;
mod vectors;
mod words;

#[cfg(test)]
mod tests;

pub use chunk::{Chunk, PassageSize, TextKind, cut};
pub use database::register_vectors;
pub use error::{IndexError, Result};
pub use files::{FilePlace, FileState, FileText, TextHash};
pub use fuse::Weights;
pub use index::{Batch, Counts, Index};
pub use levels::Levels;
pub use search::{Hit, Place, Query};
pub use vectors::{Model, Waiting};
