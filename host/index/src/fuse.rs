//! Makes one ranking of two: how well the words fit and how near the meaning is. Pure arithmetic.

use std::collections::HashMap;

/// What counts how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    pub vector: f32,
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

/// How two rankings are put on one scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// By scores: the best of each ranking is 1, what is not in it 0.
    Scores,
    /// By ranks alone (reciprocal rank fusion).
    Ranks,
}

/// Reciprocal rank fusion's usual constant.
const RRF: f32 = 60.0;

/// The texts of both rankings with a score from 0 to 1, best first. `words` are scores of BM25, `vectors` cosines.
pub(crate) fn fuse(words: &[(i64, f32)], vectors: &[(i64, f32)], weights: Weights, fusion: Fusion) -> Vec<(i64, f32)> {
    let total = (weights.vector + weights.words).max(f32::MIN_POSITIVE);
    let mut scores: HashMap<i64, f32> = HashMap::new();
    // A cosine says little by itself, for models crowd all of theirs in a narrow band; how far it is above the worst
    // candidate's says more. BM25 begins at nothing.
    let crowd = vectors.iter().fold(f32::MAX, |least, (_, score)| least.min(*score));
    let floor = if vectors.len() < 2 { 0.0 } else { crowd };
    for (ranking, floor, weight) in [(words, 0.0, weights.words), (vectors, floor, weights.vector)] {
        for (id, score) in scaled(ranking, floor, fusion) {
            *scores.entry(id).or_default() += score * weight / total;
        }
    }
    let mut fused: Vec<_> = scores.into_iter().collect();
    // Equal ones in the order they were written: a search gives the same answer each time.
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

fn scaled(ranking: &[(i64, f32)], floor: f32, fusion: Fusion) -> Vec<(i64, f32)> {
    let best = ranking.iter().fold(f32::MIN, |best, (_, score)| best.max(*score));
    let scale = |(rank, &(id, score)): (usize, &(i64, f32))| match fusion {
        Fusion::Ranks => (id, (RRF + 1.0) / (RRF + 1.0 + rank as f32)),
        Fusion::Scores if best > floor => (id, (score - floor) / (best - floor)),
        Fusion::Scores => (id, 1.0),
    };
    ranking.iter().enumerate().map(scale).collect()
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
        let words = [(1, 9.0), (2, 8.0), (3, 1.0)];
        let vectors = [(4, 0.9), (2, 0.88), (5, 0.5)];
        for fusion in [Fusion::Scores, Fusion::Ranks] {
            let fused = fuse(&words, &vectors, Weights::default(), fusion);
            assert_eq!(fused[0].0, 2, "{fusion:?}");
            assert!(fused.iter().all(|(_, score)| (0.0..=1.0).contains(score)));
        }
    }

    #[test]
    fn one_ranking_alone_keeps_its_order() {
        let words = [(7, 3.0), (1, 2.0), (9, 1.0)];
        let order: Vec<_> = fuse(&words, &[], Weights::default(), Fusion::Scores).iter().map(|one| one.0).collect();
        assert_eq!(order, [7, 1, 9]);
        assert_eq!(fuse(&[], &[], Weights::default(), Fusion::Scores), []);
        assert_eq!(fuse(&[(1, 5.0)], &[], Weights::default(), Fusion::Scores)[0].1, 0.3);
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
