//! Which files a person may have searched in addition to the own ones: what they name, resolved, and checked where it
//! really is.

use std::path::{Path, PathBuf};

use steward_agent::{MemoryFault, MemorySpace};
use steward_beneath::Place;

use crate::settings::Settings;

/// Who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A tool, and so perhaps whoever wrote what the model has read: the workspace and the folders of the configuration.
    Tool,
    /// The person at the machine's own command line: whatever its user may read.
    Person,
}

/// The absolute path of a source, with all links followed.
///
/// # Errors
/// It is not there, or may not be searched; the text says what to do.
pub(crate) fn resolve(
    settings: &Settings,
    space: MemorySpace,
    path: &str,
    asker: Asker,
) -> Result<PathBuf, MemoryFault> {
    let named = Path::new(path.trim());
    let own = settings.folder(space);
    // In a sandbox's own words the workspace is at `/workspace`.
    let named = named.strip_prefix("/workspace").unwrap_or(named);
    let place = own.join(named).canonicalize().map_err(|error| {
        let path = one_line(path);
        MemoryFault::NotFound(format!("`{path}` cannot be searched: {error}; name a file or folder that is there"))
    })?;
    let below = |folder: &Path| folder.canonicalize().is_ok_and(|folder| place.starts_with(folder));
    if settings.hidden.iter().any(|hidden| below(hidden)) && !below(&own) {
        return Err(MemoryFault::Denied("Steward's own data is not searched: name another folder".to_owned()));
    }
    let allowed = match (asker, space) {
        (Asker::Person, _) => true,
        (Asker::Tool, MemorySpace::Owners) => below(&own) || settings.folders.iter().any(|folder| below(folder)),
        (Asker::Tool, MemorySpace::Person(_)) => below(&own),
    };
    if !allowed {
        let (path, shown) = (one_line(path), place.display());
        return Err(MemoryFault::Denied(format!(
            "`{path}` is outside the workspace. The owner can allow it: by `steward memory index {shown}` on the \
             machine itself, or by memory.search.folders in steward.toml"
        )));
    }
    if place.parent().is_none() {
        return Err(MemoryFault::Invalid("the whole machine is too much: name a folder".to_owned()));
    }
    Ok(place)
}

/// How a source that is no longer there may still be named.
pub(crate) fn named(settings: &Settings, space: MemorySpace, path: &str) -> Vec<String> {
    let named = Path::new(path.trim());
    let named = named.strip_prefix("/workspace").unwrap_or(named);
    let joined = settings.folder(space).join(named);
    let real = joined.canonicalize().ok();
    [Some(joined), real].into_iter().flatten().map(|path| path.to_string_lossy().into_owned()).collect()
}

fn one_line(path: &str) -> String {
    path.chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl Settings {
    /// The folder of a space's own files.
    pub fn folder(&self, space: MemorySpace) -> PathBuf {
        match space {
            MemorySpace::Owners => self.workspace.clone(),
            MemorySpace::Person(id) => self.people.join(id.to_string()),
        }
    }

    /// The same, to be opened.
    pub(crate) fn place(&self, space: MemorySpace) -> Place {
        match space {
            MemorySpace::Owners => Place::of(&self.workspace),
            MemorySpace::Person(id) => Place::below(&self.people, id.to_string()),
        }
    }

    /// A path as it is shown to its person: below the own folder where it is there.
    pub(crate) fn shown(&self, space: MemorySpace, root: &str, path: &str) -> String {
        if root.is_empty() {
            return path.to_owned();
        }
        let root = Path::new(root);
        // A source that is one file has its own name as its path.
        let whole = if root.file_name().is_some_and(|name| name == path) && root.is_file() {
            root.to_owned()
        } else {
            root.join(path)
        };
        let own = self.folder(space);
        let own = own.canonicalize().unwrap_or(own);
        whole.strip_prefix(&own).unwrap_or(&whole).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use steward_agent::PersonId;

    use super::*;

    struct Fixture {
        folder: tempfile::TempDir,
        settings: Settings,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["data/people/7/notes", "work/notes", "elsewhere", "allowed"] {
                fs::create_dir_all(folder.path().join(name)).unwrap();
            }
            let mut settings = Settings::new(&folder.path().join("data"), folder.path().join("work"));
            settings.folders = vec![folder.path().join("allowed")];
            Self { folder, settings }
        }

        fn try_it(&self, space: MemorySpace, path: &str, asker: Asker) -> Result<PathBuf, MemoryFault> {
            resolve(&self.settings, space, path, asker)
        }

        fn absolute(&self, path: &str) -> String {
            self.folder.path().join(path).to_str().unwrap().to_owned()
        }
    }

    #[test]
    fn tools_reach_the_workspace_and_what_the_configuration_opens() {
        let fixture = Fixture::new();
        symlink("../elsewhere", fixture.folder.path().join("work/link")).unwrap();
        let owners = MemorySpace::Owners;
        for path in
            ["notes", "/workspace/notes", "./notes", &fixture.absolute("work/notes"), &fixture.absolute("allowed")]
        {
            assert!(fixture.try_it(owners, path, Asker::Tool).is_ok(), "{path}");
        }
        for path in ["link", "../elsewhere", &fixture.absolute("elsewhere"), "/etc", "/"] {
            let denied = fixture.try_it(owners, path, Asker::Tool).unwrap_err();
            assert!(
                matches!(&denied, MemoryFault::Denied(text) if text.contains("memory.search.folders")),
                "{path}: {denied}"
            );
        }
        assert!(fixture.try_it(owners, &fixture.absolute("elsewhere"), Asker::Person).is_ok());
        assert!(matches!(fixture.try_it(owners, "nothing", Asker::Tool), Err(MemoryFault::NotFound(_))));
        assert!(matches!(
            fixture.try_it(owners, "/", Asker::Person),
            Err(MemoryFault::Invalid(_) | MemoryFault::Denied(_))
        ));
    }

    #[test]
    fn nobody_reaches_steward_s_data_or_another_person_s_folder() {
        let fixture = Fixture::new();
        let seven = MemorySpace::Person(PersonId(7));
        for asker in [Asker::Tool, Asker::Person] {
            let denied = fixture.try_it(MemorySpace::Owners, &fixture.absolute("data/people/7"), asker);
            assert!(matches!(denied, Err(MemoryFault::Denied(_))));
        }
        assert!(fixture.try_it(seven, "notes", Asker::Tool).is_ok());
        for path in [fixture.absolute("work/notes"), fixture.absolute("allowed"), "../../../work".to_owned()] {
            assert!(matches!(fixture.try_it(seven, &path, Asker::Tool), Err(MemoryFault::Denied(_))), "{path}");
        }
    }

    #[test]
    fn paths_are_shown_as_their_person_knows_them() {
        let fixture = Fixture::new();
        let shown = |root: &str, path: &str| fixture.settings.shown(MemorySpace::Owners, root, path);
        let work = fixture.folder.path().join("work").canonicalize().unwrap();
        assert_eq!(shown("", "MEMORY.md"), "MEMORY.md");
        assert_eq!(shown(work.join("notes").to_str().unwrap(), "a.md"), "notes/a.md");
        assert_eq!(shown("/srv/books", "b.pdf"), "/srv/books/b.pdf");
    }
}
