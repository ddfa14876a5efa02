//! Adds whole pieces to the Markdown files of a memory, and reads them back. Blocking. A link that leads out of the
//! folder is never followed; one writer at a time has a file, in this process and others; a piece that a crash cut off in
//! the middle is completed, and one that is there is not added again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context as _, bail};

/// The most bytes of a file that are looked at.
const LOOKED_AT: u64 = 16 << 20;

/// What is added.
pub(crate) struct Piece<'a> {
    /// Comes first in a file that is new.
    pub(crate) heading: &'a str,
    /// Without a line break at its end.
    pub(crate) text: &'a str,
    /// With a blank line before it.
    pub(crate) apart: bool,
}

/// Adds a piece at the end of `file`, which is named within `folder`, unless it stands behind the first `from` bytes
/// already. It is on disk when this returns. Gives the length of the file.
pub(crate) fn add(folder: &Path, file: &str, from: u64, piece: &Piece<'_>) -> anyhow::Result<u64> {
    let mut opened = open(folder, file)?;
    let problem = || format!("{file} cannot be written in {}", folder.display());
    opened.lock().with_context(problem)?;
    let length = opened.metadata().with_context(problem)?.len();
    // A file that got shorter was changed by hand: what is known of it holds no more.
    let from = if from <= length { from } else { 0 };
    let begin = from.saturating_sub(2);
    if length - begin > LOOKED_AT {
        bail!("{file} in {} is longer than 16 MiB: move the old part of it to another file", folder.display());
    }
    opened.seek(SeekFrom::Start(begin)).with_context(problem)?;
    let mut there = Vec::new();
    opened.read_to_end(&mut there).with_context(problem)?;
    let (before, since) = there.split_at(usize::try_from(from - begin)?);
    let added = missing(before, since, piece);
    if added.is_empty() {
        return Ok(length);
    }
    if let Err(error) = opened.write_all(&added).and_then(|()| opened.sync_all()) {
        // On a full disk a part may have been written; without it the file is whole again.
        let _ = opened.set_len(length).and_then(|()| opened.sync_all());
        return Err(error).with_context(problem);
    }
    Ok(length + added.len() as u64)
}

/// The text of a file; `None` where there is none.
pub(crate) fn read(folder: &Path, file: &str) -> anyhow::Result<Option<String>> {
    let problem = || format!("{file} cannot be read in {}", folder.display());
    let (Ok(root), Ok(place)) = (folder.canonicalize(), folder.join(file).canonicalize()) else { return Ok(None) };
    within(&root, &place, file)?;
    let mut bytes = Vec::new();
    File::open(place).and_then(|opened| opened.take(LOOKED_AT).read_to_end(&mut bytes)).with_context(problem)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn open(folder: &Path, file: &str) -> anyhow::Result<File> {
    let problem = || format!("{file} cannot be opened in {}", folder.display());
    let make = |folder: &Path| DirBuilder::new().recursive(true).mode(0o700).create(folder);
    make(folder).with_context(problem)?;
    let root = folder.canonicalize().with_context(problem)?;
    let named = root.join(file);
    let (Some(above), Some(name)) = (named.parent(), named.file_name()) else { bail!(problem()) };
    make(above).with_context(problem)?;
    let above = above.canonicalize().with_context(problem)?;
    if !above.starts_with(&root) {
        bail!(leads_out(&root, file));
    }
    let place = above.join(name);
    let mut adding = OpenOptions::new();
    adding.read(true).append(true).mode(0o600);
    match adding.clone().create_new(true).open(&place) {
        Ok(made) => {
            // Its name is on disk too.
            File::open(&above).and_then(|above| above.sync_all()).with_context(problem)?;
            Ok(made)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let Ok(place) = place.canonicalize() else { bail!(leads_out(&root, file)) };
            within(&root, &place, file)?;
            adding.open(place).with_context(problem)
        }
        Err(error) => Err(error).with_context(problem),
    }
}

/// Checks a place with all links followed.
fn within(root: &Path, place: &Path, file: &str) -> anyhow::Result<()> {
    if !place.starts_with(root) {
        bail!(leads_out(root, file));
    }
    // Opening a pipe would wait for its other end.
    if !place.is_file() {
        bail!("{file} in {} is not a plain file: put a text file in its place", root.display());
    }
    Ok(())
}

fn leads_out(root: &Path, file: &str) -> String {
    format!("{file} is behind a link that leads out of {}, so it is left alone: remove the link", root.display())
}

/// What must be added to a file so that the piece is in it once. `before` are the last bytes of what is surely none of
/// it, `since` is what follows.
fn missing(before: &[u8], since: &[u8], piece: &Piece<'_>) -> Vec<u8> {
    let text = format!("{}\n", piece.text);
    let whole = format!("{}\n\n{text}", piece.heading);
    if before.is_empty()
        && let Some(rest) = whole.as_bytes().strip_prefix(since)
    {
        return rest.to_vec();
    }
    let text = text.as_bytes();
    let previous = |at: usize| if at == 0 { before.last() } else { since.get(at - 1) };
    let mut lines = (0..since.len()).filter(|&at| previous(at).is_none_or(|&byte| byte == b'\n'));
    if lines.clone().any(|at| since[at..].starts_with(text)) {
        return Vec::new();
    }
    if let Some(at) = lines.find(|&at| text.starts_with(&since[at..])) {
        return text[since.len() - at..].to_vec();
    }
    let end = [before, since].concat();
    let gap = match (end.as_slice(), piece.apart) {
        ([], _) | ([.., b'\n', b'\n'], _) | ([.., b'\n'], false) => "",
        ([.., b'\n'], true) | (_, false) => "\n",
        (_, true) => "\n\n",
    };
    [gap.as_bytes(), text].concat()
}

#[cfg(test)]
#[path = "notes_tests.rs"]
mod tests;
