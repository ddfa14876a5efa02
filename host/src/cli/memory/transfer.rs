//! Memory as a folder that can be carried elsewhere: the Markdown files as they are, what is known about the person and
//! which other files are searched as JSON. Taking it in adds what is missing and overwrites nothing.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use steward_agent::{MemorySpace, PersonId, visible_lines};
use steward_beneath::{BeneathError, Folder};
use steward_store::Store;

use crate::cli::say;
use crate::config::Config;
use crate::space;

const RECORD: &str = "memory.json";
/// The longest file that is carried, in bytes.
const MOST: u64 = 256 << 20;

/// What is no Markdown.
#[derive(Serialize, Deserialize)]
struct Record {
    /// Of the owners the first's.
    user_data: Vec<(String, String)>,
    sources: Vec<String>,
}

pub(super) async fn export(config: &Config, store: &Store, whose: MemorySpace, to: &Path) -> anyhow::Result<()> {
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: name a new folder", to.display());
    }
    let from = space::folder(config, whose);
    let record = Record {
        user_data: match person(store, whose).await? {
            Some(person) => store.user_data().of(person).await?,
            None => Vec::new(),
        },
        sources: store.memory_sources(&whose.to_string()).await?,
    };
    let to = to.to_owned();
    let copied = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        make_folder(&to)?;
        let to = Folder::open(&to)?;
        let from = there(from.open())?;
        let files = from.as_ref().map(files).unwrap_or_default();
        for file in &files {
            // They were listed a moment ago, and may be something else by now.
            let text = from.as_ref().map(|from| from.bytes(file, MOST)).transpose()?;
            to.replace(file, &text.unwrap_or_default())?;
        }
        to.replace(RECORD, &serde_json::to_vec_pretty(&record)?)?;
        Ok((files.len(), record))
    });
    let (count, record) = copied.await??;
    say(&format!("{count} files, and {} things known about the person, were copied.", record.user_data.len()))
}

pub(super) async fn import(config: &Config, store: &Store, whose: MemorySpace, from: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(from.join(RECORD))
        .with_context(|| format!("{} is not a folder that `steward memory export` wrote", from.display()))?;
    let record: Record = serde_json::from_str(&text).with_context(|| format!("{RECORD} cannot be read"))?;
    let (from, to) = (from.to_owned(), space::folder(config, whose));
    let (added, kept) = tokio::task::spawn_blocking(move || merge(&Folder::open(&from)?, &to.make()?)).await??;
    let mut known = 0;
    if let Some(person) = person(store, whose).await? {
        let there = store.user_data().of(person).await?;
        for (key, value) in record.user_data.iter().filter(|(key, _)| there.iter().all(|(other, _)| other != key)) {
            let effect = format!("import/{person}/{key}/{}", Timestamp::now());
            store.user_data().set(person, key, Some(value.clone()), &effect, Timestamp::now()).await?;
            known += 1;
        }
    }
    say(&format!("{added} files were added or completed, {known} things about the person were taken in."))?;
    for file in kept {
        say(&format!("  {} differs and was left as it is", visible_lines(&file.display().to_string())))?;
    }
    for source in record.sources {
        let source = visible_lines(&source);
        say(&format!("  {source} was searched too: `steward memory index {source}` does so again"))?;
    }
    Ok(())
}

/// Adds what is missing. Gives how many files it changed and which it left as they are.
fn merge(from: &Folder, to: &Folder) -> anyhow::Result<(usize, Vec<PathBuf>)> {
    let (mut added, mut kept) = (0, Vec::new());
    for file in files(from) {
        let text = from.bytes(&file, MOST)?;
        match there(to.bytes(&file, MOST))? {
            None => {
                to.replace(&file, &text)?;
                added += 1;
            }
            Some(there) if there == text => {}
            // A transcript is what was said: two that differ are not made one.
            Some(_) if file.starts_with("sessions") => kept.push(file),
            Some(there) => {
                let whole = completed(&there, &text);
                added += usize::from(whole.is_some());
                if let Some(whole) = whole {
                    to.replace(&file, whole.as_bytes())?;
                }
            }
        }
    }
    Ok((added, kept))
}

