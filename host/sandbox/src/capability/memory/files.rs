//! The files of one space of memory on disk, beneath its folder. Blocking. A link that leads out of the folder is not
//! followed, and an append is either wholly in the file or not at all.

use std::cmp::Reverse;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use jiff::civil::Date;
use steward_beneath::{BeneathError, Folder, Metadata, Place};

/// The longest file that is read or added to, in bytes.
const FILE_LIMIT: u64 = 4 << 20;
/// The longest text added at once, in bytes.
const TEXT_LIMIT: usize = 64 << 10;
/// The folder of the days.
const DAYS: &str = "memory";
/// The folder of transcripts, which the host writes and no plugin does.
const SESSIONS: &str = "sessions";
/// The most transcripts that are listed.
const LISTED: usize = 200;
/// The longest name of a transcript, in bytes.
const NAME_LIMIT: usize = 200;

/// A file of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MemoryPath {
    Memory,
    Heartbeat,
    Day(Date),
    /// The transcript of a conversation, by its name without `.md`; only read.
    Session(String),
}

#[derive(Debug, thiserror::Error)]
pub(super) enum MemoryError {
    #[error("`{0}` is not a memory file: use MEMORY.md, HEARTBEAT.md, memory/YYYY-MM-DD.md or sessions/NAME.md")]
    NoSuchPath(String),
    #[error("{0} does not exist: {remedy}", remedy = .0.remedy())]
    Missing(MemoryPath),
    #[error("{0} is a transcript and only read: add to MEMORY.md or to the log of a day")]
    ReadOnly(MemoryPath),
    #[error("there is nothing to add: the text is empty")]
    Empty,
    #[error("the text has {length} bytes and at most {TEXT_LIMIT} can be added at once: shorten it")]
    TextTooLong { length: usize },
    #[error("{0} is longer than 4 MiB: move old parts of it to another file")]
    FileTooLong(MemoryPath),
    #[error("{0} is not a plain file: put a text file in its place")]
    NotPlain(MemoryPath),
    #[error("{0} is a link that leads out of the folder of memory, so it is left alone: put a plain file in its place")]
    Outside(MemoryPath),
    #[error("the folder of {0} is a file or something else: move it away, and a folder is made in its place")]
    NotFolder(MemoryPath),
    #[error("{path} cannot be used: {source}")]
    Io { path: MemoryPath, source: io::Error },
}

impl MemoryPath {
    /// # Errors
    /// [`MemoryError::NoSuchPath`] for anything but the four forms, written exactly so.
    pub(super) fn parse(text: &str) -> Result<Self, MemoryError> {
        let named = || {
            let (folder, file) = text.split_once('/')?;
            let name = file.strip_suffix(".md")?;
            match folder {
                // Only the form with dashes: the same day must not have two names.
                DAYS => name.parse().ok().filter(|day: &Date| day.to_string() == name).map(Self::Day),
                SESSIONS => is_name(name).then(|| Self::Session(name.to_owned())),
                _ => None,
            }
        };
        match text {
            "MEMORY.md" => Ok(Self::Memory),
            "HEARTBEAT.md" => Ok(Self::Heartbeat),
            _ => named().ok_or_else(|| MemoryError::NoSuchPath(shown(text))),
        }
    }

    /// Whether later prompts hold it as what the owner wants remembered or done.
    pub(super) fn is_instruction(&self) -> bool {
        matches!(self, Self::Memory | Self::Heartbeat)
    }

    fn is_transcript(&self) -> bool {
        matches!(self, Self::Session(_))
    }

