//! Makes the index say what the files say: looks which were changed, reads those, takes out those that are gone.
//! Blocking. Documents are not read here but given back, for a sandbox reads them.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use steward_beneath::Place;
use steward_index::{FilePlace, FileState, FileText, Index, TextKind};
use tokio_util::sync::CancellationToken;

use crate::listing::{Listed, Root};
use crate::opening::{OpenRoot, Opened, ReadError};
use crate::reading::{self, FileKind};
use crate::settings::Settings;

/// Files and bytes that are written at once; searching never waits for it, other writers do.
const BATCH_FILES: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// What came of looking at all files.
#[derive(Default)]
pub(crate) struct Scanned {
    /// Something is said that was not, or is said no more.
    pub(crate) changed: bool,
    /// A transcript is among it.
    pub(crate) talked: bool,
    /// Changed files that are documents.
    pub(crate) documents: Vec<Document>,
    /// Roots that are not there.
    pub(crate) missing: Vec<String>,
}

/// A document that is to be read.
pub(crate) struct Document {
    pub(crate) place: FilePlace,
    pub(crate) opened: Opened,
    pub(crate) state: FileState,
}

/// A file that was read.
pub(crate) struct Read {
    place: FilePlace,
    state: FileState,
    text: Option<FileText>,
}

pub(crate) struct Scan<'a> {
    pub(crate) index: &'a Index,
    pub(crate) settings: &'a Settings,
    /// Reads every file, also those that look unchanged.
    pub(crate) all: bool,
    pub(crate) stop: &'a CancellationToken,
}

