//! PDF (ISO 32000): opening a file and reading the text of its pages, one after the other.

mod fonts;
mod interpreter;
mod letters;
mod lines;
mod state;

use hayro_syntax::object::dict::keys::CONTENTS;
use hayro_syntax::object::{Array, Stream};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError};
use steward_sdk::Failure;

use self::fonts::Fonts;
use self::interpreter::Interpreter;

/// After so many pages the fonts are loaded anew: what is kept of them must not grow with the document.
const FONTS_FOR: usize = 64;

/// A PDF file that was opened.
pub struct Pdf(hayro_syntax::Pdf);

impl Pdf {
    /// # Errors
    /// It is damaged beyond repair, or locked.
    pub fn open(data: Vec<u8>) -> Result<Self, Failure> {
        let locked = || Failure::failed("is locked by a password: ask for a version without one");
        let pdf = hayro_syntax::Pdf::new(data).map_err(|error| match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => locked(),
            LoadPdfError::Decryption(_) => {
                Failure::failed("is locked in a way that is not known here: ask for a version without a password")
            }
            LoadPdfError::Invalid => damaged(),
        })?;
        if pdf.pages().is_empty() { Err(damaged()) } else { Ok(Self(pdf)) }
    }

    /// What its author called it.
    pub fn title(&self) -> Option<String> {
        let title = self.0.metadata().title.as_deref().map(letters::string)?;
        // What programs write where nobody told them one.
        (!title.trim().eq_ignore_ascii_case("untitled")).then_some(title)
    }

    pub fn pages(&self) -> usize {
        self.0.pages().len()
    }

    /// The pages from this one on, counted from 1.
    pub fn read(&self, first: usize) -> Pages<'_> {
        Pages { pages: self.0.pages(), next: first.saturating_sub(1), fonts: Fonts::default(), shown: 0, known: 0 }
    }
}

fn damaged() -> Failure {
    Failure::failed("is damaged or incomplete: it has to be sent or downloaded again")
}

/// The text of pages, each read when it is asked for.
pub struct Pages<'a> {
    pages: &'a [Page<'a>],
    next: usize,
    fonts: Fonts<'a>,
    /// Letters that were shown, and those of them that could be told.
    shown: usize,
    known: usize,
}

impl Iterator for Pages<'_> {
    type Item = (usize, String);

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.pages.get(self.next)?;
        self.next += 1;
        if self.next.is_multiple_of(FONTS_FOR) {
            self.fonts = Fonts::default();
        }
        let mut interpreter = Interpreter::new(&self.fonts);
        interpreter.run(&contents(page), page.resources());
        self.shown += interpreter.shown;
        self.known += interpreter.known;
        Some((self.next, format!("[page {}]\n{}\n", self.next, interpreter.text())))
    }
}

impl Pages<'_> {
    /// # Errors
    /// The pages read so far show no letters, or none that can be told.
    pub fn said_something(&self) -> Result<(), Failure> {
        if self.shown == 0 {
            return Err(Failure::failed(
                "has no text: its pages are pictures, as of a scan. Text has to be recognised in them first (OCR)",
            ));
        }
        // What is left where only digits and stops are known says nothing.
        if self.known < self.shown / 2 {
            return Err(Failure::failed(
                "does not say which letters its fonts show: ask for it in another format, or have it recognised (OCR)",
            ));
        }
        Ok(())
    }
}

/// What draws a page. Unlike the page itself, it is not kept.
fn contents(page: &Page<'_>) -> Vec<u8> {
    let decoded = |stream: Stream<'_>| stream.decoded_data().ok().map(|data| data.into_owned());
    let dict = page.raw();
    if let Some(stream) = dict.get::<Stream<'_>>(CONTENTS) {
        return decoded(stream).unwrap_or_default();
    }
    let streams = dict.get::<Array<'_>>(CONTENTS);
    let streams = streams.iter().flat_map(|array| array.iter::<Stream<'_>>()).filter_map(decoded);
    // One may end in the middle of a row of operators, but never of a word.
    streams.collect::<Vec<_>>().join(&b' ')
}
