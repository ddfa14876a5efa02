//! What is below a path of the workspace. Each folder on the way is visited before it is read, so that whatever is changed
//! in it later can be told.

use std::path::Path;

use steward_beneath::{Folder, Metadata};

use crate::fault::Fault;
use crate::subject::{Sight, THINGS};

/// How deep folders are looked into.
const DEPTH: usize = 16;

/// Is shown each folder, open and with its path in the workspace.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&Folder, &Path);

pub(super) fn seen(workspace: &Path, inside: &Path, visit: Visit<'_>) -> Result<Sight, Fault> {
    let mut walk = Walk { sight: Sight::new(), visit };
    // A link on the way leads elsewhere; what is behind it is not there.
    let Ok(root) = Folder::open(workspace).map(Folder::strict) else { return Ok(walk.sight) };
    walk.begin(root, inside)?;
    Ok(walk.sight)
}

struct Walk<'a> {
    sight: Sight,
    visit: Visit<'a>,
}

impl Walk<'_> {
    fn begin(&mut self, root: Folder, inside: &Path) -> Result<(), Fault> {
        let (Some(above), Some(last)) = (inside.parent(), inside.file_name()) else {
            return self.add_folder(&root, inside, 0);
        };
        let mut folder = root;
        (self.visit)(&folder, Path::new(""));
        let mut shown = std::path::PathBuf::new();
        for part in above {
            shown.push(part);
            let Ok(below) = folder.folder(part) else { return Ok(()) };
            folder = below;
            (self.visit)(&folder, &shown);
        }
        match folder.link_metadata(last) {
            Ok(found) => self.add(&folder, (Path::new(last), inside), found, 0),
            Err(_) => Ok(()),
        }
    }

    /// Adds what bears a name in the open folder; `shown` is its path in the workspace.
    fn add(
        &mut self,
        folder: &Folder,
        (name, shown): (&Path, &Path),
        found: Metadata,
        depth: usize,
    ) -> Result<(), Fault> {
        if found.is_folder() && depth < DEPTH {
            // What goes away while it is looked at is gone.
            let Ok(below) = folder.folder(name) else { return Ok(()) };
            return self.add_folder(&below, shown, depth + 1);
        }
        if found.is_file() {
            if self.sight.len() == THINGS {
                return Err(Fault::Invalid(format!("there are more than {THINGS} files: watch a smaller folder")));
            }
            let state = format!("{}/{}", found.modified.as_nanos(), found.size);
            self.sight.insert(shown.to_string_lossy().into_owned(), state);
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Folder, shown: &Path, depth: usize) -> Result<(), Fault> {
        (self.visit)(folder, shown);
        for entry in folder.entries().unwrap_or_default() {
            // Hidden ones are other programs' own.
            if !entry.name.to_string_lossy().starts_with('.') {
                self.add(folder, (entry.path(), &shown.join(&entry.name)), entry.metadata, depth)?;
            }
        }
        Ok(())
    }
}
