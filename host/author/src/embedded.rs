//! The folders that the build script has embedded: templates, SDKs and the contract.

/// A folder of this repository.
pub(crate) struct Tree {
    /// `templates/rust`, `sdk/python`, `wit`.
    pub(crate) name: &'static str,
    pub(crate) files: &'static [File],
}

pub(crate) struct File {
    /// Within the folder, with `/`.
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

impl Tree {
    /// The folder of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TREES.iter().find(|tree| tree.name == name)
    }
}

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
