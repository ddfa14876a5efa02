//! Reads the vectors in a server's answer: in the order of their indices, as numbers or as Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    index: Option<usize>,
    embedding: Embedding,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Embedding {
    Numbers(Vec<f32>),
    /// Of numbers of 32 bits, the lowest byte first.
    Base64(String),
}

/// So many vectors, or why there are none.
pub(super) fn read(body: &[u8], count: usize) -> Result<Vec<Vec<f32>>, String> {
    let Answer { data } =
        serde_json::from_slice(body).map_err(|_| "it answered something else than vectors".to_owned())?;
    if data.len() != count {
        return Err(format!("it answered {} vectors to {count} texts", data.len()));
    }
    let mut vectors = vec![Vec::new(); count];
    for (place, entry) in data.into_iter().enumerate() {
        let index = entry.index.unwrap_or(place);
        let vector = entry.embedding.numbers().ok_or("a vector of its answer is none")?;
        match vectors.get_mut(index) {
            Some(free) if free.is_empty() => *free = vector,
            _ => return Err("it answered twice to one text".to_owned()),
        }
    }
    Ok(vectors)
}

impl Embedding {
    fn numbers(self) -> Option<Vec<f32>> {
        let numbers = match self {
            Self::Numbers(numbers) => numbers,
            Self::Base64(text) => {
                let bytes = STANDARD.decode(text).ok()?;
                let (numbers, odd) = bytes.as_chunks::<4>();
                odd.is_empty().then_some(numbers)?.iter().copied().map(f32::from_le_bytes).collect()
            }
        };
        // One of zeros alone has no direction, and so cannot be near anything.
        let good = numbers.iter().all(|x| x.is_finite()) && numbers.iter().any(|x| *x != 0.0);
        good.then_some(numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_put_in_order() {
        let body = br#"{"data": [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": "AACAPwAAAEA="}]}"#;
        assert_eq!(read(body, 2).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
        let unnumbered = br#"{"data": [{"embedding": [1]}, {"embedding": [2]}]}"#;
        assert_eq!(read(unnumbered, 2).unwrap(), [[1.0], [2.0]]);
    }

    #[test]
    fn what_are_no_vectors_is_refused() {
        let cases = [
            (r#"{"data": []}"#, "0 vectors to 1 texts"),
            (r#"{"data": [{"index": 1, "embedding": [1]}]}"#, "twice"),
            (r#"{"data": [{"index": 0, "embedding": []}]}"#, "is none"),
            (r#"{"data": [{"index": 0, "embedding": [0, 0]}]}"#, "is none"),
            (r#"{"data": [{"index": 0, "embedding": "AACAfw=="}]}"#, "is none"),
            (r#"{"data": [{"index": 0, "embedding": "AAA="}]}"#, "is none"),
            (r#"{"error": "no"}"#, "something else"),
            ("<html>", "something else"),
        ];
        for (body, expected) in cases {
            let reason = read(body.as_bytes(), 1).unwrap_err();
            assert!(reason.contains(expected), "{body}: {reason}");
        }
        assert!(read(br#"{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [1]}]}"#, 2).is_err());
    }
}
