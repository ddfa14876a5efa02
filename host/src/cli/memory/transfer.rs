//! Memory as a folder that can be carried elsewhere: the Markdown files as they are, what is known about the person and
//! which other files are searched as JSON. Taking it in adds what is missing and overwrites nothing.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use steward_agent::{MemorySpace, PersonId};
use steward_store::Store;

use crate::config::Config;
use crate::space;

const RECORD: &str = "memory.json";

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
            Some(person) => store.user_data(person).await?,
            None => Vec::new(),
        },
        sources: store.memory_sources(&whose.to_string()).await?,
    };
    let to = to.to_owned();
    let copied = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        make_folder(&to)?;
        let files = files(&from);
        for file in &files {
            let text = fs::read(from.join(file)).with_context(|| format!("cannot read {}", file.display()))?;
            write_new(&to.join(file), &text)?;
        }
        write_new(&to.join(RECORD), &serde_json::to_vec_pretty(&record)?)?;
        Ok((files.len(), record))
    });
    let (count, record) = copied.await??;
    println!("{count} files, and {} things known about the person, were copied.", record.user_data.len());
    Ok(())
}

pub(super) async fn import(config: &Config, store: &Store, whose: MemorySpace, from: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(from.join(RECORD))
        .with_context(|| format!("{} is no folder that `steward memory export` wrote", from.display()))?;
    let record: Record = serde_json::from_str(&text).with_context(|| format!("{RECORD} cannot be read"))?;
    let (from, to) = (from.to_owned(), space::folder(config, whose));
    let (added, kept) = tokio::task::spawn_blocking(move || merge(&from, &to)).await??;
    let mut known = 0;
    if let Some(person) = person(store, whose).await? {
        let there = store.user_data(person).await?;
        for (key, value) in record.user_data.iter().filter(|(key, _)| there.iter().all(|(other, _)| other != key)) {
            let effect = format!("import/{person}/{key}/{}", Timestamp::now());
            store.set_user_data(person, key, Some(value.clone()), &effect, Timestamp::now()).await?;
            known += 1;
        }
    }
    println!("{added} files were added or completed, {known} things about the person were taken in.");
    for file in kept {
        println!("  {} differs and was left as it is", file.display());
    }
    for source in record.sources {
        println!("  {source} was searched too: `steward memory index {source}` does so again");
    }
    Ok(())
}

/// Adds what is missing. Gives how many files it changed and which it left as they are.
fn merge(from: &Path, to: &Path) -> anyhow::Result<(usize, Vec<PathBuf>)> {
    let (mut added, mut kept) = (0, Vec::new());
    for file in files(from) {
        let text = fs::read(from.join(&file)).with_context(|| format!("cannot read {}", file.display()))?;
        match fs::read(to.join(&file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                write_new(&to.join(&file), &text)?;
                added += 1;
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", to.join(&file).display())),
            Ok(there) if there == text => {}
            // A transcript is what was said: two that differ are not made one.
            Ok(_) if file.starts_with("sessions") => kept.push(file),
            Ok(there) => {
                added += usize::from(complete(&to.join(&file), &there, &text)?);
            }
        }
    }
    Ok((added, kept))
}

/// Adds the lines that are not there, in their order, at the end. The file is whole at any moment.
fn complete(path: &Path, there: &[u8], text: &[u8]) -> anyhow::Result<bool> {
    let (there, text) = (String::from_utf8_lossy(there), String::from_utf8_lossy(text));
    let known: std::collections::HashSet<_> = there.lines().map(str::trim_end).collect();
    let missing: Vec<_> =
        text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !known.contains(line)).collect();
    if missing.is_empty() {
        return Ok(false);
    }
    let gap = if there.is_empty() || there.ends_with('\n') { "" } else { "\n" };
    let whole = format!("{there}{gap}{}\n", missing.join("\n"));
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(whole.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

/// The files of memory below a folder, by their names there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = ["MEMORY.md", "HEARTBEAT.md"].into_iter().map(PathBuf::from).collect();
    for name in ["memory", "sessions"] {
        let entries = fs::read_dir(folder.join(name)).into_iter().flatten().flatten();
        let names = entries.map(|entry| PathBuf::from(name).join(entry.file_name()));
        files.extend(names.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    files.retain(|file| folder.join(file).symlink_metadata().is_ok_and(|found| found.is_file()));
    files.sort();
    files
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

fn write_new(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_in_adds_what_is_missing_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let write = |folder: &Path, file: &str, text: &str| write_new(&folder.join(file), text.as_bytes()).unwrap();
        write(&from, "MEMORY.md", "# Home\n\n- flat 42\n- cat\n");
        write(&from, "memory/2026-11-20.md", "- 10:00 rain\n");
        write(&from, "sessions/a.md", "theirs\n");
        write(&from, "sessions/b.md", "new\n");
        write(&to, "MEMORY.md", "# Home\n\n- flat 42\n- dog");
        write(&to, "sessions/a.md", "ours\n");
        let (added, kept) = merge(&from, &to).unwrap();
        assert_eq!((added, kept), (3, vec![PathBuf::from("sessions/a.md")]));
        assert_eq!(fs::read_to_string(to.join("MEMORY.md")).unwrap(), "# Home\n\n- flat 42\n- dog\n- cat\n");
        assert_eq!(fs::read_to_string(to.join("sessions/a.md")).unwrap(), "ours\n");
        assert_eq!(merge(&from, &to).unwrap().0, 0);
    }
}