/// The text with the lines that were not there at its end, in their order; nothing if all are.
fn completed(there: &[u8], text: &[u8]) -> Option<String> {
    let (there, text) = (String::from_utf8_lossy(there), String::from_utf8_lossy(text));
    let known: std::collections::HashSet<_> = there.lines().map(str::trim_end).collect();
    let missing: Vec<_> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !known.contains(line)).collect();
    if missing.is_empty() {
        return None;
    }
    let gap = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
    Some(format!("{there}{gap}{}\n", missing.join("\n")))
}

/// The files of memory below a folder, by their names there. What a link leads to is none.
fn files(folder: &Folder) -> Vec<PathBuf> {
    let mut files: Vec<_> = ["MEMORY.md", "HEARTBEAT.md"].into_iter().map(PathBuf::from).collect();
    let strict = folder.clone().strict();
    for name in ["memory", "sessions"] {
        let entries = strict.folder(name).and_then(|below| below.entries()).unwrap_or_default();
        let names = entries.into_iter().map(|entry| PathBuf::from(name).join(entry.name));
        files.extend(names.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    files.retain(|file| folder.link_metadata(file).is_ok_and(|found| found.is_file()));
    files.sort();
    files
}

fn there<T>(done: Result<T, BeneathError>) -> Result<Option<T>, BeneathError> {
    match done {
        Err(error) if error.is_missing() => Ok(None),
        other => other.map(Some),
    }
}

async fn person(store: &Store, whose: MemorySpace) -> anyhow::Result<Option<PersonId>> {
    Ok(match whose {
        MemorySpace::Owners => store.owners().await?.first().map(|owner| owner.id),
        MemorySpace::Person(id) => store.person(id).await?.map(|person| person.id),
    })
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.with_context(|| format!("cannot make the folder {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_in_adds_what_is_missing_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let (from, to) = (Folder::make(&from).unwrap(), Folder::make(&to).unwrap());
        let write = |folder: &Folder, file: &str, text: &str| folder.replace(file, text.as_bytes()).unwrap();
        write(&from, "MEMORY.md", "# Home\n\n- flat 42\n- cat\n");
        write(&from, "memory/2026-11-20.md", "- 10:00 rain\n");
        write(&from, "sessions/a.md", "theirs\n");
        write(&from, "sessions/b.md", "new\n");
        write(&to, "MEMORY.md", "# Home\n\n- flat 42\n- dog");
        write(&to, "sessions/a.md", "ours\n");
        let (added, kept) = merge(&from, &to).unwrap();
        assert_eq!((added, kept), (3, vec![PathBuf::from("sessions/a.md")]));
        assert_eq!(to.text("MEMORY.md", MOST).unwrap(), "# Home\n\n- flat 42\n- dog\n- cat\n");
        assert_eq!(to.text("sessions/a.md", MOST).unwrap(), "ours\n");
        assert_eq!(merge(&from, &to).unwrap().0, 0);
    }

    #[test]
    fn nothing_is_read_or_written_by_way_of_a_link() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let (from, to) = (Folder::make(&place("from")).unwrap(), Folder::make(&place("to")).unwrap());
        fs::create_dir(place("outside")).unwrap();
        fs::write(place("outside/secret.md"), "secret").unwrap();
        symlink("../outside/secret.md", place("from/MEMORY.md")).unwrap();
        symlink("../outside", place("from/memory")).unwrap();
        assert_eq!(merge(&from, &to).unwrap(), (0, Vec::new()));
        fs::remove_file(place("from/MEMORY.md")).unwrap();
        from.replace("MEMORY.md", b"- tea\n").unwrap();
        symlink("../outside/secret.md", place("to/MEMORY.md")).unwrap();
        assert!(merge(&from, &to).unwrap_err().to_string().contains("leads out of"));
        assert_eq!(fs::read_to_string(place("outside/secret.md")).unwrap(), "secret");
    }
}
