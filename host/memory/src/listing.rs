//! Which files belong to a space: its own, and those below what was asked to be searched, without what .gitignore
//! leaves out. What was asked for by its name is searched also where a .gitignore above it leaves it out.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use steward_beneath::{BeneathError, Folder, Kind, Place};
use steward_index::FilePlace;

use crate::opening::OpenRoot;

/// More files are not taken in from one source.
const MOST: usize = 200_000;

/// A folder whose files are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    /// In the index: empty for the space's own.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Of the space's own files.
    pub(crate) own: Option<Place>,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) place: FilePlace,
    pub(crate) path: PathBuf,
}

impl Root {
    pub(crate) fn own(place: Place) -> Self {
        Self { name: String::new(), folder: place.path(), own: Some(place) }
    }

    /// A file or folder with an absolute path.
    pub(crate) fn source(path: &str) -> Self {
        Self { name: path.to_owned(), folder: PathBuf::from(path), own: None }
    }

    /// Whether it is one file and no folder.
    pub(crate) fn is_file(&self) -> bool {
        self.own.is_none() && self.folder.is_file()
    }

    /// Its files in order; nothing when it is not there, which is no sign that it was deleted.
    pub(crate) fn files(&self, hidden: &[PathBuf]) -> Option<Vec<Listed>> {
        if let Some(place) = &self.own {
            return Some(self.own_files(place));
        }
        if self.is_file() {
            let path = self.folder.file_name()?.to_string_lossy().into_owned();
            return Some(vec![self.listed(path, self.folder.clone())]);
        }
        OpenRoot::of(self, hidden).ok()?;
        Some(self.below(&self.folder, hidden))
    }

    /// The Markdown files that are memory; a link that leads nowhere is among them, so that why it is not read is told.
    fn own_files(&self, place: &Place) -> Vec<Listed> {
        let Ok(folder) = place.open() else { return Vec::new() };
        own_names(&folder).into_iter().map(|name| self.listed(name.clone(), self.folder.join(name))).collect()
    }

    fn below(&self, root: &Path, hidden: &[PathBuf]) -> Vec<Listed> {
        let listed = |rules| -> Vec<Listed> {
            let files = walk(root, hidden, rules).filter_map(|path| {
                let below = path.strip_prefix(root).ok()?.to_str()?.to_owned();
                Some(self.listed(below, path))
            });
            files.take(MOST).collect()
        };
        let found = listed(Rules::AndThoseAbove);
        // Whoever asks for a folder by its name wants it, whatever the folders above it say of it.
        if found.is_empty() { listed(Rules::Own) } else { found }
    }

    /// Why not all files below it are searched, for people; `listed` are the files that are.
    pub(crate) fn left_out(&self, hidden: &[PathBuf], listed: usize) -> Option<String> {
        let root = Some(&self.folder).filter(|root| self.own.is_none() && root.is_dir())?;
        if listed >= MOST {
            return Some(format!("it has more than {MOST} files, and the others are not read: name folders within it"));
        }
        let count = |rules| walk(root, hidden, rules).take(MOST).count();
        let left = count(Rules::None).saturating_sub(listed);
        let by = match count(Rules::Own) > listed {
            true => "above it",
            false => "in it",
        };
        (left > 0).then(|| format!("{left} files are left out by a .gitignore {by}: name them to have them searched"))
    }

    fn listed(&self, path: String, file: PathBuf) -> Listed {
        Listed { place: FilePlace { root: self.name.clone(), path }, path: file }
    }
}

/// The files of memory in a folder, by their paths there.
fn own_names(folder: &Folder) -> Vec<String> {
    let mut names = vec!["MEMORY.md".to_owned(), "HEARTBEAT.md".to_owned()];
    for name in ["memory", "sessions"] {
        let entries = match folder.folder(name).and_then(|below| below.entries()) {
            Ok(entries) => entries,
            Err(BeneathError::Missing { .. }) => continue,
            Err(error) => {
                tracing::warn!(%error, "a folder of memory cannot be searched");
                continue;
            }
        };
        let files = entries.into_iter().filter_map(|entry| entry.name.into_string().ok());
        let files = files.filter(|name| name.ends_with(".md") && !name.starts_with('.'));
        names.extend(files.map(|file| format!("{name}/{file}")));
    }
    names.retain(|name| folder.link_metadata(name).is_ok_and(|found| found.kind != Kind::Folder));
    names
}

