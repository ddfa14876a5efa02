//! Adds whole pieces to the Markdown files of a memory, and reads them back. Blocking. A link that leads out of the
//! folder is never followed; one writer at a time has a file, in this process and others; a piece that a crash cut off in
//! the middle is completed, and one that is there is not added again.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use anyhow::{Context as _, bail};
use steward_beneath::Place;

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
pub(crate) fn add(place: &Place, file: &str, from: u64, piece: &Piece<'_>) -> anyhow::Result<u64> {
    let mut opened = place.make()?.append(file)?;
    let shown = place.path();
    let problem = || format!("{file} cannot be written in {}", shown.display());
    opened.lock().with_context(problem)?;
    let length = opened.metadata().with_context(problem)?.len();
    // A file that got shorter was changed by hand: what is known of it holds no more.
    let from = if from <= length { from } else { 0 };
    let begin = from.saturating_sub(2);
    if length - begin > LOOKED_AT {
        bail!("{file} in {} is longer than 16 MiB: move the old part of it to another file", shown.display());
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
pub(crate) fn read(place: &Place, file: &str) -> anyhow::Result<Option<String>> {
    match place.open().and_then(|folder| folder.text(file, LOOKED_AT)) {
        Err(error) if error.is_missing() => Ok(None),
        read => Ok(Some(read?)),
    }
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
mod tests;
