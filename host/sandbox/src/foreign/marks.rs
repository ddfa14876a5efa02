//! What is kept and came from foreign text: whole files by their contents, what changed while tools wrote that had
//! foreign text before them, and single lines. What a person changes by hand is another file or line, and theirs.
//!
//! Known files are held in memory, for a call may open thousands and most workspaces have few of them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use steward_agent::PersonId;
use steward_beneath::{Folder, Place};
use steward_store::{ForeignHash, Result, Store, StoreError};
use tokio::sync::OnceCell;

use super::{PROMPTS, one_text, user_data_place};

/// A file's time of change may be some ticks behind the clock.
const SLACK: i64 = 20;
/// Files that are looked at below a folder; of more than that some are taken for foreign.
const LOOKED_AT: usize = 20_000;
/// A larger file of a known size is taken for foreign unread.
const LARGEST: u64 = 256 << 20;

/// Clones are the same.
#[derive(Clone)]
pub struct ForeignMarks {
    store: Store,
    known: Arc<OnceCell<Mutex<Known>>>,
}

#[derive(Default)]
struct Known {
    contents: HashMap<u64, HashSet<ForeignHash>>,
    spans: Vec<(i64, i64)>,
    texts: bool,
}

impl Known {
    /// Whether something was changed in one of the spans; the time in milliseconds since 1970.
    fn is_span(&self, changed: i64) -> bool {
        self.spans.iter().any(|(began, ended)| (began - SLACK..=ended + SLACK).contains(&changed))
    }
}

impl ForeignMarks {
    pub fn new(store: Store) -> Self {
        Self { store, known: Arc::default() }
    }