/// Which rules leave files out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    None,
    /// Those in the folder and below it.
    Own,
    AndThoseAbove,
}

/// The plain files below a folder, but for those whose names begin with a dot.
fn walk(root: &Path, hidden: &[PathBuf], rules: Rules) -> impl Iterator<Item = PathBuf> {
    let hidden = hidden.to_vec();
    let mut walk = WalkBuilder::new(root);
    let (any, above) = (rules != Rules::None, rules == Rules::AndThoseAbove);
    walk.ignore(any).git_ignore(any).git_exclude(above).git_global(above).parents(above);
    // A .gitignore counts also where the folder is not a repository.
    walk.require_git(false).follow_links(false).same_file_system(true);
    walk.filter_entry(move |entry| {
        // A rule such as `!.gitignore` would bring a name with a dot back.
        let dotted = entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        !dotted && !hidden.iter().any(|hidden| entry.path().starts_with(hidden))
    });
    walk.sort_by_file_path(std::cmp::Ord::cmp);
    walk.build().filter_map(|entry| {
        let entry = entry.ok()?;
        entry.file_type()?.is_file().then(|| entry.into_path())
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(root: &Root, hidden: &[PathBuf]) -> Vec<String> {
        root.files(hidden).unwrap().into_iter().map(|file| file.place.path).collect()
    }

    fn write(folder: &Path, files: &[&str]) {
        for file in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    #[test]
    fn the_own_files_are_memory_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &["MEMORY.md", "memory/2026-11-20.md", "memory/.x.md", "sessions/a.md", "plan.md", "memory/b.txt"],
        );
        let found = names(&Root::own(Place::of(folder.path())), &[]);
        assert_eq!(found, ["MEMORY.md", "memory/2026-11-20.md", "sessions/a.md"]);
    }

    #[test]
    fn a_source_leaves_out_what_is_ignored_hidden_or_steward_s() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        write(&root, &["a.md", "target/b", ".env", ".git/config", "src/lib.rs", "data/steward.sqlite"]);
        fs::write(root.join(".gitignore"), "target\n").unwrap();
        let source = Root::source(root.to_str().unwrap());
        assert_eq!(names(&source, &[root.join("data")]), ["a.md", "src/lib.rs"]);
        std::os::unix::fs::symlink(&root, root.join("link")).unwrap();
        assert!(
            Root::source(root.join("link/src").to_str().unwrap()).files(&[]).is_none(),
            "it was no link when named"
        );
        let one = Root::source(root.join("a.md").to_str().unwrap());
        assert_eq!(names(&one, &[]), ["a.md"]);
        assert!(Root::source("/nowhere/at/all").files(&[]).is_none());
    }
    #[test]
    fn what_is_asked_for_by_its_name_is_listed_whatever_is_above_it_and_what_is_left_out_is_told() {
        for above in ["*", "*\n!.gitignore", "/notes", "notes/", "/notes/*", "notes/**", "*.md"] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            write(&root, &["notes/a.md", "notes/deep/b.md", "notes/build/c.md", "other/d.md"]);
            fs::write(root.join(".gitignore"), above).unwrap();
            fs::write(root.join("notes/.gitignore"), "build\n").unwrap();
            let source = Root::source(root.join("notes").to_str().unwrap());
            assert_eq!(names(&source, &[]), ["a.md", "deep/b.md"], "{above}");
            let told = source.left_out(&[], 2).unwrap();
            assert!(told.starts_with("1 files") && told.contains(".gitignore in it"), "{told}");
        }
    }

    #[test]
    fn rules_from_above_that_leave_out_a_part_count_and_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        write(&root, &["notes/a.md", "notes/target/b.md"]);
        fs::write(root.join(".gitignore"), "target\n").unwrap();
        let source = Root::source(root.join("notes").to_str().unwrap());
        assert_eq!(names(&source, &[]), ["a.md"]);
        assert!(source.left_out(&[], 1).unwrap().contains(".gitignore above it"));
        fs::remove_file(root.join(".gitignore")).unwrap();
        assert_eq!(names(&source, &[]).len(), 2);
        assert_eq!(source.left_out(&[], 2), None);
    }
}
