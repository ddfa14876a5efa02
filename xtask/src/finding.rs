//! What a check found: where, what is wrong, and what to do.

use std::fmt;

/// One thing that is wrong. Shown as `path:line: text`, which editors can open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the repository.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.into(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.text)
    }
}

/// Something that may be there as often as xtask/allowed.toml says.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    /// The section of allowed.toml.
    pub(crate) section: &'static str,
    /// The key in it: a crate, a file, a function.
    pub(crate) key: String,
    pub(crate) count: usize,
    /// What is said if it is more than allowed.
    pub(crate) finding: Finding,
}

/// What one check has to say.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Always wrong.
    pub(crate) findings: Vec<Finding>,
    /// Compared with allowed.toml.
    pub(crate) counted: Vec<Counted>,
}

impl Report {
    pub(crate) fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.counted.extend(other.counted);
    }
}
