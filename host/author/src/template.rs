//! A new project from the template of its language. It appears whole or not at all.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::embedded::File;
use crate::error::AuthorError;
use crate::language::Language;
use crate::project::is_name;

/// What the plugin is called in the templates, which are projects themselves; and the same as an identifier.
const PLACEHOLDERS: [&str; 2] = ["my-plugin", "my_plugin"];

/// Makes the project `name` in the folder `parent` and gives its folder.
///
/// # Errors
/// The name is none, or the folder is there already and not empty, or it cannot be written.
pub fn create(parent: &Path, name: &str, language: &Language) -> Result<PathBuf, AuthorError> {
    if !is_name(name) {
        return Err(AuthorError::Name(name.to_owned()));
    }
    let folder = parent.join(name);
    if !is_free(&folder)? {
        return Err(AuthorError::Taken(folder));
    }
    // Next to its place, so that it can be moved there in one step.
    let here = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let draft = tempfile::Builder::new().prefix(".steward-new-").tempdir_in(here).map_err(AuthorError::io(here))?;
    let made = draft.path().join(name);
    for file in language.template().into_iter().flat_map(|tree| tree.files) {
        write(&made, file, |text| named(text, name))?;
    }
    for part in language.parts {
        let tree = crate::embedded::Tree::named(part.tree);
        for file in tree.into_iter().flat_map(|tree| tree.files) {
            write(&made.join(part.to), file, str::to_owned)?;
        }
    }
    fs::rename(&made, &folder).map_err(|error| match error.kind() {
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            AuthorError::Taken(folder.clone())
        }
        _ => AuthorError::Io { path: folder.clone(), source: error },
    })?;
    Ok(folder)
}

/// Whether a project can be put there: nothing is, or an empty folder.
fn is_free(folder: &Path) -> Result<bool, AuthorError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(AuthorError::Io { path: folder.to_owned(), source: error }),
    }
}

fn write(folder: &Path, file: &File, text: impl Fn(&str) -> String) -> Result<(), AuthorError> {
    let path = folder.join(file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(AuthorError::io(parent))?;
    }
    fs::write(&path, text(file.text)).map_err(AuthorError::io(&path))
}

/// The text with the plugin's name in the place of the template's.
fn named(text: &str, name: &str) -> String {
    let [kebab, snake] = PLACEHOLDERS;
    text.replace(kebab, name).replace(snake, &name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::Tree;
    use crate::language::LANGUAGES;
    use crate::project::{Project, Recipe};

    #[test]
    fn every_language_has_a_template_that_becomes_a_project_of_that_name() {
        for language in LANGUAGES {
            let parent = tempfile::tempdir().unwrap();
            let folder = create(parent.path(), "word-count", language).unwrap();
            let project = Project::open(&folder).unwrap();
            assert_eq!(project.name, "word-count", "{}", language.name);
            assert!(matches!(project.recipe, Some(Recipe::Language(found)) if found.name == language.name));
            for file in ["README.md", ".gitignore", "tests.toml"] {
                assert!(folder.join(file).is_file(), "{}: {file}", language.name);
            }
            for file in language.template().unwrap().files {
                let text = fs::read_to_string(folder.join(file.path)).unwrap();
                assert!(PLACEHOLDERS.iter().all(|word| !text.contains(word)), "{}: {}", language.name, file.path);
            }
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "nothing else is left");
        }
    }

    #[test]
    fn every_part_is_embedded() {
        for part in LANGUAGES.iter().flat_map(|language| language.parts) {
            assert!(Tree::named(part.tree).is_some_and(|tree| !tree.files.is_empty()), "{}", part.tree);
        }
    }

    #[test]
    fn what_is_there_is_never_touched() {
        let parent = tempfile::tempdir().unwrap();
        let at = |name: &str| create(parent.path(), name, LANGUAGES[0]);
        fs::create_dir(parent.path().join("empty")).unwrap();
        assert!(at("empty").is_ok());
        let again = at("empty").unwrap_err().to_string();
        assert!(again.contains("is there already"), "{again}");
        fs::write(parent.path().join("file"), "mine").unwrap();
        assert!(matches!(at("file"), Err(AuthorError::Taken(_))));
        assert_eq!(fs::read_to_string(parent.path().join("file")).unwrap(), "mine");
        for name in ["", "Upper", "1st", "a/b", "..", "a b", &"a".repeat(65)] {
            assert!(matches!(at(name), Err(AuthorError::Name(_))), "{name}");
        }
    }
}