    /// What to do where it does not exist.
    fn remedy(&self) -> &'static str {
        if self.is_transcript() { "list the files of memory" } else { "append to it to make it" }
    }

    /// Why it cannot be used.
    fn failed(&self, error: BeneathError) -> MemoryError {
        match error {
            BeneathError::Missing { .. } => MemoryError::Missing(self.clone()),
            BeneathError::Outside { .. } | BeneathError::Link { .. } => MemoryError::Outside(self.clone()),
            BeneathError::NotPlain { .. } => MemoryError::NotPlain(self.clone()),
            BeneathError::NotFolder { .. } => MemoryError::NotFolder(self.clone()),
            BeneathError::TooLong { .. } => MemoryError::FileTooLong(self.clone()),
            BeneathError::Io { source, .. } => self.io(source),
        }
    }

    fn io(&self, source: io::Error) -> MemoryError {
        MemoryError::Io { path: self.clone(), source }
    }
}

impl fmt::Display for MemoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("MEMORY.md"),
            Self::Heartbeat => f.write_str("HEARTBEAT.md"),
            Self::Day(day) => write!(f, "{DAYS}/{day}.md"),
            Self::Session(name) => write!(f, "{SESSIONS}/{name}.md"),
        }
    }
}

/// What of a wrong path is repeated in a message.
fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether it can be the name of a transcript: one plain part of a path, not hidden.
fn is_name(name: &str) -> bool {
    let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\');
    (1..=NAME_LIMIT).contains(&name.len()) && !name.starts_with('.') && name.chars().all(plain)
}

/// Every file there is with its size in bytes: MEMORY.md, HEARTBEAT.md, the days, newest first, and the transcripts,
/// the last written first. Files that could not be read are left out.
pub(super) fn list(place: &Place) -> Result<Vec<(MemoryPath, u32)>, MemoryError> {
    let folder = match place.open() {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        opened => opened.map_err(|error| MemoryPath::Memory.failed(error))?,
    };
    let own = [MemoryPath::Memory, MemoryPath::Heartbeat].into_iter().filter_map(|path| seen(path, &folder));
    let mut days = within(&folder, DAYS);
    days.sort_by_cached_key(|one| Reverse(one.0.to_string()));
    let mut sessions = within(&folder, SESSIONS);
    sessions.sort_by_cached_key(|one| Reverse((one.1.modified, one.0.to_string())));
    sessions.truncate(LISTED);
    let sized = |(path, data): (MemoryPath, Metadata)| (path, u32::try_from(data.size).unwrap_or(u32::MAX));
    Ok(own.chain(days).chain(sessions).map(sized).collect())
}

/// The files of memory in one of its folders.
fn within(folder: &Folder, part: &str) -> Vec<(MemoryPath, Metadata)> {
    let entries = folder.folder(part).and_then(|below| below.entries()).unwrap_or_default();
    let names = entries.into_iter().filter_map(|entry| entry.name.into_string().ok());
    let paths = names.filter_map(|name| MemoryPath::parse(&format!("{part}/{name}")).ok());
    paths.filter_map(|path| seen(path, folder)).collect()
}

fn seen(path: MemoryPath, folder: &Folder) -> Option<(MemoryPath, Metadata)> {
    let data = folder.metadata(path.to_string()).ok()?;
    data.is_file().then_some((path, data))
}

/// The text of a file; bytes that are not text are shown as `�`.
pub(super) fn read(place: &Place, path: &MemoryPath) -> Result<String, MemoryError> {
    let read = place.open().and_then(|folder| folder.text(path.to_string(), FILE_LIMIT));
    read.map_err(|error| path.failed(error))
}

/// Adds a text at the end, on a separate line and ended by a line break; it is on disk when this returns. With
/// `unless_there` nothing is added to a file that ends with the text.
pub(super) fn append(place: &Place, path: &MemoryPath, text: &str, unless_there: bool) -> Result<(), MemoryError> {
    if path.is_transcript() {
        return Err(MemoryError::ReadOnly(path.clone()));
    }
    let text = text.trim_matches(['\r', '\n']);
    if text.trim().is_empty() {
        return Err(MemoryError::Empty);
    }
    if text.len() > TEXT_LIMIT {
        return Err(MemoryError::TextTooLong { length: text.len() });
    }
    // Of somebody whose memory has been empty so far, the folder is made too.
    let opened = place.make().and_then(|folder| folder.append(path.to_string()));
    let mut file = opened.map_err(|error| path.failed(error))?;
    add(&mut file, path, &format!("{text}\n"), unless_there)
}

