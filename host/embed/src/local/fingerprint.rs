//! Tells models apart whose vectors must not be compared, without reading hundreds of megabytes at each start.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::folder::{TOKENIZER, WEIGHTS};
use super::weights::header;
use crate::EmbedError;
use crate::models::record::Record;

/// Parts of the weights that are looked at, evenly spread.
const SAMPLES: u64 = 64;
const SAMPLE: u64 = 4096;
/// Hexadecimal digits that are kept.
const DIGITS: usize = 32;

/// By the recorded sums of a model that was pulled; else by the tokenizer, and by the header, the size and samples of
/// the weights. `settings` is all else that changes vectors.
pub(super) fn of(folder: &Path, record: Option<&Record>, settings: &str) -> Result<String, EmbedError> {
    let mut hash = blake3::Hasher::new();
    hash.update(settings.as_bytes());
    match record {
        Some(record) => {
            for name in ["config.json", TOKENIZER, WEIGHTS] {
                hash.update(record.files.get(name).map_or("", |sum| &sum.sha256).as_bytes());
            }
        }
        None => {
            for name in ["config.json", TOKENIZER] {
                let path = folder.join(name);
                hash.update(&fs::read(&path).map_err(|error| EmbedError::file(path, error))?);
            }
            let path = folder.join(WEIGHTS);
            sample(&path, &mut hash).map_err(|error| EmbedError::file(path, error))?;
        }
    }
    let mut digits = hash.finalize().to_hex().to_string();
    digits.truncate(DIGITS);
    Ok(digits)
}

fn sample(path: &Path, hash: &mut blake3::Hasher) -> std::io::Result<()> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    hash.update(&size.to_le_bytes());
    hash.update(&header(&file, size).unwrap_or_default());
    for number in 0..SAMPLES {
        let at = size.saturating_sub(SAMPLE) * number / (SAMPLES - 1);
        let mut bytes = vec![0; SAMPLE.min(size) as usize];
        file.read_exact_at(&mut bytes, at)?;
        hash.update(&bytes);
    }
    Ok(())
}
