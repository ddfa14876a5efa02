//! Words of memory: whose it is, what a search finds, what can be forgotten.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::principal::{PersonId, Principal, Role};

/// Whose memory it is. Nothing of one space is ever found from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemorySpace {
    /// Owners share one, as they share the workspace.
    Owners,
    Person(PersonId),
}

impl MemorySpace {
    /// The space a principal works with; a group has none.
    pub fn of(principal: &Principal) -> Option<Self> {
        match principal.role {
            Role::Owner => Some(Self::Owners),
            Role::Group => None,
            Role::External | Role::Named(_) => Some(Self::Person(principal.person)),
        }
    }

    /// The space of that name.
    pub fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("person-") {
            Some(id) => id.parse().ok().map(|id| Self::Person(PersonId(id))),
            None => (name == "owners").then_some(Self::Owners),
        }
    }
}

/// The name of its folder and of its rows: `owners`, `person-7`.
impl fmt::Display for MemorySpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owners => f.write_str("owners"),
            Self::Person(id) => write!(f, "person-{id}"),
        }
    }
}

/// How long a passage of a conversation keeps its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryLevel {
    /// The newest.
    Short,
    /// Those before them.
    Medium,
    /// What was recalled again and again.
    Long,
}

impl MemoryLevel {
    pub const ALL: [Self; 3] = [Self::Short, Self::Medium, Self::Long];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Medium => "medium",
            Self::Long => "long",
        }
    }
}

/// What is to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgetting {
    /// What is kept of conversations on one level.
    Level(MemoryLevel),
    /// What is kept of conversations on all levels.
    Vector,
    /// The conversation as it stands, and the short level.
    ShortTerm,
    /// The summary of the conversation's earlier part.
    Summary,
    /// What is known about the person as keys and values.
    UserData,
    /// All of these, and the files: facts, days, transcripts; and which other files are searched.
    All,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryHit {
    /// Below the space's own folder, or absolute for what is elsewhere.
    pub path: String,
    /// Counted from 1.
    pub first_line: u32,
    pub last_line: u32,
    /// 0 to 1, of the fused ranking; comparable within one search only.
    pub score: f32,
    pub text: String,
    /// Other places with the same text, as `path:first-last`.
    pub also: Vec<String>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryFound {
    /// The best first.
    pub hits: Vec<MemoryHit>,
    /// What the one who asked should know, such as that only words were compared.
    pub note: Option<String>,
}

/// Files outside the own folder that are searched too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemorySource {
    /// As it was asked for.
    pub path: String,
    pub files: u32,
    pub passages: u32,
    /// Files that could not be taken in, each with the reason; the first few.
    pub problems: Vec<String>,
}

/// How the index of a space stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStatus {
    pub files: u32,
    pub passages: u32,
    /// Passages that have a vector of the present model.
    pub embedded: u32,
    /// Passages that still wait for one.
    pub waiting: u32,
    /// The embedding model, if there is one.
    pub model: Option<String>,
    /// Passages of conversations on the short, medium and long level.
    pub levels: [u32; 3],
    pub sources: Vec<MemorySource>,
    /// Own files that could not be taken in, each with the reason; the first few.
    pub problems: Vec<String>,
}

/// Why memory gave nothing. The text says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryFault {
    Invalid(String),
    Denied(String),
    NotFound(String),
    Unavailable(String),
    Failed(String),
}

impl fmt::Display for MemoryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text)
            | Self::Denied(text)
            | Self::NotFound(text)
            | Self::Unavailable(text)
            | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for MemoryFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_is_found_by_its_name() {
        for space in [MemorySpace::Owners, MemorySpace::Person(PersonId(7))] {
            assert_eq!(MemorySpace::named(&space.to_string()), Some(space));
        }
        for name in ["", "owner", "person-", "person-x", "../owners"] {
            assert_eq!(MemorySpace::named(name), None, "{name}");
        }
    }
}
