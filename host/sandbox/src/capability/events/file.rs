//! A file of the workspace, or a folder with all that is in it. No link is followed, nothing is read but names, times
//! and sizes.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::Value;
use steward_agent::visible;

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
    let (mut sight, mut full) = (Sight::new(), workspace.to_owned());
    for part in inside.components() {
        full.push(part);
        // A link on the way leads elsewhere; what is behind it is not there.
        if fs::symlink_metadata(&full).map_or(true, |found| found.is_symlink()) {
            return Ok(sight);
        }
    }
    add(&mut sight, workspace, &full, 0)?;
    Ok(sight)
}

fn add(sight: &mut Sight, workspace: &Path, path: &Path, depth: usize) -> Result<(), Failure> {
    // What goes away while it is looked at is gone.
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if found.is_dir() && depth < DEPTH {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            // Hidden ones are other programs' own.
            if !entry.file_name().to_string_lossy().starts_with('.') {
                add(sight, workspace, &entry.path(), depth + 1)?;
            }
        }
    } else if found.is_file() {
        if sight.len() == THINGS {
            return Err(Failure::Invalid(format!("there are more than {THINGS} files: watch a smaller folder")));
        }
        let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let name = path.strip_prefix(workspace).unwrap_or(path).to_string_lossy().into_owned();
        sight.insert(name, format!("{}/{}", changed.as_nanos(), found.len()));
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
