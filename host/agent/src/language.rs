//! The two languages of the interface. The assistant itself answers in whatever language it is spoken to.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Ru,
}

impl Language {
    /// The language of a BCP 47 tag such as `ru-RU`; anything but Russian is English.
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("ru") { Self::Ru } else { Self::En }
    }

    /// Russian if most letters are Cyrillic, English if most are not, `None` where there are no letters.
    pub fn of_text(text: &str) -> Option<Self> {
        let (mut cyrillic, mut other) = (0usize, 0usize);
        for letter in text.chars().filter(|c| c.is_alphabetic()) {
            if ('\u{0400}'..='\u{04ff}').contains(&letter) { cyrillic += 1 } else { other += 1 }
        }
        match (cyrillic, other) {
            (0, 0) => None,
            _ if cyrillic >= other => Some(Self::Ru),
            _ => Some(Self::En),
        }
    }

    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_most_letters() {
        assert_eq!(Language::of_text("напомни купить milk"), Some(Language::Ru));
        assert_eq!(Language::of_text("remind me: молоко at nine"), Some(Language::En));
        assert_eq!(Language::of_text("42 + 1"), None);
        assert_eq!(Language::from_tag("ru-RU"), Language::Ru);
        assert_eq!(Language::from_tag("de"), Language::En);
    }
}
