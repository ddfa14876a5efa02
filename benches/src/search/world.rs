//! Passages and questions made up by a seed: words as often as words of a language are (Zipf), vectors in heaps around
//! centres and off the middle, as those of language models are.

use super::DIMENSION;

const CENTRES: usize = 2_000;
const VOCABULARY: f64 = 60_000.0;
/// Words in a passage, and in a question.
const WORDS: usize = 60;
const ASKED: usize = 6;

pub(crate) struct World {
    pub(crate) size: usize,
    centres: Vec<Vec<f32>>,
    middle: Vec<f32>,
}

impl World {
    pub(crate) fn new(size: usize) -> Self {
        let mut random = Random(1);
        let centres = (0..CENTRES).map(|_| random.normals()).collect();
        let middle = random.normals().into_iter().map(|value| value * 1.5).collect();
        Self { size, centres, middle }
    }

    /// The vector of a passage, of length one.
    pub(crate) fn vector(&self, number: usize) -> Vec<f32> {
        self.near(&mut Random::of(number as u64))
    }

    /// The vector of a question.
    pub(crate) fn query(&self, number: usize) -> Vec<f32> {
        self.near(&mut Random::of(u64::MAX / 2 + number as u64))
    }

    fn near(&self, random: &mut Random) -> Vec<f32> {
        let centre = &self.centres[random.below(CENTRES)];
        let own = random.normals();
        let mut vector: Vec<_> = (0..DIMENSION).map(|at| centre[at] + 0.9 * own[at] + self.middle[at]).collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    }

    /// The text of a passage; it begins with its number.
    pub(crate) fn text(&self, number: usize) -> String {
        format!("n{number} {}", words(&mut Random::of(number as u64 ^ 0x5eed), WORDS))
    }

    pub(crate) fn question(&self, number: usize) -> String {
        words(&mut Random::of(number as u64 ^ 0xa5ced), ASKED)
    }
}

fn words(random: &mut Random, count: usize) -> String {
    let word = |_| format!("w{}", (VOCABULARY.powf(random.unit()) - 1.0) as u64);
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// Splitmix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn of(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal: the sum of four even ones.
    fn normals(&mut self) -> Vec<f32> {
        let mut normal = || ((0..4).map(|_| self.unit()).sum::<f64>() - 2.0) as f32 * 1.732;
        (0..DIMENSION).map(|_| normal()).collect()
    }
}
