//! The repository as git is shown it: a private folder out of everybody's reach, with settings the host has written,
//! branches and index as they were at one moment, and objects by way of links. Git writes there alone; what it changed
//! is brought back by `restore`.

#[cfg(test)]
mod tests;
mod waiting;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::FileType;

use super::beneath::Folder;
use super::place::{Place, Workspace};
use super::settings::Settings;
use crate::bindings::Failure;

/// A repository laid out for git.
pub(super) struct Shadow {
    /// What is `GIT_DIR` to git.
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) refs: BTreeMap<String, String>,
    pub(super) head: String,
    pub(super) index: Option<(blake3::Hash, SystemTime)>,
    /// Those of [`STATE`] there were.
    pub(super) state: Vec<&'static str>,
    pub(super) is_partial: bool,
}

/// Files about a merge that is under way; git removes them when it is done.
const STATE: [&str; 6] = ["MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "CHERRY_PICK_HEAD", "REVERT_HEAD", "SQUASH_MSG"];
/// Files of all working folders that git needs and that name nothing but files, commits and attributes.
const SHARED: [&str; 3] = ["shallow", "info/exclude", "info/attributes"];

/// The largest files.
const SMALL: u64 = 4 << 20;
const PACKED: u64 = 256 << 20;
pub(super) const INDEX: u64 = 1 << 30;
/// The most branches and tags, and how deep their names go.
const REFS: usize = 500_000;
const DEEP: usize = 32;
/// How many repositories may lend each other objects.
const LENDERS: usize = 8;

/// Lays a repository out in a new folder; `more` is added to its settings.
///
/// # Errors
/// Something of it leads out of the workspace, is a link or a pipe, or cannot be read.
pub(super) fn lay(workspace: &Workspace<'_>, place: Place, path: &Path, more: &str) -> Result<Shadow, Failure> {
    place.files.as_ref().map_or(Ok(()), waiting::refuse_among_files)?;
    let config = place.common.read("config", SMALL)?.unwrap_or_default();
    let settings = Settings::read(&config)?.with_kind(place.is_bare);
    for folder in ["objects/info", "objects/pack", "refs/heads", "info"] {
        fs::create_dir_all(path.join(folder)).map_err(unwritten)?;
    }
    fs::write(path.join("config"), settings.written(more)).map_err(unwritten)?;
    let head = text(&place.own, "HEAD")?;
    let named = head.strip_prefix("ref: ").is_some_and(|name| name.starts_with("refs/") && is_ref(name));
    if !named && !is_object(&head, settings.digits()) {
        return Err(Failure::Invalid("the repository's HEAD names neither a branch nor a commit".to_owned()));
    }
    fs::write(path.join("HEAD"), format!("{head}\n")).map_err(unwritten)?;
    let refs = copy_refs(&place, path, settings.digits())?;
    refuse_damaged(&place, &head, &refs)?;
    let state: Vec<_> = STATE.into_iter().filter(|name| place.own.kind(name).is_some()).collect();
    for name in &state {
        copy(&place.own, name, path)?;
    }
    for name in SHARED {
        copy(&place.common, name, path)?;
    }
    copy(&place.own, "info/sparse-checkout", path)?;
    let index = copy_index(&place, path)?;
    let mut stores = Vec::new();
    lend(workspace, &place.common, &place.path.join("objects"), path, &mut stores)?;
    fs::write(path.join("objects/info/alternates"), stores.join("\n") + "\n").map_err(unwritten)?;
    let is_partial = settings.is_partial;
    Ok(Shadow { path: path.to_owned(), place, refs, head, index, state, is_partial })
}

/// A branch whose file holds no commit would look to git as if nothing had ever been committed.
fn refuse_damaged(place: &Place, head: &str, refs: &BTreeMap<String, String>) -> Result<(), Failure> {
    let Some(branch) = head.strip_prefix("ref: ").filter(|branch| !refs.contains_key(*branch)) else { return Ok(()) };
    match place.common.kind(branch) {
        Some(FileType::RegularFile) => {
            Err(Failure::Invalid(format!("the repository is damaged: `.git/{branch}` names no commit")))
        }
        _ => Ok(()),
    }
}

pub(super) fn unwritten(error: std::io::Error) -> Failure {
    Failure::Unavailable(format!("there is no room for git to work in: {error}"))
}

fn text(folder: &Folder, name: &str) -> Result<String, Failure> {
    let bytes = folder.read(name, 4 << 10)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}

fn copy(from: &Folder, name: &str, to: &Path) -> Result<(), Failure> {
    match from.read(name, SMALL)? {
        Some(bytes) => fs::write(to.join(name), bytes).map_err(unwritten),
        None => Ok(()),
    }
}

/// With its time: git compares it with those of the files.
fn copy_index(place: &Place, to: &Path) -> Result<Option<(blake3::Hash, SystemTime)>, Failure> {
    for (name, _) in place.own.entries()? {
        if name.to_string_lossy().starts_with("sharedindex.") {
            copy(&place.own, &name.to_string_lossy(), to)?;
        }
    }
    let Some((bytes, changed)) = place.own.read_dated("index", INDEX)? else { return Ok(None) };
    let hash = blake3::hash(&bytes);
    let path = to.join("index");
    fs::write(&path, bytes).map_err(unwritten)?;
    let file = fs::File::options().write(true).open(&path).map_err(unwritten)?;
    file.set_modified(changed).map_err(unwritten)?;
    Ok(Some((hash, changed)))
}

/// Writes all branches and tags into one file, those that stand in for others next to it; gives them by name.
fn copy_refs(place: &Place, to: &Path, digits: usize) -> Result<BTreeMap<String, String>, Failure> {
    let mut refs = BTreeMap::new();
    let packed = place.common.read("packed-refs", PACKED)?.unwrap_or_default();
    for line in String::from_utf8_lossy(&packed).lines() {
        if let Some((object, name)) = line.split_once(' ')
            && is_object(object, digits)
            && is_ref(name)
        {
            refs.insert(name.to_owned(), object.to_owned());
        }
    }
    if let Some(folder) = place.common.inner(Path::new("refs"))? {
        loose_refs(&folder, "refs", digits, 0, &mut refs)?;
    }
    let mut packed = String::from("# pack-refs with: sorted \n");
    for (name, value) in &refs {
        if value.starts_with("ref: ") {
            let file = to.join(name);
            fs::create_dir_all(file.parent().unwrap_or(to))
                .and_then(|()| fs::write(file, format!("{value}\n")))
                .map_err(unwritten)?;
        } else {
            let _ = writeln!(packed, "{value} {name}");
        }
    }
    fs::write(to.join("packed-refs"), packed).map_err(unwritten)?;
    Ok(refs)
}

fn loose_refs(
    folder: &Folder,
    above: &str,
    digits: usize,
    depth: usize,
    refs: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    for (name, kind) in folder.entries()? {
        let Some(part) = name.to_str() else { continue };
        let name = format!("{above}/{part}");
        if depth > DEEP || refs.len() > REFS {
            return Err(Failure::Denied("the repository has more branches than are looked through".to_owned()));
        }
        match kind {
            FileType::Directory => {
                if let Some(inner) = folder.inner(Path::new(part))? {
                    loose_refs(&inner, &name, digits, depth + 1, refs)?;
                }
            }
            FileType::RegularFile if is_ref(&name) => {
                let value = text(folder, part)?;
                let symbolic = value.strip_prefix("ref: ").is_some_and(|to| to.starts_with("refs/") && is_ref(to));
                if symbolic || is_object(&value, digits) {
                    refs.insert(name, value);
                }
            }
            FileType::Symlink => {
                return Err(Failure::Denied(format!(
                    "`.git/{name}` is a link, which is not followed: remove it first"
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn is_object(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// A name that is safe as a path; git has more rules.
pub(super) fn is_ref(name: &str) -> bool {
    let bad = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    name.starts_with("refs/")
        && name.len() <= 1_000
        && !name.contains("..")
        && !name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
        && !name.split('/').any(bad)
}

/// Makes a folder that shows the objects of a repository and nothing else that is next to them, and of those that it
/// borrows from.
fn lend(
    workspace: &Workspace<'_>,
    common: &Folder,
    path: &Path,
    shadow: &Path,
    stores: &mut Vec<String>,
) -> Result<(), Failure> {
    if stores.len() == LENDERS {
        return Err(Failure::Denied("the repository borrows objects from too many others".to_owned()));
    }
    let Some(objects) = common.inner(Path::new("objects"))? else { return Ok(()) };
    let store = shadow.with_extension(format!("store-{}", stores.len()));
    fs::create_dir(&store).map_err(unwritten)?;
    stores.push(store.display().to_string());
    for (name, kind) in objects.entries()? {
        let text = name.to_string_lossy();
        let is_part = text == "pack" || (text.len() == 2 && text.bytes().all(|c| c.is_ascii_hexdigit()));
        match kind {
            _ if !is_part => {}
            FileType::Directory => {
                // Packs have a folder among them, for the index of many.
                for within in [Path::new(&name).to_owned(), Path::new(&name).join("multi-pack-index.d")] {
                    let Some(folder) = objects.inner(&within)? else { continue };
                    waiting::refuse_among_objects(&folder, &Path::new(".git/objects").join(within))?;
                }
                symlink(path.join(&name), store.join(&name)).map_err(unwritten)?;
            }
            _ => return Err(link(&format!(".git/objects/{text}"))),
        }
    }
    let alternates = objects.read("info/alternates", SMALL)?.unwrap_or_default();
    for line in String::from_utf8_lossy(&alternates).lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let here = path.strip_prefix(workspace.path).unwrap_or(path);
        let other = workspace.beneath(here, line, "the repository's objects/info/alternates")?;
        let Some(above) = other.parent().filter(|_| other.ends_with("objects")) else {
            return Err(link(".git/objects/info/alternates"));
        };
        if let Some(lender) = workspace.root.inner(above)? {
            lend(workspace, &lender, &workspace.path.join(&other), shadow, stores)?;
        }
    }
    Ok(())
}

fn link(what: &str) -> Failure {
    Failure::Denied(format!("`{what}` is a link or not what git keeps there, which is not followed: remove it first"))
}
