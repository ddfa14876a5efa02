//! What the owner configured: `steward.toml`, overridden by the environment. Every mistake is an error that names the
//! key and the remedy; nothing is guessed from a half-understood file.

mod access;
mod audit;
mod environment;
mod file;
mod logging;
mod memory;
mod models;
mod origins;
pub(crate) mod plugins;
mod search;
mod serve;
mod telegram;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use serde::Deserialize;
use steward_agent::Language;
use steward_sandbox::{Access, KeySource, Namespaces};
use url::Url;

pub use crate::approval::{Policy, Rule};

pub use access::{PeopleLimits, Together};
pub use audit::Audit;
pub(crate) use environment::Environment;
use file::File;
pub(crate) use logging::filter;
pub use memory::Memory;
pub(crate) use models::{ModelEntry, ModelPlan, Prices};
use origins::{checked_origins, checked_roles};
use plugins::Grants;
pub use search::{Embeddings, Search};
pub use telegram::Telegram;

/// Everything that can be configured, checked and complete.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder for the database, compiled plugins and the socket.
    pub data: PathBuf,
    /// Folder of the owners' files and memory.
    pub workspace: PathBuf,
    /// Where the owner lives, for times and dates.
    pub time_zone: TimeZone,
    /// For people whose language the channel does not tell.
    pub language: Language,
    /// `None` is off.
    pub heartbeat: Option<Duration>,
    /// For everything that goes out.
    pub http_proxy: Option<Url>,
    /// `None` is off.
    pub telegram: Option<Telegram>,
    /// Who may write, and how much.
    pub admission: Admission,
    /// Which models are asked, in which order.
    pub models: ModelPlan,
    /// Of runs, tool calls and files.
    pub limits: Limits,
    /// What tools may reach.
    pub http: Http,
    /// How tools run programs of this machine.
    pub process: Process,
    /// What built-in plugins are granted instead of what they come with.
    pub plugins: Grants,
    /// The file all this was read from, where there is one.
    pub file: Option<PathBuf>,
    /// What seals the secrets.
    pub secret_key: KeySource,
    /// Which tool calls need an owner's consent.
    pub approval: Policy,
    /// What is recorded of tool calls.
    pub audit: Audit,
    /// What memory does by itself.
    pub memory: Memory,
    /// The HTTP listener; `None` is off.
    pub serve: Option<steward_serve::Settings>,
    /// Rows beside owner, group and external: role → capability → `read` or `write`.
    pub roles: BTreeMap<String, BTreeMap<String, Access>>,
    /// What each origin of a run leaves: origin → capability → at most `read`, or nothing.
    pub origins: BTreeMap<String, BTreeMap<String, Access>>,
}

/// Who may write to the assistant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admission {
    /// Who is answered: everyone, those let in by a code from `steward pair`, or owners alone. Without this setting an
    /// installation keeps what it was made with, and an older one answers everyone.
    ///
    /// Default: `paired`
    pub open_to: Option<OpenTo>,
    /// What people who are not let in are told, at most once a day; `""` for silence.
    ///
    /// Default: a friendly line
    pub answer: Option<String>,
    /// Telegram ids that are let in without a code.
    pub allow: Vec<i64>,
    /// Messages a minute that one person may send, owners excepted.
    pub messages_per_minute: u32,
    /// What people who are not owners may use up.
    pub limits: PeopleLimits,
}

/// Who is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenTo {
    /// Everyone may write; outsiders have the tools of their role.
    Everyone,
    /// Only people let in by a code from `steward pair`.
    Paired,
    /// Owners alone.
    Owners,
}

impl OpenTo {
    /// As the configuration writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Paired => "paired",
            Self::Owners => "owners",
        }
    }

    /// The word of an installation; one that is not known is read as the stricter.
    pub(crate) fn named(word: &str) -> Self {
        if word == Self::Everyone.as_str() { Self::Everyone } else { Self::Paired }
    }
}

impl Default for Admission {
    fn default() -> Self {
        let limits = PeopleLimits::default();
        Self { open_to: None, answer: None, allow: Vec::new(), messages_per_minute: 20, limits }
    }
}

