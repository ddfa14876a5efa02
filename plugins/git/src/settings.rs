//! The settings of a repository, as far as the host lets git see them.

/// The settings that are in force in a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// Reads what `git config --list -z` prints.
    pub fn read(printed: &[u8]) -> Self {
        let printed = String::from_utf8_lossy(printed);
        let entries = printed.split('\0').filter(|entry| !entry.is_empty());
        let pair = |entry: &str| {
            entry.split_once('\n').map_or((entry.to_owned(), String::new()), |(k, v)| (k.into(), v.into()))
        };
        Self(entries.map(pair).collect())
    }

    /// The last value of a setting.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts() {
        let settings = Settings::read(b"user.name\nOlga\0core.bare\0user.name\nOlga P.\0");
        assert_eq!(settings.get("user.name"), Some("Olga P."));
        assert_eq!((settings.get("core.bare"), settings.get("user.email")), (Some(""), None));
    }
}
