//! The files of the repository, read and parsed once. What git ignores is not read.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use ignore::WalkBuilder;
use syn::Item;

use crate::marks;

/// What is a copy or an input, and so is not ours to put right.
const FOREIGN: [&str; 4] = ["tests/frozen/", "tests/retrieval/", "fuzz/seeds/", "sdk/templates/"];

/// Kinds of files that are read.
const READ: [&str; 6] = ["rs", "md", "toml", "wit", "yml", "sh"];

/// What of the repository a build of the image may read.
pub(crate) const IMAGE: &str = ".dockerignore";

/// One file.
pub(crate) struct Source {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Of Rust.
    pub(crate) syntax: Option<syn::File>,
}

/// All files, by path.
pub(crate) struct Sources {
    files: Vec<Source>,
    places: HashMap<String, usize>,
    /// All folders, also those without a file that is read.
    folders: BTreeSet<String>,
}

impl Sources {
    /// # Errors
    /// A file cannot be read, or is Rust that cannot be parsed.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let (mut files, mut folders) = (Vec::new(), BTreeSet::new());
        for entry in WalkBuilder::new(root).require_git(false).sort_by_file_path(Ord::cmp).build() {
            let entry = entry?;
            let path = entry.path().strip_prefix(root)?.to_string_lossy().into_owned();
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                folders.insert(path);
                continue;
            }
            let kind = entry.path().extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            let is_read = READ.contains(&kind) && !FOREIGN.iter().any(|place| path.starts_with(place));
            if is_read && entry.file_type().is_some_and(|kind| kind.is_file()) {
                let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
                files.push((path, text));
            }
        }
        // Hidden, and so not met on the way.
        if let Ok(text) = fs::read_to_string(root.join(IMAGE)) {
            files.push((IMAGE.to_owned(), text));
        }
        Ok(Self { folders, ..Self::parse(files)? })
    }

    /// # Errors
    /// One of them is Rust that cannot be parsed.
    pub(crate) fn parse(files: Vec<(String, String)>) -> anyhow::Result<Self> {
        let parsed = files.into_iter().map(|(path, text)| {
            let syntax = match path.ends_with(".rs") {
                true => Some(syn::parse_file(&text).with_context(|| format!("{path} is not Rust"))?),
                false => None,
            };
            anyhow::Ok(Source { path, text, syntax })
        });
        let files = parsed.collect::<anyhow::Result<Vec<_>>>()?;
        let places = files.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        let folders =
            files.iter().filter_map(|file| file.path.rsplit_once('/')).map(|(folder, _)| folder.to_owned()).collect();
        Ok(Self { files, places, folders })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// Those of Rust, with what they say.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&Source, &syn::File)> {
        self.files.iter().filter_map(|file| Some((file, file.syntax.as_ref()?)))
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        self.places.get(path).map(|at| &self.files[*at])
    }

    /// Whether a file of Rust is there for tests alone: by its place, or because a module around it is.
    pub(crate) fn is_for_tests(&self, path: &str) -> bool {
        if path.ends_with("/tests.rs") || path.contains("/tests/") || path.starts_with("tests/") {
            return true;
        }
        let Some((folder, file)) = path.rsplit_once('/') else { return false };
        if matches!(file, "lib.rs" | "main.rs") {
            // The root of a crate is in no module.
            return false;
        }
        let parents = [format!("{folder}.rs"), format!("{folder}/lib.rs"), format!("{folder}/main.rs")];
        let mut parents = parents.iter().filter_map(|path| self.get(path));
        let Some(parent) = parents.next() else { return false };
        let items = parent.syntax.iter().flat_map(|syntax| &syntax.items);
        let is_here = |item: &Item| matches!(item, Item::Mod(one) if file == format!("{}.rs", one.ident) && marks::is_for_tests(&one.attrs));
        items.into_iter().any(is_here) || self.is_for_tests(&parent.path)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        self.folders.contains(path)
    }
}
