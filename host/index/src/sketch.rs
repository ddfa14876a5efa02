//! A bit for each component of each vector, in memory: whoever may be near is found by counting the bits in which they
//! differ, several hundred million a second, and then compared in full. It needs no training, takes new vectors at any
//! time, and costs `dimension / 8 + 4` bytes a vector. While there are few, their bytes are held whole as well, some
//! megabytes, and all are compared.

use crate::quantise;

/// Up to here all are compared, which takes about a millisecond.
const FEW: usize = 16_384;
/// More vectors for the middle say nothing more.
const SAMPLE: usize = 4_096;

#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    /// The mean of a sample: bits tell most where about half of the vectors are on each side.
    middle: Vec<f32>,
    /// Words for one vector.
    width: usize,
    ids: Vec<u32>,
    words: Vec<u64>,
    /// All vectors as bytes while there are few, else nothing.
    bytes: Vec<u8>,
    /// How many vectors the middle was made from.
    measured: usize,
}

impl Sketch {
    /// A sketch for vectors of one length, its middle made from a sample of them as bytes.
    pub(crate) fn new<'a>(dimension: usize, sample: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut middle = vec![0.0; dimension];
        let mut measured = 0;
        for kept in sample.take(SAMPLE) {
            for (sum, value) in middle.iter_mut().zip(quantise::components(kept)) {
                *sum += value;
            }
            measured += 1;
        }
        for sum in &mut middle {
            *sum /= measured.max(1) as f32;
        }
        Self { middle, width: dimension.div_ceil(64), ids: Vec::new(), words: Vec::new(), bytes: Vec::new(), measured }
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the middle was made from so few that it should be rebuilt.
    pub(crate) fn is_outgrown(&self) -> bool {
        self.measured < SAMPLE && self.ids.len() > 4 * self.measured.max(64)
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        self.ids.reserve(more);
        self.words.reserve(more * self.width);
    }

    /// Takes in a vector that is kept as bytes.
    pub(crate) fn push(&mut self, id: i64, kept: &[u8]) {
        // Ids are counted up by the database, one for each different text.
        let Ok(id) = u32::try_from(id) else { return };
        if self.ids.len() * self.middle.len() == self.bytes.len() {
            match self.ids.len() < FEW {
                true => self.bytes.extend_from_slice(kept),
                false => self.bytes = Vec::new(),
            }
        }
        self.ids.push(id);
        quantise::bits(quantise::components(kept), &self.middle, &mut self.words);
    }

    /// The nearest with their cosines while there are few enough to compare all; one that was replaced or deleted
    /// meanwhile may be among them.
    pub(crate) fn nearest(&self, query: &[f32], most: usize) -> Option<Vec<(i64, f32)>> {
        let dimension = self.middle.len();
        if self.ids.is_empty() || self.bytes.len() != self.ids.len() * dimension || query.len() != dimension {
            return None;
        }
        let rows = self.ids.iter().zip(self.bytes.chunks_exact(dimension));
        let mut found: Vec<_> = rows.map(|(id, kept)| (i64::from(*id), quantise::cosine(query, kept))).collect();
        if found.len() > most {
            found.select_nth_unstable_by(most, |a, b| b.1.total_cmp(&a.1));
            found.truncate(most);
        }
        Some(found)
    }

    /// The ids of about `most` vectors that may be nearest, in no order; more where several are equally far. One that
    /// was replaced or deleted meanwhile may be among them.
    pub(crate) fn near(&self, query: &[f32], most: usize) -> Vec<i64> {
        let length = query.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let mut asked = Vec::with_capacity(self.width);
        quantise::bits(query.iter().map(|value| value / length), &self.middle, &mut asked);
        let mut near = Nearest::new(most, self.width * 64);
        scan(&asked, &self.words, &self.ids, &mut near);
        near.into_ids()
    }
}

/// The nearest so far: a count for each distance tells how far the farthest that still counts is.
struct Nearest {
    most: usize,
    bound: u32,
    counts: Vec<usize>,
    /// How many are within the bound.
    within: usize,
    found: Vec<(u32, u32)>,
}

