//! Compares the files of an installed model with what was recorded of them. It reads all of them.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::download::hexadecimal;
use super::record::{RECORD, Record};
use crate::EmbedError;

/// Fails with the first file that is not as it was installed, or where the folder has no record. Takes a second for
/// each some hundred megabytes: not for async threads.
pub fn verify(folder: &Path) -> Result<(), EmbedError> {
    let record = Record::read(folder)?.ok_or_else(|| EmbedError::Missing { path: folder.join(RECORD) })?;
    record.check_sizes(folder)?;
    for (name, expected) in &record.files {
        let path = folder.join(name);
        let mut sum = Sha256::new();
        let copied = File::open(&path).and_then(|mut file| io::copy(&mut file, &mut sum));
        copied.map_err(|error| EmbedError::file(&path, error))?;
        let found = hexadecimal(&sum.finalize());
        if found != expected.sha256 {
            let reason = format!("its sum is {found} and not {}", expected.sha256);
            return Err(EmbedError::Broken { path, reason });
        }
    }
    Ok(())
}
