//! Repositories for the tests of checks.

use crate::sources::Sources;

/// A repository of these files: path and text.
pub(crate) fn made(files: &[(&str, &str)]) -> Sources {
    Sources::parse(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()).unwrap()
}
