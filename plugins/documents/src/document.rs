//! A document that was opened: what it is, and its text, at once or page by page.

use steward_sdk::Failure;

use crate::kind::Kind;
use crate::outline::MOST;
use crate::pdf::Pdf;
use crate::{csv, docx, epub, html, odt, plain, xlsx};

/// The longest title that is told, in characters.
const TITLE: usize = 300;

/// A document with what is known of it.
pub struct Document {
    pub kind: Kind,
    pub title: Option<String>,
    pub body: Body,
}

/// Where the text of a document comes from.
pub enum Body {
    Whole(Text),
    /// Read page by page, each when it is wanted.
    Pages(Pdf),
}

/// All the text of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pub text: String,
    /// There was more than is kept of one document.
    pub cut: bool,
}

impl Text {
    /// The text with what stands above and below each page, once.
    #[must_use]
    pub fn framed(self, header: &str, footer: &str) -> Self {
        let above = if header.is_empty() { String::new() } else { format!("[header] {header}\n\n") };
        let below = if footer.is_empty() { String::new() } else { format!("\n\n[footer] {footer}") };
        let mut text = format!("{above}{}{below}", self.text);
        let cut = self.cut || text.len() > MOST;
        text.truncate(text.floor_char_boundary(MOST));
        Self { text, cut }
    }
}

/// What a format gives: a title, if there is one, and the text.
pub type Titled = (Option<String>, Text);

impl Document {
    /// Reads what can be read at once.
    ///
    /// # Errors
    /// It is damaged, locked, too large, or has no text.
    pub fn open(kind: Kind, data: Vec<u8>) -> Result<Self, Failure> {
        let (title, body) = match kind {
            Kind::Pdf => {
                let pdf = Pdf::open(data)?;
                (pdf.title(), Body::Pages(pdf))
            }
            Kind::Docx => whole(docx::read(&data)?)?,
            Kind::Xlsx => whole(xlsx::read(&data)?)?,
            Kind::Csv => (None, Body::Whole(csv::read(data)?)),
            Kind::Odt => whole(odt::read(&data)?)?,
            Kind::Epub => whole(epub::read(&data)?)?,
            Kind::Html => whole(html::read(&data)?)?,
            Kind::Text => (None, Body::Whole(plain::read(data)?)),
        };
        let title = title.map(|title| steward_content::markdown::one_line(&title));
        let title = title.filter(|title| !title.is_empty()).map(|title| title.chars().take(TITLE).collect());
        Ok(Self { kind, title, body })
    }

    /// How many pages it has, where it has any.
    pub fn pages(&self) -> Option<usize> {
        match &self.body {
            Body::Whole(_) => None,
            Body::Pages(pdf) => Some(pdf.pages()),
        }
    }
}

fn whole((title, text): Titled) -> Result<(Option<String>, Body), Failure> {
    if text.text.trim().is_empty() {
        return Err(Failure::failed(
            "has no text: if it shows any, that is a picture of it, which cannot be read here",
        ));
    }
    Ok((title, Body::Whole(text)))
}
