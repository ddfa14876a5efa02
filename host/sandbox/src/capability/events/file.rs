//! A file of the workspace, or a folder with all that is in it. No link is followed, nothing is read but names, times
//! and sizes.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::visible;
use steward_beneath::{Folder, Metadata};

use super::{Change, Kind, Sight, THINGS};
use crate::backing::Backing;
use crate::bindings::Failure;

pub(super) const KIND: Kind = Kind {
    name: "file",
    description: "A file of the workspace, or anything in a folder of it, is added, changed or removed.",
    schema: r#"{"type":"object","properties":{"path":{"type":"string","description":"The file or folder, such as `notes` or `notes/todo.md`; it need not exist yet."}},"required":["path"],"additionalProperties":false}"#,
    settle: |_, settings| Box::pin(std::future::ready(Ok(settings))),
    look,
    tell,
};

/// How deep folders are looked into.
const DEPTH: usize = 16;
const NAME_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    path: String,
}

fn look(backing: Arc<Backing>, settings: Value) -> BoxFuture<'static, Result<Sight, Failure>> {
    Box::pin(async move {
        let Settings { path } = serde_json::from_value(settings)
            .map_err(|error| Failure::Invalid(format!("`settings` of a file: {error}")))?;
        let inside = inside(&path)?;
        let looked = tokio::task::spawn_blocking(move || seen(&backing.workspace, &inside));
        looked.await.map_err(|error| Failure::Failed(error.to_string()))?
    })
}

/// The path within the workspace.
fn inside(path: &str) -> Result<PathBuf, Failure> {
    let mut inside = PathBuf::new();
    for part in Path::new(path.trim()).components() {
        match part {
            Component::Normal(name) => inside.push(name),
            Component::CurDir => {}
            _ => {
                let shown = visible(path, NAME_CHARS);
                return Err(Failure::Invalid(format!("`{shown}` leads out of the workspace: name a path in it")));
            }
        }
    }
    Ok(inside)
}

fn seen(workspace: &Path, inside: &Path) -> Result<Sight, Failure> {
    let mut sight = Sight::new();
    // A link on the way leads elsewhere; what is behind it is not there.
    let Ok(folder) = Folder::open(workspace).map(Folder::strict) else { return Ok(sight) };
    if inside.as_os_str().is_empty() {
        add_folder(&mut sight, &folder, inside, 0)?;
    } else if let Ok(found) = folder.link_metadata(inside) {
        add(&mut sight, &folder, (inside, inside), found, 0)?;
    }
    Ok(sight)
}

/// Adds what bears a name in the open folder; `shown` is its path in the workspace.
fn add(
    sight: &mut Sight,
    folder: &Folder,
    (name, shown): (&Path, &Path),
    found: Metadata,
    depth: usize,
) -> Result<(), Failure> {
    if found.is_folder() && depth < DEPTH {
        // What goes away while it is looked at is gone.
        let Ok(below) = folder.folder(name) else { return Ok(()) };
        return add_folder(sight, &below, shown, depth + 1);
    }
    if found.is_file() {
        if sight.len() == THINGS {
            return Err(Failure::Invalid(format!("there are more than {THINGS} files: watch a smaller folder")));
        }
        sight.insert(shown.to_string_lossy().into_owned(), format!("{}/{}", found.modified.as_nanos(), found.size));
    }
    Ok(())
}

fn add_folder(sight: &mut Sight, folder: &Folder, shown: &Path, depth: usize) -> Result<(), Failure> {
    for entry in folder.entries().unwrap_or_default() {
        // Hidden ones are other programs' own.
        if !entry.name.to_string_lossy().starts_with('.') {
            add(sight, folder, (entry.path(), &shown.join(&entry.name)), entry.metadata, depth)?;
        }
    }
    Ok(())
}

fn tell(change: Change<'_>) -> String {
    let (what, name) = match change {
        Change::Added(name, _) => ("added", name),
        Change::Changed(name, _) => ("changed", name),
        Change::Removed(name) => ("removed", name),
    };
    format!("{what}: `{}`", visible(name, NAME_CHARS))
}
