//! The encoder itself: BERT's forward pass (Devlin and others, 2018) over several texts at once.
//!
//! The tokens of all texts stand one below the other in one matrix, so there is no padding and nothing to mask; only
//! attention is computed text by text. It computes on the threads of the pool that it is called in. Read `load` for how
//! the weights are in memory.

mod load;

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, s};
use rayon::current_num_threads;

use super::math::{gelu, normalise, softmax};
use super::shape::Shape;
use super::weights::{Rows, Weights};
use crate::EmbedError;

pub(super) struct Encoder {
    shape: Shape,
    /// Of the words, whose vectors stay there.
    file: Weights,
    words: Rows,
    /// All matrices, one below the other; each has as many columns as the encoder is wide.
    matrices: Array2<f32>,
    /// Biases and the weights of norms.
    vectors: Vec<f32>,
    positions: Range<usize>,
    norm: Norm,
    layers: Vec<Layer>,
}

struct Layer {
    /// Query, key and value.
    asked: Linear,
    attended: Linear,
    attended_norm: Norm,
    inner: Linear,
    /// Its matrix has a row for each number that goes in, all others one for each that comes out.
    outer: Linear,
    outer_norm: Norm,
}

/// Where a matrix and its bias are.
struct Linear {
    matrix: Range<usize>,
    bias: Range<usize>,
}

/// Where the weight and the bias of a norm are.
struct Norm {
    weight: Range<usize>,
    bias: Range<usize>,
}

impl Encoder {
    /// How many words it has vectors of.
    pub(super) fn words(&self) -> usize {
        self.words.count
    }

    /// For each text a row for each of its tokens. The tokens must be of the vocabulary, and no more than there are
    /// positions.
    pub(super) fn forward(&self, texts: &[Vec<u32>]) -> Result<Vec<Array2<f32>>, EmbedError> {
        let mut rows = self.embed(texts)?;
        let texts = ranges(texts);
        for layer in &self.layers {
            self.attend(layer, &texts, &mut rows);
            self.think(layer, &mut rows);
        }
        Ok(texts.into_iter().map(|text| rows.slice(s![text, ..]).to_owned()).collect())
    }

    /// The words and their positions.
    fn embed(&self, texts: &[Vec<u32>]) -> Result<Array2<f32>, EmbedError> {
        let mut rows = Array2::zeros((texts.iter().map(Vec::len).sum(), self.shape.hidden));
        let tokens = texts.iter().flat_map(|text| self.positions.clone().zip(text));
        for (mut row, (position, token)) in rows.outer_iter_mut().zip(tokens) {
            let word = self.file.row(&self.words, *token as usize)?;
            row.assign(&self.matrices.row(position));
            row += &ArrayView1::from(&word);
        }
        self.normalise(&self.norm, &mut rows);
        Ok(rows)
    }

    /// Each token takes from the others of its text what it looks for.
    fn attend(&self, layer: &Layer, texts: &[Range<usize>], rows: &mut Array2<f32>) {
        let asked = self.linear(&layer.asked, rows);
        let mut taken = Array2::zeros(rows.raw_dim());
        for text in texts {
            self.attend_within(asked.slice(s![text.clone(), ..]), taken.slice_mut(s![text.clone(), ..]));
        }
        *rows += &self.linear(&layer.attended, &taken);
        self.normalise(&layer.attended_norm, rows);
    }

    /// All heads over one text.
    fn attend_within(&self, asked: ArrayView2<'_, f32>, mut taken: ArrayViewMut2<'_, f32>) {
        let (tokens, width) = (asked.nrows(), self.shape.hidden / self.shape.heads);
        let scale = 1.0 / (width as f32).sqrt();
        let of = |part: usize, head: usize| {
            let start = part * self.shape.hidden + head * width;
            asked.slice(s![.., start..start + width])
        };
        taken.axis_chunks_iter_mut(Axis(1), width).into_par_iter().enumerate().for_each(|(head, mut taken)| {
            let mut shares = Array2::zeros((tokens, tokens));
            general_mat_mul(scale, &of(0, head), &of(1, head).t(), 0.0, &mut shares);
            shares.outer_iter_mut().for_each(softmax);
            general_mat_mul(1.0, &shares, &of(2, head), 0.0, &mut taken);
        });
    }

    /// Each token for itself.
    fn think(&self, layer: &Layer, rows: &mut Array2<f32>) {
        let mut inner = self.linear(&layer.inner, rows);
        inner.par_mapv_inplace(gelu);
        let outer = self.matrices.slice(s![layer.outer.matrix.clone(), ..]);
        *rows += &self.product(&inner, outer, &layer.outer.bias);
        self.normalise(&layer.outer_norm, rows);
    }

    fn linear(&self, linear: &Linear, rows: &Array2<f32>) -> Array2<f32> {
        let matrix = self.matrices.slice(s![linear.matrix.clone(), ..]);
        self.product(rows, matrix.reversed_axes(), &linear.bias)
    }

    /// Rows times a matrix plus a bias; each thread computes a part of the columns.
    fn product(&self, rows: &Array2<f32>, matrix: ArrayView2<'_, f32>, bias: &Range<usize>) -> Array2<f32> {
        let mut result = Array2::zeros((rows.nrows(), matrix.ncols()));
        let part = matrix.ncols().div_ceil(current_num_threads()).max(1);
        let columns = result.axis_chunks_iter_mut(Axis(1), part).into_par_iter();
        let matrices = matrix.axis_chunks_iter(Axis(1), part).into_par_iter();
        let bias = ArrayView1::from(&self.vectors[bias.clone()]);
        let biases = bias.axis_chunks_iter(Axis(0), part).into_par_iter();
        columns.zip(matrices).zip(biases).for_each(|((mut result, matrix), bias)| {
            result.assign(&bias);
            general_mat_mul(1.0, rows, &matrix, 1.0, &mut result);
        });
        result
    }

    fn normalise(&self, norm: &Norm, rows: &mut Array2<f32>) {
        let weight = ArrayView1::from(&self.vectors[norm.weight.clone()]);
        let bias = ArrayView1::from(&self.vectors[norm.bias.clone()]);
        let work = |row: ArrayViewMut1<'_, f32>| normalise(row, weight, bias, self.shape.epsilon);
        rows.axis_iter_mut(Axis(0)).into_par_iter().for_each(work);
    }
}

/// Which rows are whose.
fn ranges(texts: &[Vec<u32>]) -> Vec<Range<usize>> {
    let mut end = 0;
    let next = |text: &Vec<u32>| {
        let start = end;
        end += text.len();
        start..end
    };
    texts.iter().map(next).collect()
}