impl Scan<'_> {
    /// Looks at all files of these roots; what is known below others is taken out.
    pub(crate) fn run(&self, roots: &[Root]) -> steward_index::Result<Scanned> {
        let mut known = self.index.files()?;
        let mut scanned = Scanned::default();
        let mut batch = Batch::default();
        for root in roots {
            let Some(files) = root.files(&self.settings.hidden) else {
                // A drive that is not plugged in: what it holds stays.
                known.retain(|place, _| place.root != root.name);
                scanned.missing.push(root.name.clone());
                continue;
            };
            let opened = OpenRoot::of(root, &self.settings.hidden);
            for file in files {
                if self.stop.is_cancelled() {
                    batch.write(self, &mut scanned)?;
                    return Ok(scanned);
                }
                let before = known.remove(&file.place);
                self.look((root, opened.as_ref().ok()), file, before.as_ref(), &mut batch, &mut scanned);
                if batch.is_full() {
                    batch.write(self, &mut scanned)?;
                }
            }
        }
        batch.write(self, &mut scanned)?;
        self.remove(known, &mut scanned)?;
        Ok(scanned)
    }

    /// Puts a document's text, or why there is none, into the index.
    pub(crate) fn put_document(
        &self,
        place: FilePlace,
        state: FileState,
        text: Result<String, ReadError>,
    ) -> steward_index::Result<()> {
        let written = state.modified / 1_000_000_000;
        let read = match text {
            Ok(text) => Read { place, state, text: Some(FileText { text, kind: TextKind::Plain, written }) },
            Err(error) => Read { place, state: FileState { problem: Some(error.to_string()), ..state }, text: None },
        };
        let mut batch = Batch::default();
        batch.add(read);
        batch.write(self, &mut Scanned::default())
    }

    fn look(
        &self,
        (root, open): (&Root, Option<&OpenRoot>),
        file: Listed,
        before: Option<&FileState>,
        batch: &mut Batch,
        scanned: &mut Scanned,
    ) {
        let kind = FileKind::of(&file.path);
        // Nobody asks why a picture is not found by its words.
        if kind == FileKind::Other && before.is_none() && root.folder != file.path {
            return;
        }
        let opened = open.ok_or(ReadError::Outside).and_then(|open| open.file(Path::new(&file.place.path)));
        let state = match &opened {
            Ok(opened) => FileState { size: opened.size, modified: opened.modified, ..FileState::default() },
            Err(_) => FileState::default(),
        };
        let same = before.is_some_and(|before| before.size == state.size && before.modified == state.modified);
        if same && !self.all && opened.is_ok() {
            return;
        }
        match opened.and_then(|opened| self.read(kind, &file, opened, state.clone(), scanned)) {
            Ok(Some(read)) => batch.add(read),
            Ok(None) => {}
            Err(error) => {
                let problem = Some(error.to_string());
                if before.is_none_or(|before| before.problem != problem || before.size != state.size) {
                    batch.add(Read { place: file.place, state: FileState { problem, ..state }, text: None });
                }
            }
        }
    }

    fn read(
        &self,
        kind: FileKind,
        file: &Listed,
        opened: Opened,
        mut state: FileState,
        scanned: &mut Scanned,
    ) -> Result<Option<Read>, ReadError> {
        let kind = match kind {
            FileKind::Other => return Err(ReadError::Binary),
            FileKind::Document => {
                if opened.size > self.settings.document_limit {
                    return Err(ReadError::TooLarge { size: opened.size, most: self.settings.document_limit });
                }
                scanned.documents.push(Document { place: file.place.clone(), opened, state });
                return Ok(None);
            }
            FileKind::Text(_) if is_transcript(&file.place) => TextKind::Transcript,
            FileKind::Text(kind) => kind,
        };
        let bytes = opened.bytes(self.settings.text_limit)?;
        state.hash = blake3::hash(&bytes).as_bytes()[..16].to_vec();
        let text = reading::decode(&bytes)?;
        let written = self.written(&file.place).unwrap_or(state.modified / 1_000_000_000);
        Ok(Some(Read { place: file.place.clone(), state, text: Some(FileText { text, kind, written }) }))
    }

    /// When what is in a file of a day was written: that day's beginning.
    fn written(&self, place: &FilePlace) -> Option<i64> {
        let name = place.path.strip_prefix("memory/").or_else(|| place.path.strip_prefix("sessions/"))?;
        let day: Date = name.get(..10)?.parse().ok()?;
        let start = day.to_zoned(self.settings.zone.clone()).ok()?;
        place.root.is_empty().then(|| start.timestamp().as_second())
    }

    fn remove(&self, gone: HashMap<FilePlace, FileState>, scanned: &mut Scanned) -> steward_index::Result<()> {
        let gone: Vec<_> = gone.into_keys().collect();
        for places in gone.chunks(BATCH_FILES) {
            self.index.change(|batch| {
                for place in places {
                    batch.remove(place, now())?;
                }
                Ok(())
            })?;
            scanned.changed = true;
            scanned.talked |= places.iter().any(is_transcript);
        }
        Ok(())
    }
}

/// Files that are written together.
#[derive(Default)]
struct Batch {
    files: Vec<Read>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, read: Read) {
        self.bytes += read.text.as_ref().map_or(0, |text| text.text.len());
        self.files.push(read);
    }

    fn is_full(&self) -> bool {
        self.files.len() >= BATCH_FILES || self.bytes >= BATCH_BYTES
    }

    fn write(&mut self, scan: &Scan<'_>, scanned: &mut Scanned) -> steward_index::Result<()> {
        let files = std::mem::take(self).files;
        if files.is_empty() {
            return Ok(());
        }
        scan.index.change(|batch| {
            for Read { place, state, text } in &files {
                batch.put(place, state, text.as_ref(), scan.settings.passage, now())?;
            }
            Ok(())
        })?;
        scanned.changed = true;
        scanned.talked |= files.iter().any(|file| is_transcript(&file.place));
        Ok(())
    }
}

pub(crate) fn is_transcript(place: &FilePlace) -> bool {
    place.root.is_empty() && place.path.starts_with("sessions/")
}

pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Roots in the order in which they are looked at, the own folder first.
pub(crate) fn roots(own: Place, sources: &[String]) -> Vec<Root> {
    std::iter::once(Root::own(own)).chain(sources.iter().map(|path| Root::source(path))).collect()
}
