//! Where fuzzing gets at the settings of repositories. Nothing else calls this.

use super::settings::{OURS, PASSED, Settings};
use crate::failure;

/// What the host says of the kind of a repository.
const KINDS: [&str; 2] = [
    "[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n",
    "[core]\n\trepositoryFormatVersion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n",
];
/// Keys of sections that have a name.
const NAMED: [(&str, &str); 5] =
    [("remote", "url"), ("remote", "pushurl"), ("remote", "fetch"), ("branch", "remote"), ("branch", "merge")];

/// A repository's `.git/config`, written by anybody.
///
/// # Panics
/// What git would be given has another key than those of the list, in another form than the one that is written, or
/// something behind what the host says.
pub fn git_settings(file: &[u8]) {
    let settings = match Settings::read(file) {
        Ok(settings) => settings.with_kind(false),
        Err(failure) => return assert!(!failure::text(failure).is_empty(), "a refusal without a word"),
    };
    let written = settings.written("");
    let theirs = written.strip_suffix(OURS).and_then(|text| KINDS.iter().find_map(|kind| text.strip_suffix(kind)));
    assert!(theirs.is_some(), "it does not end as the host says: {written}");
    let mut lines = theirs.unwrap_or_default().split_inclusive('\n');
    while let Some(head) = lines.next() {
        let (section, name) = section(head);
        let (key, value) = setting(lines.next().unwrap_or_default());
        assert!(!value.chars().any(char::is_control), "{key} has the value {value:?}");
        match name {
            None => assert!(PASSED.iter().any(|(passed, _)| *passed == format!("{section}.{key}")), "{section}.{key}"),
            Some(name) => {
                assert!(NAMED.contains(&(section, key)), "{section}.{key}");
                assert!(!name.starts_with('-') && !name.contains([':', ' ', '\\', '"']), "the name {name:?}");
            }
        }
    }
    let again = Settings::read(written.as_bytes()).map(|settings| settings.with_kind(false).written(""));
    assert_eq!(again.ok().as_ref(), Some(&written), "it is not read as it was written");
}

/// `[section "name"]` and nothing else in its line.
fn section(line: &str) -> (&str, Option<&str>) {
    let head = line.strip_prefix('[').and_then(|line| line.strip_suffix("]\n"));
    assert!(head.is_some_and(|head| !head.contains('\n')), "{line:?} is no section");
    let head = head.unwrap_or_default();
    let Some((section, name)) = head.split_once(' ') else { return (head, None) };
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    assert!(name.is_some(), "{line:?} is no section");
    (section, name)
}

/// A tab, the key and the value in quotation marks, without one that ends it sooner.
fn setting(line: &str) -> (&str, &str) {
    let parts =
        line.strip_prefix('\t').and_then(|line| line.strip_suffix("\"\n")).and_then(|line| line.split_once(" = \""));
    assert!(parts.is_some(), "{line:?} is not a setting");
    let (key, value) = parts.unwrap_or_default();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        let escaped = c == '\\' && rest.next().is_some_and(|c| matches!(c, '\\' | '"'));
        assert!(escaped || !matches!(c, '\\' | '"'), "the value {value:?} ends before its end");
    }
    assert!(key.chars().all(|c| c.is_ascii_lowercase()), "{key:?} is not a key");
    (key, value)
}
