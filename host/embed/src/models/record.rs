//! `steward.json` in a model's folder: where the model came from, what its files must be, and what they do not say
//! themselves.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::EmbedError;

/// The record's name in the folder.
pub(crate) const RECORD: &str = "steward.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    pub(crate) repository: String,
    pub(crate) revision: String,
    pub(crate) query_prefix: String,
    pub(crate) passage_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pooling: Option<Pooling>,
    pub(crate) files: BTreeMap<String, Sum>,
}

/// What a file must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// How the vectors of a text's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first one is taken.
    Cls,
}

impl Record {
    /// That of a folder, if it has one.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, EmbedError> {
        let path = folder.join(RECORD);
        let json = match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| EmbedError::file(&path, error))?,
        };
        match serde_json::from_slice(&json) {
            Ok(record) => Ok(Some(record)),
            Err(error) => Err(EmbedError::Broken { path, reason: error.to_string() }),
        }
    }

    /// Compares the sizes of the files, which costs nothing.
    pub(crate) fn check_sizes(&self, folder: &Path) -> Result<(), EmbedError> {
        for (name, sum) in &self.files {
            let path = folder.join(name);
            let bytes = fs::metadata(&path).map_err(|error| EmbedError::file(&path, error))?.len();
            if bytes != sum.bytes {
                let reason = format!("it has {bytes} bytes and not {}", sum.bytes);
                return Err(EmbedError::Broken { path, reason });
            }
        }
        Ok(())
    }
}
