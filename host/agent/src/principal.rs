//! Whom a run acts for. A principal is made by the host from what it knows of the sender; no tool argument and
//! nothing a model says can change it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A person known to the assistant; the key of their row in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub i64);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One conversation with its history: `owner/1/telegram`, `person/7`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person is to the assistant. Roles other than these three come from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Role {
    Owner,
    Group,
    External,
    Named(String),
}

impl Role {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => "owner",
            Self::Group => "group",
            Self::External => "external",
            Self::Named(name) => name,
        }
    }
}

impl From<String> for Role {
    fn from(name: String) -> Self {
        match name.as_str() {
            "owner" => Self::Owner,
            "group" => Self::Group,
            "external" => Self::External,
            _ => Self::Named(name),
        }
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.as_str().to_owned()
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What set the run going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Chat,
    Schedule,
    Heartbeat,
    Trigger,
    Task,
    Dashboard,
    McpClient,
}

impl Origin {
    pub const ALL: [Self; 7] =
        [Self::Chat, Self::Schedule, Self::Heartbeat, Self::Trigger, Self::Task, Self::Dashboard, Self::McpClient];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Schedule => "schedule",
            Self::Heartbeat => "heartbeat",
            Self::Trigger => "trigger",
            Self::Task => "task",
            Self::Dashboard => "dashboard",
            Self::McpClient => "mcp-client",
        }
    }

    /// The origin of that name, as [`Origin::as_str`] gives it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == name)
    }
}

/// Whom a run acts for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub person: PersonId,
    /// The name people call them by.
    pub name: String,
    pub role: Role,
    pub session: SessionId,
    pub origin: Origin,
}
