//! Reads tensors from a safetensors file (<https://github.com/huggingface/safetensors#format>).
//!
//! The table of word vectors of a multilingual model is several hundred megabytes. It is never held: the few rows that
//! a text needs are read at their place in the file, which the system keeps in its cache of files. Nothing is mapped,
//! for a mapped file that somebody shortens would end the process.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde::Deserialize;

use crate::EmbedError;

/// The most bytes of a header; a real one has some ten thousand.
const MOST_HEADER: u64 = 16 * 1024 * 1024;

pub(super) struct Weights {
    path: PathBuf,
    file: File,
    size: u64,
    /// Where the data begin.
    data: u64,
    tensors: HashMap<String, Tensor>,
    /// What all names begin with: `bert.` in some files.
    prefix: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (u64, u64),
}

/// Of an entry of the header; `__metadata__` is none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Tensor(Tensor),
    Other(serde::de::IgnoredAny),
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F32,
    F16,
    Bf16,
}

/// Rows of a table that stays in the file.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    kind: Kind,
    start: u64,
    pub(super) count: usize,
    width: usize,
}

impl Weights {
    /// Reads the header; `known` is the end of a name that the file must have, from which the prefix is seen.
    pub(super) fn open(path: &Path, known: &str) -> Result<Self, EmbedError> {
        let file = File::open(path).map_err(|error| EmbedError::file(path, error))?;
        let size = file.metadata().map_err(|error| EmbedError::file(path, error))?.len();
        let broken = |reason: &str| EmbedError::Broken { path: path.to_owned(), reason: reason.to_owned() };
        let header = header(&file, size).ok_or_else(|| broken("it does not begin like a safetensors file"))?;
        let entries: HashMap<String, Entry> =
            serde_json::from_slice(&header).map_err(|_| broken("its header is not a table of tensors"))?;
        let data = 8 + header.len() as u64;
        let tensors: HashMap<String, Tensor> = entries.into_iter().filter_map(named_tensor).collect();
        if tensors.values().any(|tensor| tensor.data_offsets.1 > size - data) {
            return Err(broken("its end is missing"));
        }
        let prefix = tensors.keys().find_map(|name| name.strip_suffix(known)).map(str::to_owned);
        let prefix = prefix.ok_or_else(|| broken(&format!("it has no {known}")))?;
        Ok(Self { path: path.to_owned(), file, size, data, tensors, prefix })
    }

    /// No more numbers can be in the file.
    pub(super) fn most_numbers(&self) -> usize {
        usize::try_from(self.size / 2).unwrap_or(usize::MAX)
    }

    /// The numbers of a tensor of this shape.
    pub(super) fn numbers(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, EmbedError> {
        let (kind, tensor) = self.tensor(name, Some(shape))?;
        let bytes = self.read(tensor.data_offsets.0, shape.iter().product::<usize>() * kind.size())?;
        Ok(kind.numbers(&bytes))
    }

    /// A table of rows of this width.
    pub(super) fn rows(&self, name: &str, width: usize) -> Result<Rows, EmbedError> {
        let (kind, tensor) = self.tensor(name, None)?;
        match tensor.shape[..] {
            [count, found] if found == width => Ok(Rows { kind, start: tensor.data_offsets.0, count, width }),
            _ => Err(self.broken(format!("{name} has the shape {:?}", tensor.shape))),
        }
    }

    /// The numbers of one row.
    pub(super) fn row(&self, rows: &Rows, number: usize) -> Result<Vec<f32>, EmbedError> {
        let size = rows.width * rows.kind.size();
        Ok(rows.kind.numbers(&self.read(rows.start + (number * size) as u64, size)?))
    }

    fn tensor(&self, name: &str, shape: Option<&[usize]>) -> Result<(Kind, &Tensor), EmbedError> {
        let tensor = self.tensors.get(&format!("{}{name}", self.prefix));
        let tensor = tensor.ok_or_else(|| self.broken(format!("it has no {name}")))?;
        if shape.is_some_and(|shape| shape != tensor.shape) {
            return Err(self.broken(format!("{name} has the shape {:?}", tensor.shape)));
        }
        let kind = match tensor.dtype.as_str() {
            "F32" => Kind::F32,
            "F16" => Kind::F16,
            "BF16" => Kind::Bf16,
            other => {
                let reason = format!("its numbers are {other}; F32, F16 and BF16 are known");
                return Err(EmbedError::Unsupported { path: self.path.clone(), reason });
            }
        };
        let numbers = tensor.shape.iter().try_fold(kind.size(), |size, side| size.checked_mul(*side));
        let (start, end) = tensor.data_offsets;
        if numbers.map(|size| size as u64) != end.checked_sub(start) {
            return Err(self.broken(format!("{name} is cut short")));
        }
        Ok((kind, tensor))
    }

    fn read(&self, start: u64, size: usize) -> Result<Vec<u8>, EmbedError> {
        let mut bytes = vec![0; size];
        self.file
            .read_exact_at(&mut bytes, self.data + start)
            .map_err(|error| EmbedError::File { path: self.path.clone(), source: error })?;
        Ok(bytes)
    }

    fn broken(&self, reason: String) -> EmbedError {
        EmbedError::Broken { path: self.path.clone(), reason }
    }
}

/// The JSON that a safetensors file begins with, after its length.
pub(super) fn header(file: &File, size: u64) -> Option<Vec<u8>> {
    let mut length = [0; 8];
    file.read_exact_at(&mut length, 0).ok()?;
    let length = u64::from_le_bytes(length);
    if length > MOST_HEADER || length > size.saturating_sub(8) {
        return None;
    }
    let mut header = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut header, 8).ok()?;
    Some(header)
}