    async fn known(&self) -> Result<MutexGuard<'_, Known>> {
        let load = || async {
            let files = self.store.foreign_files().await?;
            let mut known = Known { spans: files.spans, texts: files.texts, ..Known::default() };
            for (size, hash) in files.contents {
                known.contents.entry(size).or_default().insert(hash);
            }
            Ok::<_, StoreError>(Mutex::new(known))
        };
        Ok(self.known.get_or_try_init(load).await?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is anything foreign at all.
    pub async fn any(&self) -> Result<bool> {
        let known = self.known().await?;
        Ok(known.texts || !known.contents.is_empty() || !known.spans.is_empty())
    }

    /// Whether an open file or folder is foreign.
    pub async fn is_foreign(&self, file: Arc<File>) -> Result<bool> {
        let Ok(metadata) = file.metadata() else { return Ok(true) };
        let wanted = {
            let known = self.known().await?;
            if known.is_span(metadata.ctime() * 1_000 + metadata.ctime_nsec() / 1_000_000) {
                return Ok(true);
            }
            known.contents.get(&metadata.len()).filter(|_| metadata.is_file()).cloned()
        };
        let Some(wanted) = wanted else { return Ok(false) };
        let hash = tokio::task::spawn_blocking(move || hash(&file)).await;
        // What cannot be read to its end may be anything.
        Ok(!matches!(hash, Ok(Ok(hash)) if !wanted.contains(&hash)))
    }

    /// The same of a file by its path below a folder, or an absolute one; one that is not there is not foreign.
    pub async fn is_file_foreign(&self, place: &Place, path: &str) -> Result<bool> {
        if !self.any().await? {
            return Ok(false);
        }
        let (place, path) = (place.clone(), path.to_owned());
        match tokio::task::spawn_blocking(move || opened(&place, &path)).await {
            Ok(Ok(file)) => self.is_foreign(Arc::new(file)).await,
            _ => Ok(false),
        }
    }

    /// Whether a folder holds anything foreign, however deep. Links are not followed.
    pub(crate) async fn is_any_below(&self, folder: &Path) -> Result<bool> {
        let (sizes, spans) = {
            let known = self.known().await?;
            (known.contents.clone(), known.spans.clone())
        };
        if sizes.is_empty() && spans.is_empty() {
            return Ok(false);
        }
        let (folder, known) = (folder.to_owned(), Known { contents: sizes, spans, texts: false });
        let looked = tokio::task::spawn_blocking(move || holds(&folder, &known));
        Ok(looked.await.unwrap_or(true))
    }

    /// The file is foreign as it is now, whatever it is called later.
    pub async fn mark_file(&self, place: &Place, path: &str) -> Result<()> {
        let (place, path) = (place.clone(), path.to_owned());
        let hashed = tokio::task::spawn_blocking(move || {
            let file = opened(&place, &path)?;
            Ok::<_, io::Error>((file.metadata()?.len(), hash(&file)?))
        });
        let Ok(Ok((size, hash))) = hashed.await else { return Ok(()) };
        self.known().await?.contents.entry(size).or_default().insert(hash);
        self.store.mark_files(vec![(size, hash)]).await
    }

    /// What changed in the workspace since `began` is foreign.
    pub async fn mark_since(&self, began: Timestamp) -> Result<()> {
        let (began, ended) = (began.as_millisecond(), Timestamp::now().as_millisecond());
        self.known().await?.spans.push((began, ended));
        self.store.mark_span(began, ended).await
    }

    /// The lines of a text that is kept in that place are foreign.
    pub async fn mark_lines(&self, place: &str, text: &str) -> Result<()> {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        self.known().await?.texts = true;
        self.store.mark_texts(place, &lines).await
    }

    /// Which lines of a text that is kept in that place are foreign.
    pub async fn lines(&self, place: &str, text: &str) -> Result<Vec<bool>> {
        let lines: Vec<&str> = text.lines().collect();
        if !self.known().await?.texts {
            return Ok(vec![false; lines.len()]);
        }
        self.store.foreign_texts(place, &lines).await
    }

    /// Whether any of them is.
    pub async fn is_text_foreign(&self, place: &str, text: &str) -> Result<bool> {
        Ok(self.lines(place, text).await?.contains(&true))
    }

    /// Whether a prompt for later came from foreign text without an owner's word.
    pub async fn is_prompt_foreign(&self, prompt: &str) -> Result<bool> {
        self.is_text_foreign(PROMPTS, &one_text(prompt)).await
    }

    /// Which of the values known about a person did.
    pub async fn foreign_user_data(&self, person: PersonId, data: &[(String, String)]) -> Result<Vec<bool>> {
        let text: Vec<_> = data.iter().map(|(key, value)| one_text(&format!("{key}: {value}"))).collect();
        self.lines(&user_data_place(person), &text.join("\n")).await
    }

    /// Where the lines of a file of a space are marked.
    pub fn place(space: &str, path: &str) -> String {
        place(space, path)
    }

    /// Whether lines of a file are foreign: the whole file is, or one of them. `path` is below the folder of that space,
    /// or absolute. Of a file that cannot be read as it was, all counts.
    pub async fn is_passage_foreign(&self, space: &str, folder: &Place, path: &str, lines: (u32, u32)) -> Result<bool> {
        if !self.any().await? {
            return Ok(false);
        }
        if self.is_file_foreign(folder, path).await? {
            return Ok(true);
        }
        if !self.known().await?.texts {
            return Ok(false);
        }
        let (there, named) = (folder.clone(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || text_of(&there, &named)).await;
        let Ok(Ok(text)) = read else { return Ok(false) };
        let marked = self.lines(&place(space, path), &text).await?;
        let (first, last) = (lines.0.max(1) as usize - 1, lines.1.max(1) as usize);
        let within = marked.iter().take(last).skip(first).any(|foreign| *foreign);
        Ok(within || (first >= marked.len() && marked.contains(&true)))
    }
}

/// Where the lines of a file of memory are kept.
pub(crate) fn place(space: &str, path: &str) -> String {
    format!("{space}/{path}")
}

/// Opens a file of a folder, or one by its absolute path if no part of that is a link.
fn opened(place: &Place, path: &str) -> steward_beneath::Result<File> {
    let path = Path::new(path);
    let opened = match (path.parent(), path.file_name()) {
        (Some(above), Some(name)) if path.is_absolute() => Folder::open_resolved(above)?.read(name)?,
        _ => place.open()?.read(path)?,
    };
    Ok(opened.file)
}

fn text_of(place: &Place, path: &str) -> io::Result<String> {
    let mut text = String::new();
    opened(place, path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// An open file from its beginning, whatever else is done with the handle.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

fn hash(file: &File) -> io::Result<ForeignHash> {
    let mut hasher = blake3::Hasher::new();
    if file.metadata()?.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    hasher.update_reader(FromStart { file, at: 0 })?;
    Ok(*hasher.finalize().as_bytes())
}

fn holds(folder: &Path, known: &Known) -> bool {
    let Ok(top) = Folder::open(folder).map(Folder::strict) else { return false };
    let (mut folders, mut looked) = (vec![PathBuf::new()], 0);
    while let Some(path) = folders.pop() {
        // What went away meanwhile is left out.
        let Ok(folder) = top.folder(&path) else { continue };
        for entry in folder.entries().unwrap_or_default() {
            looked += 1;
            let metadata = &entry.metadata;
            let changed = i64::try_from(metadata.changed.as_millis()).unwrap_or(i64::MAX);
            if looked > LOOKED_AT || known.is_span(changed) {
                return true;
            }
            if metadata.is_folder() {
                folders.push(path.join(entry.path()));
            } else if let Some(wanted) = known.contents.get(&metadata.size).filter(|_| metadata.is_file()) {
                let hashed = folder.read(entry.path()).map_err(io::Error::from).and_then(|one| hash(&one.file));
                if hashed.map_or(true, |hash| wanted.contains(&hash)) {
                    return true;
                }
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn kept(folder: &Path) -> ForeignMarks {
        ForeignMarks::new(Store::open(&folder.join("data/steward.sqlite")).unwrap())
    }

    #[tokio::test]
    async fn a_file_is_known_by_what_it_holds_and_an_edit_by_hand_clears_it() {
        let folder = tempfile::tempdir().unwrap();
        let (marks, place) = (kept(folder.path()), Place::of(folder.path()));
        let path = folder.path().join("invoice.txt");
        fs::write(&path, "pay Bob").unwrap();
        assert!(!marks.is_file_foreign(&place, "invoice.txt").await.unwrap() && !marks.any().await.unwrap());
        marks.mark_file(&place, "invoice.txt").await.unwrap();
        let moved = folder.path().join("moved.txt");
        fs::rename(&path, &moved).unwrap();
        let later = kept(folder.path());
        assert!(
            later.is_file_foreign(&place, "moved.txt").await.unwrap(),
            "also after a restart and under another name"
        );
        assert!(later.is_any_below(folder.path()).await.unwrap());
        fs::write(&moved, "pay Ann").unwrap();
        assert!(!later.is_file_foreign(&place, "moved.txt").await.unwrap());
        assert!(!later.is_file_foreign(&place, "none").await.unwrap());
    }

    #[tokio::test]
    async fn what_changed_while_a_tool_wrote_is_foreign_until_it_changes_again() {
        let folder = tempfile::tempdir().unwrap();
        let marks = kept(folder.path());
        let path = folder.path().join("made.txt");
        fs::write(&path, "x").unwrap();
        let changed = fs::metadata(&path).unwrap();
        let at = Timestamp::from_second(changed.ctime()).unwrap();
        marks.known().await.unwrap().spans.push((at.as_millisecond(), at.as_millisecond() + 1_000));
        assert!(marks.is_file_foreign(&Place::of(folder.path()), "made.txt").await.unwrap());
        marks.known().await.unwrap().spans[0] = (0, 1_000);
        assert!(!marks.is_file_foreign(&Place::of(folder.path()), "made.txt").await.unwrap());
    }

    #[tokio::test]
    async fn lines_of_memory_are_known_where_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let marks = kept(folder.path());
        marks.mark_lines("owners/memory/2026-11-20.md", "- 14:05 pay Bob\n\n").await.unwrap();
        let text = "# 2026-11-20\n\n- 14:05 pay Bob\n- 14:06 pay Ann\n";
        let lines = marks.lines("owners/memory/2026-11-20.md", text).await.unwrap();
        assert_eq!(lines, [false, false, true, false]);
        fs::create_dir(folder.path().join("memory")).unwrap();
        fs::write(folder.path().join("memory/2026-11-20.md"), text).unwrap();
        for (first, last, foreign) in [(1, 2, false), (3, 3, true), (4, 4, false), (9, 9, true), (0, 4, true)] {
            let path = "memory/2026-11-20.md";
            let told =
                marks.is_passage_foreign("owners", &Place::of(folder.path()), path, (first, last)).await.unwrap();
            assert_eq!(told, foreign, "{first}-{last}");
        }
    }
}