/// Limits of runs, tool calls and files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Answers of the model in one run.
    ///
    /// Values: 1 to 1000
    pub steps: u32,
    /// Tokens of one run.
    ///
    /// Values: 1000 to 1000000000
    pub tokens: u64,
    /// Time of one run.
    ///
    /// Values: seconds, 5 to 86400
    pub seconds: u64,
    /// Time of one tool call.
    ///
    /// Values: seconds, 1 to 3600
    pub tool_seconds: u64,
    /// Memory of one tool call.
    ///
    /// Values: megabytes, 4 to 1024
    pub tool_memory_mb: u32,
    /// What one tool call may write to files.
    ///
    /// Values: megabytes, 1 to 100000
    pub tool_write_mb: u32,
    /// Tokens of one answer; longer files are written in parts.
    ///
    /// Values: 64 to 1000000
    pub answer_tokens: u32,
    /// Size of one file sent to the assistant.
    ///
    /// Values: megabytes, 1 to 2000
    pub upload_mb: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 24,
            tokens: 1_000_000,
            seconds: 300,
            tool_seconds: 60,
            tool_memory_mb: 64,
            tool_write_mb: 64,
            answer_tokens: 4_096,
            upload_mb: 50,
        }
    }
}

/// What tools may reach over HTTP.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Places on this machine or your network that tools may reach, each as `host:port`; all others there are closed to
    /// them.
    pub allow_private: Vec<String>,
}

/// How tools run programs of this machine.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Process {
    /// Whether bubblewrap confines each command that a tool runs.
    ///
    /// Default: `auto`
    pub namespace: Namespaces,
}

impl Config {
    /// Reads `file`, or `steward.toml` in the current folder where there is one, and the environment.
    pub fn load(file: Option<&Path>, environment: &Environment) -> anyhow::Result<Self> {
        environment.check_names()?;
        filter(environment)?;
        let named = file.map(Path::to_owned).or_else(|| environment.get(environment::CONFIG).map(PathBuf::from));
        let path = named.clone().unwrap_or_else(|| "steward.toml".into());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let config = Self::parse(&text, environment).with_context(|| match text.is_empty() {
            true => "the configuration in the environment is not right".to_owned(),
            false => format!("the configuration in {} and the environment is not right", path.display()),
        })?;
        Ok(Self { file: Some(path), ..config })
    }

    pub(crate) fn parse(text: &str, environment: &Environment) -> anyhow::Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| anyhow::anyhow!(explain(&error)))?;
        let data = environment.get("STEWARD_DATA").map(PathBuf::from).or(file.data);
        let workspace = environment.get("STEWARD_WORKSPACE").map(PathBuf::from).or(file.workspace);
        let http_proxy = environment.get("HTTP_PROXY").map(str::to_owned).or(file.http_proxy);
        check_limits(&file.limits)?;
        let data = data.unwrap_or_else(|| "data".into());
        let secret_key = match environment.get(environment::SECRET_KEY) {
            Some(key) => KeySource::Given(key.to_owned()),
            None => KeySource::File(data.join("secret.key")),
        };
        let models = ModelPlan::choose(environment, file.models)?;
        check_prices(&file.access.limits, &models)?;
        Ok(Self {
            data,
            secret_key,
            workspace: workspace.unwrap_or_else(|| "workspace".into()),
            time_zone: time_zone(environment.get("TZ"), file.time_zone.as_deref())?,
            language: file.language.unwrap_or_default(),
            heartbeat: heartbeat(environment, file.heartbeat_minutes)?,
            telegram: file.telegram.checked(environment)?,
            admission: checked_admission(file.access)?,
            models,
            limits: file.limits,
            http: checked_http(file.http)?,
            process: file.process,
            plugins: file.plugins,
            file: None,
            approval: file.approval.checked()?,
            audit: file.audit.checked()?,
            memory: file.memory.checked(environment, http_proxy.as_deref())?,
            serve: file.serve.checked(environment)?,
            http_proxy: http_proxy.map(checked_proxy).transpose()?,
            roles: checked_roles(file.roles)?,
            origins: checked_origins(file.origins)?,
        })
    }

    /// The SQLite file.
    pub fn database(&self) -> PathBuf {
        self.data.join("steward.sqlite")
    }

    /// Where `steward chat` finds the running host.
    pub fn socket(&self) -> PathBuf {
        self.data.join("steward.sock")
    }
}

