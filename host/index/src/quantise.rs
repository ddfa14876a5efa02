//! Vectors in small: a signed byte a component for the exact order, a bit a component to find who may be near at all.

/// How finely what a byte leaves out, at most half of one, is kept.
const PARTS: f32 = 254.0;

/// A vector's components as bytes, the largest 127. Its length is lost, which cosine does not need.
pub(crate) fn bytes(vector: &[f32]) -> Vec<u8> {
    let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    vector.iter().map(|value| ((value * scale).round() as i8).cast_unsigned()).collect()
}

/// What the bytes leave out, in 254ths of one of them.
pub(crate) fn fine(vector: &[f32], bytes: &[u8]) -> Vec<u8> {
    let largest = vector.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let left = |(value, byte): (&f32, &u8)| (value * scale - f32::from(byte.cast_signed())) * PARTS;
    vector.iter().zip(bytes).map(|pair| (left(pair).round() as i8).cast_unsigned()).collect()
}

/// The cosine of a vector and one that is kept as bytes with what they leave out.
pub(crate) fn fine_cosine(query: &[f32], kept: &[u8], fine: &[u8]) -> f32 {
    let (mut dot, mut square) = (0.0f32, 0.0f32);
    for ((asked, byte), rest) in query.iter().zip(kept).zip(fine) {
        let value = f32::from(byte.cast_signed()) + f32::from(rest.cast_signed()) / PARTS;
        dot += asked * value;
        square += value * value;
    }
    let length = square.sqrt() * length(query);
    if length > 0.0 { dot / length } else { 0.0 }
}

/// The cosine of a vector and one that is kept as bytes; 0 where one of them is nothing.
pub(crate) fn cosine(query: &[f32], kept: &[u8]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the one way to use instructions that not every processor has")]
        // SAFETY: the line above has asked the processor for them.
        return unsafe { cosine_with_avx2(query, kept) };
    }
    cosine_plainly(query, kept)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn cosine_with_avx2(query: &[f32], kept: &[u8]) -> f32 {
    cosine_plainly(query, kept)
}

#[inline(always)]
fn cosine_plainly(query: &[f32], kept: &[u8]) -> f32 {
    // Sums side by side, so that the compiler can do several components at once.
    const LANES: usize = 16;
    let (mut dots, mut squares) = ([0.0f32; LANES], [0i32; LANES]);
    let (asked, asked_rest) = query.as_chunks::<LANES>();
    let (bytes, bytes_rest) = kept.as_chunks::<LANES>();
    for (asked, bytes) in asked.iter().zip(bytes) {
        for lane in 0..LANES {
            let value = i32::from(bytes[lane].cast_signed());
            dots[lane] += asked[lane] * value as f32;
            squares[lane] += value * value;
        }
    }
    let (mut dot, mut square) = (dots.iter().sum::<f32>(), squares.iter().sum::<i32>());
    for (&asked, &byte) in asked_rest.iter().zip(bytes_rest) {
        let value = i32::from(byte.cast_signed());
        dot += asked * value as f32;
        square += value * value;
    }
    let length = (square as f32).sqrt() * length(query);
    if length > 0.0 { dot / length } else { 0.0 }
}

#[inline(always)]
fn length(vector: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (parts, rest) = vector.as_chunks::<LANES>();
    let mut squares = [0.0f32; LANES];
    for part in parts {
        for lane in 0..LANES {
            squares[lane] += part[lane] * part[lane];
        }
    }
    (squares.iter().sum::<f32>() + rest.iter().map(|value| value * value).sum::<f32>()).sqrt()
}

/// On which side of the middle each component is, 64 in a word.
pub(crate) fn bits(values: impl Iterator<Item = f32>, middle: &[f32], into: &mut Vec<u64>) {
    let (mut word, mut filled) = (0u64, 0);
    for (value, middle) in values.zip(middle) {
        word |= u64::from(value > *middle) << filled;
        filled += 1;
        if filled == 64 {
            into.push(word);
            (word, filled) = (0, 0);
        }
    }
    if filled > 0 {
        into.push(word);
    }
}

/// The components of a vector that is kept as bytes, of length one.
pub(crate) fn components(kept: &[u8]) -> impl Iterator<Item = f32> {
    let square: i32 = kept.iter().map(|&byte| i32::from(byte.cast_signed()).pow(2)).sum();
    let scale = if square > 0 { 1.0 / (square as f32).sqrt() } else { 0.0 };
    kept.iter().map(move |&byte| f32::from(byte.cast_signed()) * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_the_direction() {
        let vector = [0.02, -0.5, 0.31, 0.8];
        let kept = bytes(&vector);
        assert!((cosine(&vector, &kept) - 1.0).abs() < 1e-4);
        assert!((components(&kept).map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(cosine(&[0.0; 4], &kept), 0.0);
        assert_eq!(bytes(&[0.0, 0.0]), [0, 0]);
    }

    #[test]
    fn what_the_bytes_leave_out_makes_it_as_exact_as_sixteen_bits() {
        let vector: Vec<f32> = (0..384).map(|n| (n as f32 * 0.7).sin() * 0.3).collect();
        let query: Vec<f32> = (0..384).map(|n| (n as f32 * 0.71).cos()).collect();
        let dot: f32 = vector.iter().zip(&query).map(|(a, b)| a * b).sum();
        let exact = dot / (length(&vector) * length(&query));
        let kept = bytes(&vector);
        let found = fine_cosine(&query, &kept, &fine(&vector, &kept));
        assert!((found - exact).abs() < 2e-6, "{found} {exact}");
        assert!((cosine(&query, &kept) - exact).abs() > (found - exact).abs());
    }

    #[test]
    fn bits_tell_the_side_of_the_middle() {
        let mut words = Vec::new();
        bits([0.2, -0.2, 0.1].into_iter(), &[0.1, -0.3, 0.1], &mut words);
        assert_eq!(words, [0b011]);
        words.clear();
        bits((0..130).map(|n| n as f32), &[-1.0; 130], &mut words);
        assert_eq!(words, [u64::MAX, u64::MAX, 0b11]);
    }
}
