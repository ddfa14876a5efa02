//! The models whose files are known. Sums are SHA-256 of the files at that revision of the repository: those of
//! `all-minilm-l6-v2` were computed from a copy of it, all others are published by many who use the same revision, and
//! agree.

use super::record::Pooling;
use crate::EmbedError;

/// A model that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// What it is asked for by.
    pub name: &'static str,
    /// On Hugging Face.
    pub repository: &'static str,
    /// The commit whose files are meant.
    pub revision: &'static str,
    /// Its SPDX identifier.
    pub licence: &'static str,
    /// Of what it is good for, for people.
    pub languages: &'static str,
    /// What is put before a question.
    pub query_prefix: &'static str,
    /// What is put before a passage.
    pub passage_prefix: &'static str,
    /// What the folder does not say itself.
    pub pooling: Option<Pooling>,
    /// What is fetched, and no more.
    pub files: &'static [ModelFile],
}

/// A file of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its path in the repository and in the folder.
    pub name: &'static str,
    /// Its length.
    pub bytes: u64,
    /// In lower-case hexadecimal.
    pub sha256: &'static str,
}

/// What is installed where nothing else is asked for.
pub const DEFAULT: &str = "multilingual-e5-small";

/// All models that can be installed by name.
pub const KNOWN: &[Model] = &[
    Model {
        name: DEFAULT,
        repository: "intfloat/multilingual-e5-small",
        revision: "614241f622f53c4eeff9890bdc4f31cfecc418b3",
        licence: "MIT",
        languages: "a hundred languages, English and Russian among them",
        query_prefix: "query: ",
        passage_prefix: "passage: ",
        pooling: None,
        files: &[
            file("config.json", 655, "69137736cab8b8903a07fe8afaafdda25aac55415a12a55d1bffa9f581abf959"),
            file("modules.json", 387, "c6e29747481e8b5dd2b58401966aeac910de39092f90cda9a704b1545f902b04"),
            file("sentence_bert_config.json", 57, "948201d8329907aae938fa62f9ceeed53f5694dacc2b87b9f3b78b37ee986529"),
            file("1_Pooling/config.json", 200, "987f7a67a38fa564c849bb5d277c52ab9088a84368fc0be31a354125aebb12a0"),
            file("tokenizer.json", 17_082_730, "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"),
            file("model.safetensors", 470_641_600, "1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477"),
        ],
    },
    Model {
        name: "all-minilm-l6-v2",
        repository: "sentence-transformers/all-MiniLM-L6-v2",
        revision: "1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        licence: "Apache-2.0",
        languages: "English",
        query_prefix: "",
        passage_prefix: "",
        pooling: None,
        files: &[
            file("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            file("modules.json", 349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
            file("sentence_bert_config.json", 53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
            file("1_Pooling/config.json", 190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
            file("tokenizer.json", 466_247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            file("model.safetensors", 90_868_376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
        ],
    },
    Model {
        name: "rubert-tiny2",
        repository: "cointegrated/rubert-tiny2",
        revision: "e8ed3b0c8bbf4fb6984c3de043bf7d2f4e5969ae",
        licence: "MIT",
        languages: "Russian, some English; small and quick",
        query_prefix: "",
        passage_prefix: "",
        // As its model card computes sentences.
        pooling: Some(Pooling::Cls),
        files: &[
            file("config.json", 693, "adee8b3e344bcb8379f44d0b3577c267d52881341e05d973c43e49974778dfff"),
            file("tokenizer.json", 1_741_842, "45cc9f974145661db6bc020795839d1dc371adc19a9c78b910393209b4fe5efc"),
            file("model.safetensors", 117_529_600, "26ebb6db2a68593c54c74902d7a74f332da66297693f965cc9f1b0af4abf3894"),
        ],
    },
];

const fn file(name: &'static str, bytes: u64, sha256: &'static str) -> ModelFile {
    ModelFile { name, bytes, sha256 }
}

impl Model {
    /// Of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// The model of that name.
pub fn find(name: &str) -> Result<&'static Model, EmbedError> {
    KNOWN.iter().find(|model| model.name == name).ok_or_else(|| {
        let known = KNOWN.iter().map(|model| model.name).collect::<Vec<_>>().join(", ");
        EmbedError::UnknownModel { name: name.to_owned(), known }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_holds_together() {
        assert_eq!(find(DEFAULT).unwrap().name, DEFAULT);
        let error = find("bert").unwrap_err().to_string();
        assert!(error.contains("no model is called bert") && error.contains("all-minilm-l6-v2"), "{error}");
        let names: HashSet<&str> = KNOWN.iter().map(|model| model.name).collect();
        assert_eq!(names.len(), KNOWN.len());
        for model in KNOWN {
            let hexadecimal = |text: &str| text.chars().all(|digit| matches!(digit, '0'..='9' | 'a'..='f'));
            assert!(model.revision.len() == 40 && hexadecimal(model.revision), "{}", model.name);
            assert!(model.files.iter().all(|file| file.sha256.len() == 64 && hexadecimal(file.sha256)));
            for needed in ["config.json", "tokenizer.json", "model.safetensors"] {
                assert!(model.files.iter().any(|file| file.name == needed), "{} has no {needed}", model.name);
            }
        }
    }
}
