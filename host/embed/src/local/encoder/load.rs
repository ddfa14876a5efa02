//! Reads the weights. All matrices become one allocation: so large a one is given back to the system as soon as it is
//! freed, while smaller ones would stay in the allocator's hands.

use std::ops::Range;
use std::path::Path;

use ndarray::Array2;

use super::{Encoder, Layer, Linear, Norm};
use crate::EmbedError;
use crate::local::shape::Shape;
use crate::local::weights::Weights;

impl Encoder {
    /// Reads all weights of a model.safetensors but the vectors of words.
    pub(in crate::local) fn open(path: &Path, shape: &Shape) -> Result<Self, EmbedError> {
        let file = Weights::open(path, shape.names.words)?;
        let words = file.rows(shape.names.words, shape.hidden)?;
        let mut reader = Reader { file: &file, shape, numbers: Vec::new(), vectors: Vec::new() };
        reader.numbers.reserve_exact(reader.planned().min(file.most_numbers()));
        let positions = reader.positions()?;
        let norm = reader.norm(shape.names.norm)?;
        let layers = (0..shape.layers).map(|number| reader.layer(number)).collect::<Result<_, _>>()?;
        let Reader { numbers, vectors, .. } = reader;
        let matrices = Array2::from_shape_vec((numbers.len() / shape.hidden, shape.hidden), numbers)
            .map_err(|error| EmbedError::Broken { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Self { shape: shape.clone(), file, words, matrices, vectors, positions, norm, layers })
    }
}

struct Reader<'a> {
    file: &'a Weights,
    shape: &'a Shape,
    /// Of the matrices, row by row.
    numbers: Vec<f32>,
    vectors: Vec<f32>,
}

impl Reader<'_> {
    /// Numbers of all matrices: the positions, and in each layer four as wide as the encoder and two between it and the
    /// inner numbers.
    fn planned(&self) -> usize {
        let Shape { hidden, inner, layers, positions, .. } = self.shape;
        let layer = hidden.saturating_mul(4).saturating_add(inner.saturating_mul(2));
        layer.saturating_mul(*layers).saturating_add(*positions).saturating_mul(*hidden)
    }

    /// The rows of the positions a text can have. What every token of a text has in common is added to them.
    fn positions(&mut self) -> Result<Range<usize>, EmbedError> {
        let Shape { names, hidden, positions, first_position, .. } = self.shape;
        let rows = self.matrix(names.positions, *positions)?;
        if let Some(kinds) = names.kinds {
            let kinds = self.file.rows(kinds, *hidden)?;
            let common = self.file.row(&kinds, 0)?;
            for row in self.numbers.chunks_exact_mut(*hidden) {
                row.iter_mut().zip(&common).for_each(|(sum, number)| *sum += number);
            }
        }
        Ok(rows.start + first_position..rows.end)
    }

    fn layer(&mut self, number: usize) -> Result<Layer, EmbedError> {
        let names = self.shape.names;
        let name = |part: &str| format!("{}.{number}.{part}", names.layer);
        let (hidden, inner) = (self.shape.hidden, self.shape.inner);
        Ok(Layer {
            asked: self.linear(&[name(names.query), name(names.key), name(names.value)], hidden)?,
            attended: self.linear(&[name(names.attended)], hidden)?,
            attended_norm: self.norm(&name(names.attended_norm))?,
            inner: self.linear(&[name(names.inner)], inner)?,
            outer: self.turned(&name(names.outer), inner)?,
            outer_norm: self.norm(&name(names.outer_norm))?,
        })
    }

    /// Several matrices of so many rows, and their biases, as one.
    fn linear(&mut self, names: &[String], rows: usize) -> Result<Linear, EmbedError> {
        let matrix = self.numbers.len() / self.shape.hidden;
        let bias = self.vectors.len();
        for name in names {
            self.matrix(&format!("{name}.weight"), rows)?;
            self.vector(&format!("{name}.bias"), rows)?;
        }
        Ok(Linear { matrix: matrix..self.numbers.len() / self.shape.hidden, bias: bias..self.vectors.len() })
    }

    /// A matrix whose rows become columns, so that it is as wide as all others.
    fn turned(&mut self, name: &str, columns: usize) -> Result<Linear, EmbedError> {
        let hidden = self.shape.hidden;
        let start = self.numbers.len() / hidden;
        let numbers = self.file.numbers(&format!("{name}.weight"), &[hidden, columns])?;
        for column in 0..columns {
            self.numbers.extend(numbers.iter().skip(column).step_by(columns));
        }
        let bias = self.vector(&format!("{name}.bias"), hidden)?;
        Ok(Linear { matrix: start..start + columns, bias })
    }

    fn norm(&mut self, name: &str) -> Result<Norm, EmbedError> {
        let weight = self.vector(&format!("{name}.weight"), self.shape.hidden)?;
        let bias = self.vector(&format!("{name}.bias"), self.shape.hidden)?;
        Ok(Norm { weight, bias })
    }

    fn matrix(&mut self, name: &str, rows: usize) -> Result<Range<usize>, EmbedError> {
        let start = self.numbers.len() / self.shape.hidden;
        self.numbers.extend(self.file.numbers(name, &[rows, self.shape.hidden])?);
        Ok(start..start + rows)
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Range<usize>, EmbedError> {
        let start = self.vectors.len();
        self.vectors.extend(self.file.numbers(name, &[length])?);
        Ok(start..start + length)
    }
}