fn named_tensor((name, entry): (String, Entry)) -> Option<(String, Tensor)> {
    match entry {
        Entry::Tensor(tensor) => Some((name, tensor)),
        Entry::Other(_) => None,
    }
}

impl Kind {
    /// Bytes of a number.
    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    fn numbers(self, bytes: &[u8]) -> Vec<f32> {
        let pairs = |number: fn([u8; 2]) -> f32| bytes.as_chunks::<2>().0.iter().copied().map(number).collect();
        match self {
            Self::F32 => bytes.as_chunks::<4>().0.iter().copied().map(f32::from_le_bytes).collect(),
            Self::F16 => pairs(|bytes| f16::from_le_bytes(bytes).to_f32()),
            Self::Bf16 => pairs(|bytes| bf16::from_le_bytes(bytes).to_f32()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    fn open(header: &Value, data: &[u8]) -> Result<Weights, EmbedError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let header = header.to_string();
        fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()).unwrap();
        Weights::open(&path, "word.weight")
    }

    fn table(dtype: &str, end: usize) -> Value {
        let tensor = json!({"dtype": dtype, "shape": [2, 2], "data_offsets": [0, end]});
        json!({"__metadata__": {"format": "pt"}, "bert.word.weight": tensor})
    }

    #[test]
    fn every_kind_of_number_is_read() {
        let expected = [1.5, -2.0, 0.25, 3.0];
        let f32s: Vec<u8> = expected.iter().flat_map(|x: &f32| x.to_le_bytes()).collect();
        let f16s: Vec<u8> = expected.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
        let bf16s: Vec<u8> = expected.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect();
        for (dtype, data) in [("F32", f32s), ("F16", f16s), ("BF16", bf16s)] {
            let weights = open(&table(dtype, data.len()), &data).unwrap();
            assert_eq!(weights.numbers("word.weight", &[2, 2]).unwrap(), expected, "{dtype}");
            let rows = weights.rows("word.weight", 2).unwrap();
            assert_eq!((rows.count, weights.row(&rows, 1).unwrap()), (2, vec![0.25, 3.0]), "{dtype}");
        }
    }

    #[test]
    fn a_file_that_is_none_names_what_to_do() {
        let why = |header: &Value, size: usize| open(header, &vec![0; size]).err().unwrap().to_string();
        assert!(why(&table("F32", 16), 15).contains("its end is missing"));
        assert!(why(&json!({}), 0).contains("it has no word.weight"));
        assert!(why(&json!([]), 0).contains("steward models pull"));
        let missing = Weights::open(Path::new("/nowhere/model.safetensors"), "word.weight").err().unwrap().to_string();
        assert!(missing.contains("/nowhere/model.safetensors is missing") && missing.contains("steward models pull"));
    }

    #[test]
    fn a_tensor_of_another_shape_or_kind_is_refused() {
        let weights = open(&table("F32", 16), &[0; 16]).unwrap();
        assert!(weights.numbers("word.weight", &[4]).unwrap_err().to_string().contains("[2, 2]"));
        assert!(weights.numbers("other", &[4]).unwrap_err().to_string().contains("it has no other"));
        assert!(weights.rows("word.weight", 3).is_err());
        let strange = open(&table("I8", 4), &[0; 4]).unwrap();
        assert!(strange.rows("word.weight", 2).unwrap_err().to_string().contains("I8"));
        let short = open(&table("F32", 8), &[0; 16]).unwrap();
        assert!(short.rows("word.weight", 2).unwrap_err().to_string().contains("cut short"));
    }
}