/// Writes one piece at the end. Of writers in this and other processes one at a time has the file.
fn add(file: &mut File, path: &MemoryPath, line: &str, unless_there: bool) -> Result<(), MemoryError> {
    let io = |source| path.io(source);
    file.lock().map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let tail = tail(file, length, line.len() as u64 + 1).map_err(io)?;
    let whole_line = tail.strip_suffix(line.as_bytes()).is_some_and(|before| before.is_empty() || before == b"\n");
    if unless_there && whole_line {
        return Ok(());
    }
    let gap = if tail.last().is_some_and(|&last| last != b'\n') { "\n" } else { "" };
    let piece = format!("{gap}{line}");
    if length + piece.len() as u64 > FILE_LIMIT {
        return Err(MemoryError::FileTooLong(path.clone()));
    }
    let written = file.write_all(piece.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| {
        // On a full disk a part may have been written; without it the file is whole again.
        let _ = file.set_len(length).and_then(|()| file.sync_all());
        io(source)
    })
}

/// The last bytes of a file, at most `most`.
fn tail(file: &mut File, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    file.take(most).read_to_end(&mut tail)?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn path(text: &str) -> MemoryPath {
        MemoryPath::parse(text).unwrap()
    }

    fn place(folder: &TempDir) -> Place {
        Place::of(folder.path())
    }

    fn folder() -> TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn only_files_of_memory_have_a_name() {
        for text in [
            "MEMORY.md",
            "HEARTBEAT.md",
            "memory/2026-11-20.md",
            "memory/2028-02-29.md",
            "sessions/owner-1.terminal.md",
            "sessions/Разговор 1.md",
        ] {
            assert_eq!(path(text).to_string(), text);
        }
        for text in [
            "",
            "memory.md",
            "./MEMORY.md",
            "/MEMORY.md",
            "../MEMORY.md",
            "memory/../MEMORY.md",
            "memory/2026-02-29.md",
            "memory/20261120.md",
            "memory/2026-11-20T09.md",
            "memory/2026-11-20.md/x",
            "memory/notes.md",
            "data/steward.sqlite",
            "MEMORY.md\0",
            "sessions/.md",
            "sessions/.hidden.md",
            "sessions/../MEMORY.md",
            "sessions/a/b.md",
            "sessions/a\\b.md",
            "sessions/a\n.md",
            "sessions/a.txt",
            "sessions//a.md",
        ] {
            assert!(matches!(MemoryPath::parse(text), Err(MemoryError::NoSuchPath(_))), "{text}");
        }
    }

    #[test]
    fn every_text_gets_lines_of_its_own() {
        let folder = folder();
        append(&place(&folder), &MemoryPath::Memory, "one", false).unwrap();
        // A person's editor left no line break at the end.
        fs::write(folder.path().join("MEMORY.md"), "one\nby hand").unwrap();
        append(&place(&folder), &MemoryPath::Memory, "\ntwo\n\nthree\n\n", false).unwrap();
        assert_eq!(read(&place(&folder), &MemoryPath::Memory).unwrap(), "one\nby hand\ntwo\n\nthree\n");
    }

    #[test]
    fn files_are_listed_with_the_newest_day_first() {
        let folder = folder();
        for name in ["memory/2026-11-19.md", "memory/2026-11-20.md", "MEMORY.md"] {
            append(&place(&folder), &path(name), "text", false).unwrap();
        }
        fs::write(folder.path().join("memory/notes.md"), "not a day").unwrap();
        let listed: Vec<String> = list(&place(&folder)).unwrap().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(listed, ["MEMORY.md", "memory/2026-11-20.md", "memory/2026-11-19.md"]);
        assert_eq!(list(&place(&folder)).unwrap()[0].1, 5);
        assert!(matches!(read(&place(&folder), &MemoryPath::Heartbeat), Err(MemoryError::Missing(_))));
    }

    #[test]
    fn the_transcripts_written_last_are_listed_after_the_days() {
        let folder = folder();
        append(&place(&folder), &path("memory/2026-11-20.md"), "text", false).unwrap();
        let sessions = folder.path().join("sessions");
        fs::create_dir(&sessions).unwrap();
        for number in 0..210 {
            let file = File::create(sessions.join(format!("{number:03}.md"))).unwrap();
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000 - number)).unwrap();
        }
        let listed: Vec<String> = list(&place(&folder)).unwrap().iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(listed[..3], ["memory/2026-11-20.md", "sessions/000.md", "sessions/001.md"]);
        assert_eq!(listed.len(), 1 + LISTED);
        let refused = append(&place(&folder), &path("sessions/000.md"), "text", false);
        assert!(matches!(refused, Err(MemoryError::ReadOnly(_))));
    }

    #[test]
    fn a_link_out_of_the_workspace_is_left_alone() {
        let (folder, elsewhere) = (folder(), folder());
        fs::write(elsewhere.path().join("secret"), "secret").unwrap();
        symlink(elsewhere.path().join("secret"), folder.path().join("MEMORY.md")).unwrap();
        symlink(elsewhere.path(), folder.path().join("memory")).unwrap();
        symlink(elsewhere.path().join("nowhere"), folder.path().join("HEARTBEAT.md")).unwrap();
        for name in ["MEMORY.md", "HEARTBEAT.md", "memory/2026-11-20.md"] {
            assert!(append(&place(&folder), &path(name), "text", false).is_err(), "{name}");
            assert!(read(&place(&folder), &path(name)).is_err(), "{name}");
        }
        assert_eq!(list(&place(&folder)).unwrap(), []);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(elsewhere.path().join("secret")).unwrap(), "secret");
    }

    #[test]
    fn a_link_within_the_workspace_is_followed() {
        let folder = folder();
        fs::write(folder.path().join("notes.md"), "here\n").unwrap();
        symlink("notes.md", folder.path().join("MEMORY.md")).unwrap();
        append(&place(&folder), &MemoryPath::Memory, "more", false).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("notes.md")).unwrap(), "here\nmore\n");
    }

    #[test]
    fn lengths_are_bounded_and_nothing_is_half_written() {
        let folder = folder();
        let long = "x".repeat(TEXT_LIMIT + 1);
        assert!(matches!(
            append(&place(&folder), &MemoryPath::Memory, &long, false),
            Err(MemoryError::TextTooLong { length }) if length == TEXT_LIMIT + 1
        ));
        assert!(matches!(append(&place(&folder), &MemoryPath::Memory, " \n ", false), Err(MemoryError::Empty)));
        let size = usize::try_from(FILE_LIMIT).unwrap() - 3;
        fs::write(folder.path().join("MEMORY.md"), "y".repeat(size)).unwrap();
        let full = append(&place(&folder), &MemoryPath::Memory, "four", false);
        assert!(matches!(full, Err(MemoryError::FileTooLong(_))));
        assert_eq!(read(&place(&folder), &MemoryPath::Memory).unwrap().len(), size);
    }

    #[test]
    fn concurrent_appends_leave_every_line_whole() {
        let folder = folder();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let folder = place(&folder);
                scope.spawn(move || {
                    for line in 0..5 {
                        append(&folder, &MemoryPath::Memory, &format!("writer {writer} line {line}"), false).unwrap();
                    }
                });
            }
        });
        let text = read(&place(&folder), &MemoryPath::Memory).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), 40);
        assert!(lines.iter().all(|line| line.len() == "writer 0 line 0".len()));
    }
}
