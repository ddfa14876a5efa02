//! The few functions of an encoder that are not products of matrices.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use ndarray::{ArrayView1, ArrayViewMut1, Zip};

/// Scales a row to mean 0 and variance 1, then by the learnt weight and bias (Ba and others, 2016).
pub(super) fn normalise(
    mut row: ArrayViewMut1<'_, f32>,
    weight: ArrayView1<'_, f32>,
    bias: ArrayView1<'_, f32>,
    epsilon: f32,
) {
    let width = row.len() as f32;
    row -= row.sum() / width;
    let scale = 1.0 / (row.dot(&row) / width + epsilon).sqrt();
    Zip::from(&mut row).and(weight).and(bias).for_each(|x, weight, bias| *x = *x * scale * weight + bias);
}

/// Makes of a row weights that add up to 1.
pub(super) fn softmax(mut row: ArrayViewMut1<'_, f32>) {
    let most = row.fold(f32::NEG_INFINITY, |most, x| most.max(*x));
    row.mapv_inplace(|x| (x - most).exp());
    row /= row.sum();
}

/// x · Φ(x), with the normal distribution Φ (Hendrycks and Gimpel, 2016); exact, not by the tangent.
pub(super) fn gelu(x: f32) -> f32 {
    x * (0.5 + 0.5 * erf(x * FRAC_1_SQRT_2))
}

/// The error function, to 1e-6: a quotient of polynomials in x², fitted to it between 0 and 3.9 with the greatest error
/// as small as it gets.
fn erf(x: f32) -> f32 {
    const ABOVE: [f32; 6] =
        [2.050_344_8e-6, 2.874_393_5e-4, 3.836_462e-3, 5.296_563_7e-2, 0.191_932_54, FRAC_2_SQRT_PI];
    const BELOW: [f32; 6] = [3.822_935_5e-5, 1.181_617_4e-3, 1.510_841_2e-2, 0.114_754_55, 0.503_427_57, 1.0];
    let x = x.clamp(-3.9, 3.9);
    let square = x * x;
    let polynomial = |factors: &[f32; 6]| factors.iter().fold(0.0, |sum, factor| sum * square + factor);
    x * polynomial(&ABOVE) / polynomial(&BELOW)
}

/// Scales a vector to length 1. One without any length stays as it is.
pub(crate) fn to_unit_length(vector: &mut [f32]) {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_error_function_is_near_its_series() {
        // erf(x) = 2/√π · Σ (-1)^n x^(2n+1) / (n! (2n+1))
        let series = |x: f64| {
            let (mut term, mut sum) = (x, x);
            for n in 1..200 {
                term *= -x * x / f64::from(n);
                sum += term / f64::from(2 * n + 1);
            }
            sum * std::f64::consts::FRAC_2_SQRT_PI
        };
        for step in -4500..=4500 {
            let x = step as f32 / 1000.0;
            let error = (f64::from(erf(x)) - series(f64::from(x))).abs();
            assert!(error < 1e-6, "erf({x}) is off by {error}");
        }
        assert_eq!((erf(100.0), erf(0.0)), (erf(3.9), 0.0));
    }

    #[test]
    fn rows_are_normalised_and_weighed() {
        let mut rows = array![[1.0, 3.0], [5.0, 5.0]];
        let (weight, bias) = (array![1.0, 2.0], array![0.0, 1.0]);
        rows.outer_iter_mut().for_each(|row| normalise(row, weight.view(), bias.view(), 1e-12));
        assert_eq!(rows, array![[-1.0, 3.0], [0.0, 1.0]]);
        let mut rows = array![[0.0, f32::ln(3.0)], [1000.0, 1000.0]];
        rows.outer_iter_mut().for_each(softmax);
        assert!((rows[(0, 0)] - 0.25).abs() < 1e-6 && (rows[(0, 1)] - 0.75).abs() < 1e-6, "{rows}");
        assert_eq!(rows.row(1), array![0.5, 0.5]);
        assert!((gelu(1.0) - 0.841_345).abs() < 1e-6 && gelu(-10.0).abs() < 1e-5);
    }

    #[test]
    fn a_vector_without_length_stays() {
        let mut vectors = [[3.0, 4.0], [0.0, 0.0]];
        vectors.iter_mut().for_each(|vector| to_unit_length(vector));
        assert_eq!(vectors, [[0.6, 0.8], [0.0, 0.0]]);
    }
}
