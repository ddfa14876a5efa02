//! A plugin project: a folder with a plugin.toml that says, under `[build]`, how a .wasm file is made of the sources.
//! What the manifest grants is not looked at here.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::error::AuthorError;
use crate::language::Language;

/// The manifest's file.
pub(crate) const MANIFEST: &str = "plugin.toml";

/// The folder of everything that is built.
const BUILT: &str = "build";

/// A project as its plugin.toml describes it.
pub struct Project {
    /// Absolute.
    pub folder: PathBuf,
    /// Of the plugin.
    pub name: String,
    /// Of the plugin.
    pub version: String,
    /// The text of plugin.toml.
    pub manifest: String,
    /// How it is built; `None` where plugin.toml does not say.
    pub recipe: Option<Recipe>,
}

/// How it is built.
pub enum Recipe {
    /// As everything in that language is.
    Language(&'static Language),
    /// By a program of the project's choice.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
        /// The .wasm file it makes, beneath the project's folder.
        output: PathBuf,
    },
}

/// What of plugin.toml matters here.
#[derive(Deserialize)]
struct Head {
    name: String,
    version: String,
    build: Option<Build>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    language: Option<String>,
    command: Option<Vec<String>>,
    output: Option<PathBuf>,
}

impl Project {
    /// Reads the project in a folder.
    ///
    /// # Errors
    /// There is no plugin.toml, or what is wrong in it.
    pub fn open(folder: &Path) -> Result<Self, AuthorError> {
        let path = folder.join(MANIFEST);
        let manifest = fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => AuthorError::NoProject(folder.to_owned()),
            _ => AuthorError::Io { path: path.clone(), source: error },
        })?;
        let folder = folder.canonicalize().map_err(AuthorError::io(folder))?;
        let wrong = |problem: String| AuthorError::Manifest { path: path.clone(), problem };
        let head: Head = toml::from_str(&manifest).map_err(|error| wrong(error.to_string()))?;
        // Both become names of files.
        if !is_name(&head.name) {
            return Err(AuthorError::Name(head.name));
        }
        let in_version = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_');
        if head.version.is_empty() || !head.version.chars().all(in_version) || head.version.starts_with('.') {
            return Err(wrong(format!("version: `{}` is not a version such as 0.1.0", head.version)));
        }
        let recipe = head.build.map(|build| recipe(build, &wrong)).transpose()?;
        Ok(Self { folder, name: head.name, version: head.version, manifest, recipe })
    }

    /// The .wasm file of the last build.
    pub fn component(&self) -> PathBuf {
        self.folder.join(BUILT).join(format!("{}.wasm", self.name))
    }

    /// Where the file with the manifest in it goes if nothing else is said.
    pub fn packed(&self) -> PathBuf {
        self.folder.join(BUILT).join(format!("{}-{}.wasm", self.name, self.version))
    }

    /// The file of its test cases.
    pub fn cases(&self) -> PathBuf {
        self.folder.join("tests.toml")
    }

    /// The folder for what is between sources and result.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join(BUILT).join("work")
    }
}

fn recipe(build: Build, wrong: &impl Fn(String) -> AuthorError) -> Result<Recipe, AuthorError> {
    match build {
        Build { language: Some(name), command: None, output: None } => Language::named(&name).map(Recipe::Language),
        Build { language: None, command: Some(command), output: Some(output) } => {
            let beneath = output.components().all(|part| matches!(part, Component::Normal(_)));
            match (command.as_slice(), beneath) {
                ([], _) => Err(wrong("build.command is empty: name a program and its arguments".to_owned())),
                (_, false) => Err(wrong("build.output must be a file beneath the project's folder".to_owned())),
                _ => Ok(Recipe::Command { command, output }),
            }
        }
        _ => Err(wrong("[build] takes either `language`, or `command` and `output`".to_owned())),
    }
}

/// What a manifest takes as a name, beginning with a letter so that every language takes it too.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(manifest: &str) -> Result<Project, AuthorError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(MANIFEST), manifest).unwrap();
        Project::open(folder.path())
    }

    #[test]
    fn a_project_says_how_it_is_built() {
        let project = open("name = \"a-b\"\nversion = \"1.0\"\n[build]\nlanguage = \"rust\"").unwrap();
        assert!(matches!(project.recipe, Some(Recipe::Language(language)) if language.name == "rust"));
        assert!(project.packed().ends_with("build/a-b-1.0.wasm"));
        let own = "name = \"a\"\nversion = \"1\"\n[build]\ncommand = [\"make\"]\noutput = \"out/a.wasm\"";
        assert!(matches!(open(own).unwrap().recipe, Some(Recipe::Command { .. })));
        assert!(open("name = \"a\"\nversion = \"1\"\n[limits]\nmemory_mb = 1").unwrap().recipe.is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |text: &str| open(text).err().unwrap().to_string();
        assert!(refused("name = \"../a\"\nversion = \"1\"").contains("not a name for a plugin"));
        assert!(refused("name = \"a\"\nversion = \"../1\"").contains("not a version"));
        let head = "name = \"a\"\nversion = \"1\"\n[build]\n";
        assert!(refused(&format!("{head}language = \"basic\"")).contains("use one of rust"));
        assert!(refused(&format!("{head}lang = \"rust\"")).contains("lang"));
        assert!(refused(&format!("{head}command = [\"make\"]\noutput = \"../a.wasm\"")).contains("beneath"));
        assert!(refused(&format!("{head}command = [\"make\"]")).contains("`output`"));
        let none = Project::open(Path::new("/nowhere/at/all")).err().unwrap().to_string();
        assert!(none.contains("steward plugin new"), "{none}");
    }
}
