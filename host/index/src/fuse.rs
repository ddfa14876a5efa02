//! Makes one ranking of two: how well the words fit and how near the meaning is. Pure arithmetic.

use std::collections::HashMap;

/// What counts how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// How near the meaning is, from 0 to 1.
    pub vector: f32,
    /// How well the words fit, from 0 to 1.
    pub words: f32,
    /// How much newness counts: 0 not at all; 1 makes what is a half-life old count half as much.
    pub recency: f32,
    /// In seconds.
    pub half_life: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { vector: 0.7, words: 0.3, recency: 0.0, half_life: 30.0 * 86_400.0 }
    }
}

/// The texts of both rankings with a score from 0 to 1, best first. `words` say how much of the question a text covers,
/// `vectors` are cosines.
pub(crate) fn fuse(words: &[(i64, f32)], vectors: &[(i64, f32)], weights: Weights) -> Vec<(i64, f32)> {
    let total = (weights.vector + weights.words).max(f32::MIN_POSITIVE);
    let mut scores: HashMap<i64, f32> = HashMap::new();
    for (id, score) in words {
        *scores.entry(*id).or_default() += score * weights.words / total;
    }
    for (id, score) in spread(vectors) {
        *scores.entry(id).or_default() += score * weights.vector / total;
    }
    let mut fused: Vec<_> = scores.into_iter().collect();
    // Equal ones in the order they were written: a search gives the same answer each time.
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

/// Cosines from 0 for the worst candidate to 1 for the best: models crowd all of theirs in a narrow band, so one by
/// itself says little.
fn spread(cosines: &[(i64, f32)]) -> impl Iterator<Item = (i64, f32)> {
    let best = cosines.iter().fold(f32::MIN, |best, (_, cosine)| best.max(*cosine));
    let worst = cosines.iter().fold(f32::MAX, |worst, (_, cosine)| worst.min(*cosine));
    cosines.iter().map(move |&(id, cosine)| (id, if best > worst { (cosine - worst) / (best - worst) } else { 1.0 }))
}

/// What is left of a score by the age of a passage, in seconds.
pub(crate) fn aged(score: f32, age: f32, weights: Weights) -> f32 {
    if weights.recency <= 0.0 || weights.half_life <= 0.0 {
        return score;
    }
    let fresh = (-age.max(0.0) / weights.half_life).exp2();
    score * (1.0 - weights.recency.min(1.0) * (1.0 - fresh))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_good_in_both_comes_first() {
        let words = [(1, 0.9), (2, 0.8), (3, 0.1)];
        let vectors = [(4, 0.9), (2, 0.88), (5, 0.5)];
        let fused = fuse(&words, &vectors, Weights::default());
        assert_eq!(fused.iter().map(|one| one.0).collect::<Vec<_>>(), [2, 4, 1, 3, 5]);
        assert!(fused.iter().all(|(_, score)| (0.0..=1.0).contains(score)));
    }

    #[test]
    fn one_ranking_alone_keeps_its_order() {
        let words = [(7, 0.3), (1, 0.2), (9, 0.1)];
        let order: Vec<_> = fuse(&words, &[], Weights::default()).iter().map(|one| one.0).collect();
        assert_eq!(order, [7, 1, 9]);
        assert_eq!(fuse(&[], &[], Weights::default()), []);
        assert_eq!(fuse(&[], &[(1, 0.8)], Weights::default()), [(1, 0.7)]);
    }

    #[test]
    fn age_counts_only_where_it_was_asked_for() {
        let weights = Weights::default();
        assert_eq!(aged(0.8, 1e9, weights), 0.8);
        let half = aged(0.8, weights.half_life, Weights { recency: 1.0, ..weights });
        assert!((half - 0.4).abs() < 1e-6);
        assert!((aged(0.8, 1e12, Weights { recency: 0.25, ..weights }) - 0.6).abs() < 1e-6);
    }
}