impl Nearest {
    fn new(most: usize, farthest: usize) -> Self {
        let bound = u32::try_from(farthest).unwrap_or(u32::MAX);
        Self { most, bound, counts: vec![0; farthest + 1], within: 0, found: Vec::new() }
    }

    fn add(&mut self, distance: u32, id: u32) {
        self.found.push((distance, id));
        self.counts[distance as usize] += 1;
        self.within += 1;
        while self.within - self.counts[self.bound as usize] >= self.most && self.bound > 0 {
            self.within -= self.counts[self.bound as usize];
            self.bound -= 1;
        }
        if self.found.len() > 8 * self.most.max(64) {
            self.found.retain(|(distance, _)| *distance <= self.bound);
        }
    }

    fn into_ids(mut self) -> Vec<i64> {
        self.found.retain(|(distance, _)| *distance <= self.bound);
        self.found.into_iter().map(|(_, id)| i64::from(id)).collect()
    }
}

fn scan(asked: &[u64], words: &[u64], ids: &[u32], near: &mut Nearest) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("popcnt") && std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the one way to use instructions that not every processor has")]
        // SAFETY: the line above has asked the processor for them.
        return unsafe { scan_with_popcnt(asked, words, ids, near) };
    }
    scan_plainly(asked, words, ids, near);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt,avx2")]
fn scan_with_popcnt(asked: &[u64], words: &[u64], ids: &[u32], near: &mut Nearest) {
    scan_plainly(asked, words, ids, near);
}

#[inline(always)]
fn scan_plainly(asked: &[u64], words: &[u64], ids: &[u32], near: &mut Nearest) {
    match <&[u64; 6]>::try_from(asked) {
        // The usual 384 components: with a known length the compiler needs no loop within the loop.
        Ok(asked) => {
            for (row, &id) in words.as_chunks::<6>().0.iter().zip(ids) {
                let distance = asked.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
                if distance <= near.bound {
                    near.add(distance, id);
                }
            }
        }
        Err(_) => {
            for (row, &id) in words.chunks_exact(asked.len().max(1)).zip(ids) {
                let distance = asked.iter().zip(row).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
                if distance <= near.bound {
                    near.add(distance, id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    fn vectors(number: usize, dimension: usize) -> Vec<Vec<f32>> {
        let mut random = StdRng::seed_from_u64(7);
        (0..number).map(|_| (0..dimension).map(|_| random.random_range(-1.0..1.0f32) + 0.4).collect()).collect()
    }

    fn sketch(vectors: &[Vec<f32>]) -> Sketch {
        let kept: Vec<_> = vectors.iter().map(|vector| quantise::bytes(vector)).collect();
        let mut sketch = Sketch::new(vectors[0].len(), kept.iter().map(Vec::as_slice));
        for (id, kept) in kept.iter().enumerate() {
            sketch.push(id as i64, kept);
        }
        sketch
    }

    #[test]
    fn a_vector_is_near_to_itself() {
        for dimension in [3, 64, 100, 384, 768] {
            let vectors = vectors(500, dimension);
            let sketch = sketch(&vectors);
            for id in [0, 17, 499] {
                assert!(sketch.near(&vectors[id], 5).contains(&(id as i64)), "{dimension}");
            }
        }
    }

    #[test]
    fn few_are_all_compared_and_more_are_not() {
        let vectors = vectors(FEW + 1, 8);
        let few = sketch(&vectors[..FEW]);
        let (id, cosine) = few.nearest(&vectors[7], 1).unwrap()[0];
        assert!(id == 7 && cosine > 0.999);
        assert_eq!(sketch(&vectors).nearest(&vectors[7], 1), None);
    }

    #[test]
    fn about_as_many_are_found_as_were_asked_for_and_all_of_them_are_nearest() {
        let vectors = vectors(3_000, 384);
        let sketch = sketch(&vectors);
        let query = &vectors[5];
        let mut asked = Vec::new();
        quantise::bits(query.iter().copied().map(|value| value / 13.0), &sketch.middle, &mut asked);
        let found = sketch.near(query, 50);
        assert!((50..80).contains(&found.len()), "{}", found.len());
        assert!(sketch.near(query, 10_000).len() == 3_000);
        assert_eq!(sketch.near(query, 0).len(), 0);
    }
}
