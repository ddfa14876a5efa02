//! `steward.toml` as it is written.
//!
//! The docs of these fields, and of those of the structs they lead to, are docs/reference/settings.md: `cargo xtask docs`
//! writes it.

use std::path::PathBuf;

use serde::Deserialize;
use steward_agent::Language;

use super::audit::AuditFile;
use super::memory::MemoryFile;
use super::models::ModelEntry;
use super::origins::Rows;
use super::plugins::Grants;
use super::serve::ServeFile;
use super::telegram::TelegramFile;
use super::{Admission, Http, Limits, Policy, Process};

/// All keys at the top.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// Folder for the database, compiled plugins and the socket.
    ///
    /// Environment: `STEWARD_DATA`
    /// Default: `data`
    pub(super) data: Option<PathBuf>,
    /// Folder for your files and memory.
    ///
    /// Environment: `STEWARD_WORKSPACE`
    /// Default: `workspace`
    pub(super) workspace: Option<PathBuf>,
    /// Where you live, for times and dates.
    ///
    /// Environment: `TZ`
    /// Values: an IANA name: `Europe/Berlin`
    /// Default: the system's
    pub(super) time_zone: Option<String>,
    /// For people whose channel does not say which language they use.
    ///
    /// Default: `en`
    pub(super) language: Option<Language>,
    /// How often to look at `workspace/HEARTBEAT.md`.
    ///
    /// Environment: `HEARTBEAT_INTERVAL_MINUTES`
    /// Values: minutes, at most 10080
    /// Default: `0` (off)
    pub(super) heartbeat_minutes: Option<i64>,
    /// Proxy for everything that goes out.
    ///
    /// Environment: `HTTP_PROXY`
    /// Values: an address
    pub(super) http_proxy: Option<String>,
    pub(super) http: Http,
    /// # Telegram
    pub(super) telegram: TelegramFile,
    /// # Models
    ///
    /// Each `[[models]]` is one model. Several are a chain: if the first does not answer, Steward asks the next. Without
    /// any, Steward [looks for a server](../guide/models.md) on this machine.
    pub(super) models: Vec<ModelEntry>,
    /// # Limits
    ///
    /// Of a run (everything Steward does for one message), of a tool call and of files.
    pub(super) limits: Limits,
    /// # Access
    ///
    /// Who may write to Steward, and how much. See [People](../guide/people.md).
    pub(super) access: Admission,
    /// # Access
    ///
    /// `[roles.NAME]` is a role that you define, with more than outsiders have: capability → how much of it.
    ///
    /// Values: a table of `"read"`, `"write"` or `false`
    pub(super) roles: Rows,
    /// # Access
    ///
    /// `[origins.NAME]` says what runs started by `chat`, `schedule`, `heartbeat`, `trigger`, `task`, `dashboard` or
    /// `mcp-client` may not use, whoever they act for: capability → what is left of it.
    ///
    /// Values: a table of `"read"` or `false`
    pub(super) origins: Rows,
    /// # Approvals
    ///
    /// Which calls wait for your consent. See [Approvals](../guide/approvals.md).
    pub(super) approval: Policy,
    /// # Plugins and programs
    ///
    /// `[plugins.NAME]` is what a built-in plugin is granted: capability → scope, or `false`. What it does not name stays
    /// as the plugin has it. See [Commands, repositories and scripts](../guide/commands-and-repositories.md).
    ///
    /// Values: a table
    /// Default: the plugin's own
    pub(super) plugins: Grants,
    /// # Plugins and programs
    pub(super) process: Process,
    /// # Plugins and programs
    pub(super) audit: AuditFile,
    /// # Memory
    ///
    /// See [Memory](../guide/memory.md).
    pub(super) memory: MemoryFile,
    /// # Serve
    ///
    /// The HTTP listener for `/health` and `/metrics`. See [Monitoring](../guide/monitoring.md).
    pub(super) serve: ServeFile,
}
