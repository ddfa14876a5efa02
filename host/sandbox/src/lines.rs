//! Text for a person, written line by line in their language. What comes from a plugin is shown so that nothing in it
//! can hide and no line of it can look like one of the host's.

use steward_agent::{Language, visible};

/// Characters of one piece of somebody else's text.
const SHOWN: usize = 200;
/// Items of one list; the rest is counted.
const ITEMS: usize = 200;

/// A text that grows.
pub(crate) struct Lines {
    text: String,
    language: Language,
}

impl Lines {
    pub(crate) fn new(language: Language) -> Self {
        Self { text: String::new(), language }
    }

    /// One of both, by the language.
    pub(crate) fn pick<T>(&self, en: T, ru: T) -> T {
        match self.language {
            Language::En => en,
            Language::Ru => ru,
        }
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(crate) fn head(&mut self, en: &str, ru: &str) {
        self.line(self.pick(en, ru).to_owned().as_str());
    }

    pub(crate) fn item(&mut self, item: &str) {
        self.line(&format!("  {item}"));
    }

    /// A heading and somebody else's items beneath it; nothing where there are none.
    pub(crate) fn list(&mut self, en: &str, ru: &str, items: &[String]) {
        if items.is_empty() {
            return;
        }
        self.head(en, ru);
        items.iter().take(ITEMS).for_each(|item| self.item(&shown(item)));
        if let Some(more) = items.len().checked_sub(ITEMS).filter(|more| *more > 0) {
            self.item(&self.pick(format!("… and {more} more"), format!("… и ещё {more}")));
        }
    }

    pub(crate) fn text(self) -> String {
        self.text
    }
}

/// Somebody else's text on one line.
pub(crate) fn shown(text: &str) -> String {
    visible(text, SHOWN)
}

/// Somebody else's items on one line.
pub(crate) fn joined<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    const MOST: usize = 40;
    let items: Vec<_> = items.into_iter().map(|item| shown(item)).collect();
    let (first, rest) = items.split_at(items.len().min(MOST));
    let more = if rest.is_empty() { String::new() } else { format!(" … (+{})", rest.len()) };
    format!("{}{more}", first.join(", "))
}
