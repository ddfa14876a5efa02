//! The key that callers show. It is compared in constant time and never printed.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// What a caller shows as `Authorization: Bearer KEY`.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<str>);

/// Why a text is not a key. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It could be guessed.
    #[error("the key is too short: use at least {} characters, such as from `openssl rand -hex 32`", Key::SHORTEST)]
    Short,
    /// It could not be sent in a header.
    #[error("the key holds spaces or other characters that a header cannot carry: use letters, digits and signs")]
    Unsendable,
}

impl Key {
    /// Characters, so that nobody can guess it by trying.
    pub const SHORTEST: usize = 32;

    /// # Errors
    /// If it could be guessed or cannot be sent.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        if text.len() < Self::SHORTEST {
            return Err(KeyError::Short);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::Unsendable);
        }
        Ok(Self(text.into()))
    }

    /// Whether this is the key. How long that takes tells nothing about it, for hashes are compared, in constant time.
    pub(crate) fn is(&self, offered: &[u8]) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(offered)
    }

    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_can_be_sent_and_is_never_shown() {
        let text = "0123456789abcdef0123456789abcdef";
        let key = Key::new(text).unwrap();
        assert!(key.is(text.as_bytes()));
        assert!(!key.is(&text.as_bytes()[1..]) && !key.is(b"") && !key.is(format!("{text}0").as_bytes()));
        assert!(!format!("{key:?}").contains("0123"));
        assert_eq!(Key::new(&text[1..]), Err(KeyError::Short));
        assert_eq!(Key::new(&text.replace('a', " ")), Err(KeyError::Unsendable));
        assert_eq!(Key::new(&text.replace('a', "é")), Err(KeyError::Unsendable));
        assert!(KeyError::Short.to_string().contains("32 characters"));
    }
}