fn explain(error: &toml::de::Error) -> String {
    let remedy = if error.message().contains("unknown field") {
        "Correct the name or remove the line; docs/reference/settings.md lists all keys."
    } else {
        "Correct the line; docs/reference/settings.md lists all keys and their values."
    };
    format!("{}\n{remedy}", error.to_string().trim_end())
}

fn time_zone(environment: Option<&str>, file: Option<&str>) -> anyhow::Result<TimeZone> {
    let (key, name) = match (environment, file) {
        (Some(name), _) => ("TZ", name.trim_start_matches(':')),
        (None, Some(name)) => ("time_zone", name),
        (None, None) => return Ok(TimeZone::system()),
    };
    TimeZone::get(name).map_err(|_| {
        anyhow::anyhow!("{key}: there is no time zone “{name}”. Use an IANA name such as Europe/Berlin, or UTC.")
    })
}

fn heartbeat(environment: &Environment, file: Option<i64>) -> anyhow::Result<Option<Duration>> {
    const KEY: &str = "HEARTBEAT_INTERVAL_MINUTES";
    let (key, minutes) = match environment.get(KEY) {
        Some(text) => match text.parse() {
            Ok(minutes) => (KEY, Some(minutes)),
            Err(_) => bail!("{KEY}: “{text}” is not a number. Use minutes, such as 30, or 0 for none."),
        },
        None => ("heartbeat_minutes", file),
    };
    match minutes {
        None | Some(0) => Ok(None),
        Some(minutes @ 1..=10_080) => Ok(Some(Duration::from_secs(minutes.unsigned_abs() * 60))),
        Some(other) => bail!("{key}: {other} is out of range. Use 1 to 10080 minutes, or 0 for none."),
    }
}

fn checked_admission(access: Admission) -> anyhow::Result<Admission> {
    /// One message of Telegram holds it, whatever it is written in.
    const ANSWER_CHARS: usize = 2_000;
    if access.answer.as_ref().is_some_and(|answer| answer.chars().count() > ANSWER_CHARS) {
        bail!("access.answer: it is too long. Use at most {ANSWER_CHARS} characters, or \"\" for silence.");
    }
    Ok(Admission { limits: access.limits.checked()?, ..access })
}

/// Money can be counted only where prices are known.
fn check_prices(limits: &PeopleLimits, models: &ModelPlan) -> anyhow::Result<()> {
    let limited = [limits.money, limits.together.money].into_iter().flatten().any(|money| money >= 0.0);
    if limited && !models.prices().is_known() {
        bail!("access.limits.money: no price is known. Give price_in and price_out to each of the [[models]].");
    }
    Ok(())
}

fn checked_proxy(proxy: String) -> anyhow::Result<Url> {
    environment::url("HTTP_PROXY", &proxy)
}

fn check_limits(limits: &Limits) -> anyhow::Result<()> {
    let ranges = [
        ("limits.steps", u64::from(limits.steps), 1, 1_000),
        ("limits.tokens", limits.tokens, 1_000, 1_000_000_000),
        ("limits.seconds", limits.seconds, 5, 86_400),
        ("limits.tool_seconds", limits.tool_seconds, 1, 3_600),
        ("limits.tool_memory_mb", u64::from(limits.tool_memory_mb), 4, 1_024),
        ("limits.tool_write_mb", u64::from(limits.tool_write_mb), 1, 100_000),
        ("limits.answer_tokens", u64::from(limits.answer_tokens), 64, 1_000_000),
        ("limits.upload_mb", limits.upload_mb, 1, 2_000),
    ];
    for (key, value, least, most) in ranges {
        if !(least..=most).contains(&value) {
            bail!("{key}: {value} is out of range. Use {least} to {most}.");
        }
    }
    Ok(())
}

fn checked_http(http: Http) -> anyhow::Result<Http> {
    for place in &http.allow_private {
        let fits = place.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if !fits {
            bail!("http.allow_private: “{place}” names no host and port. Write it as 192.168.1.5:8123.");
        }
    }
    Ok(http)
}

#[cfg(test)]
mod tests;
