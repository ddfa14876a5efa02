//! `steward doctor`: looks at everything a working assistant needs and says what to do about what is wrong. It changes
//! nothing but rights that are too wide, and works beside a running host.

use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use steward_agent::{Health, Language, Role, bytes, visible_lines};
use steward_beneath::Folder;
use steward_sandbox::{Catalogue, Namespace, Namespaces, Recorded, Vault};
use steward_store::{Right, Store, StoreError};

use crate::app;
use crate::channels::{self, Standing};
use crate::cli::say;
use crate::config::{Config, OpenTo};
use crate::cost;
use crate::finding::Finding::{self, Bad, Good, Note};
use crate::listener::{self, Found};
use crate::memory::embedders;
use crate::models::Models;
use crate::texts;
use crate::waking;

fn bad(what: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding::bad(what, remedy)
}

pub(crate) async fn run(config: anyhow::Result<Config>) -> anyhow::Result<ExitCode> {
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            show("configuration", &bad(format!("{error:#}"), "correct it; everything else can be checked after that"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let mut all_good = true;
    let mut report = |name: &str, finding: Finding| {
        all_good &= !matches!(finding, Bad { .. });
        show(name, &finding);
    };
    report(
        "configuration",
        Good(format!("data in {}, workspace {}", config.data.display(), config.workspace.display())),
    );
    report("disk", disk(&config.data));
    report("workspace", workspace(&config.workspace));
    report("clock", clock(&config, Timestamp::now()));
    let running = app::is_running(&config.data);
    report("running", if running { Good("yes".into()) } else { Note("no; `steward run` starts it".into()) });
    match Store::open(&config.database()) {
        Ok(store) => {
            report("database", database(&store).await);
            report("plugins", plugins(&config, store.clone()).await);
            report("secrets", secrets(&config, store.clone()).await);
            report("programs", programs(&config).await);
            report("triggers", triggers(&config, &store).await);
            for finding in owners(&config, &store).await {
                report("owners", finding);
            }
            report("access", access(&config, &store).await);
            for (channel, health) in store.health().await.unwrap_or_default() {
                report(&channel, receiving(&config, &health, running));
            }
            store.close().await;
        }
        Err(error) => report("database", bad(error.to_string(), unopened(&error))),
    }
    for (name, finding) in models(&config).await {
        report(&name, finding);
    }
    report("memory", memory(&config).await);
    report("listener", listening(&config, running).await);
    for (channel, finding) in channels::check(&config).await {
        report(channel, finding);
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether the HTTP listener is there, and who may use it.
async fn listening(config: &Config, running: bool) -> Finding {
    let Some(settings) = &config.serve else {
        return Note("off; `serve.address` in steward.toml turns /health and /metrics on".into());
    };
    let place = listener::place(settings);
    if !running || settings.address().port() == 0 {
        return Note(format!("{place}, while Steward runs"));
    }
    match listener::look(settings).await {
        Found::Answers(health) => Good(format!("{place}; it says that all is {health}")),
        Found::Not(what) => {
            bad(what, "end what has the port or change serve.address; if it was just set, restart Steward")
        }
    }
}

/// Which model makes the vectors that memory is searched by.
async fn memory(config: &Config) -> Finding {
    match embedders::open(config).await.map(|models| models.describe()) {
        Ok(Ok(model)) => Good(format!("searched by words and by meaning: {model}")),
        Ok(Err(reason)) => Note(format!("searched by words alone; {reason}")),
        Err(error) => bad(format!("{error:#}"), "try again"),
    }
}

/// A finding may quote a server, a file or a plugin, none of which is to steer the terminal.
fn show(name: &str, finding: &Finding) {
    let shown = match finding {
        Good(what) => format!("✓ {name:<14} {what}"),
        Note(what) => format!("• {name:<14} {what}"),
        Bad { what, remedy } => format!("✗ {name:<14} {what}\n  {:<14} → {remedy}", ""),
    };
    // The code it ends with counts also where nobody reads on.
    let _ = say(&shown);
}

fn disk(data: &Path) -> Finding {
    const LITTLE: u64 = 200 << 20;
    let place =
        data.ancestors().find(|folder| folder.exists() && !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(place) {
        Ok(fs) => {
            let free = fs.f_bavail * fs.f_frsize;
            let text = format!("{} free", bytes(free));
            match free {
                0..LITTLE => bad(text, "make room: Steward keeps every message on disk before it answers"),
                _ => Good(text),
            }
        }
        Err(error) => {
            bad(format!("cannot look at {}: {error}", place.display()), "check the folder's owner and rights")
        }
    }
}

fn clock(config: &Config, now: Timestamp) -> Finding {
    let zoned = now.to_zoned(config.time_zone.clone());
    if zoned.year() < 2025 {
        return bad(format!("it says {zoned}"), "set the clock (timedatectl set-ntp true): reminders go by it");
    }
    let text = zoned.strftime("%Y-%m-%d %H:%M %Q").to_string();
    match config.time_zone.iana_name() {
        Some("UTC" | "Etc/UTC" | "Etc/Unknown") | None => {
            Note(format!("{text}: if that is not your time zone, set TZ or time_zone"))
        }
        Some(_) => Good(text),
    }
}

async fn database(store: &Store) -> Finding {
    match store.check().await {
        Ok(()) => Good("whole".into()),
        Err(error) => bad(error.to_string(), "stop Steward and put back a copy of data/steward.sqlite"),
    }
}

/// What to do about a database that cannot be opened.
fn unopened(error: &StoreError) -> &'static str {
    match error {
        StoreError::Open { .. } => "check the owner and the rights of the folder and of the file",
        StoreError::Newer { .. } => "start the newer version, or put back the copy made before the update",
        StoreError::Damaged(_) => "stop Steward and put back a copy of data/steward.sqlite",
        StoreError::DiskFull(_) => "make room on the disk",
        StoreError::Busy => "try again in a moment",
        _ => "see the message",
    }
}

async fn plugins(config: &Config, store: Store) -> Finding {
    let compiled = config.data.join("compiled");
    if let Err(error) = std::fs::create_dir_all(&compiled) {
        return bad(format!("cannot make {}: {error}", compiled.display()), "check the folder's owner and rights");
    }
    match app::open_catalogue(config, store).await {
        Ok(catalogue) => {
            let refused = catalogue.refused().iter();
            let mut refused: Vec<_> = refused.map(|(name, error)| visible_lines(&format!("{name}: {error}"))).collect();
            // Each is really loaded: that it cannot be compiled here is to be heard of before somebody needs it.
            let broken = catalogue.check().await;
            refused.extend(broken.iter().map(|(name, error)| visible_lines(&format!("{name}: {error}"))));
            refused.extend(unknown_recorded(config, &catalogue));
            let text = format!("{} plugins, {} tools", catalogue.plugins().len(), catalogue.tools().count());
            catalogue.close().await;
            if refused.is_empty() {
                Good(text)
            } else {
                bad(refused.join("; "), "the other plugins work; see the message")
            }
        }
        Err(error) => {
            let what = format!("{error:#}");
            let remedy = match what.starts_with("steward.toml") {
                true => "correct it in steward.toml; no plugin is loaded until then",
                false => "see the message; if it is about a compiled file, `rm -r data/compiled` is always safe",
            };
            bad(what, remedy)
        }
    }
}

/// Names in `audit.record` that no plugin has: nothing would be recorded, and nobody told.
fn unknown_recorded(config: &Config, catalogue: &Catalogue) -> Option<String> {
    let Recorded::Plugins(names) = &config.audit.record.which else { return None };
    let is_known = |name: &&String| catalogue.plugins().iter().any(|plugin| *plugin.name == ***name);
    let unknown: Vec<_> = names.iter().filter(|name| !is_known(name)).map(String::as_str).collect();
    (!unknown.is_empty()).then(|| format!("audit.record names {}, which is not a plugin here", unknown.join(", ")))
}

async fn secrets(config: &Config, store: Store) -> Finding {
    match Vault::new(store, config.secret_key.clone()).list().await {
        Ok(secrets) if secrets.is_empty() => Note("none; `steward secret set` keeps one".into()),
        Ok(secrets) => {
            let sealed: Vec<_> = secrets.iter().filter(|one| !one.readable).map(|one| one.name.as_str()).collect();
            match sealed.is_empty() {
                true => Good(format!("{}, all can be opened", secrets.len())),
                false => bad(
                    format!("{} cannot be opened with this key", sealed.join(", ")),
                    "bring back data/secret.key or STEWARD_SECRET_KEY, or set them again",
                ),
            }
        }
        Err(error) => bad(error.to_string(), "see the message; tools that need a secret say so until then"),
    }
}

/// Who has an owner's rights and why, and who is in a role that is gone. It tells what the next start will make of the
/// configuration where that differs.
async fn owners(config: &Config, store: &Store) -> Vec<Finding> {
    let (identities, people) = match (store.owners_identities().await, store.list_people(false).await) {
        (Ok(identities), Ok(people)) => (identities, people),
        (Err(error), _) | (_, Err(error)) => return vec![bad(error.to_string(), "see the message")],
    };
    let mut findings = Vec::new();
    for one in identities {
        let Some(right) = one.right else { continue };
        let person = people.iter().find(|person| person.id == one.person);
        let who = person.map_or_else(String::new, |person| format!(", {}", person.reference()));
        let what = visible_lines(&format!("{}:{} by {}{who}", one.channel, one.id, right.as_str()));
        findings.push(match (right, channels::standing(config, &one.channel, &one.id)) {
            (Right::Configuration, Standing::NotNamed) => bad(
                format!("{what}, whom the configuration no longer names"),
                "start Steward again: their rights end with it",
            ),
            (Right::Configuration, Standing::Off(channel)) => Note(format!("{what}; {channel} is off")),
            _ => Good(what),
        });
    }
    for person in people {
        if let Role::Named(name) = &person.role
            && !config.roles.contains_key(name)
        {
            findings.push(bad(
                visible_lines(&format!(
                    "{} is in the role {name}, which the configuration does not describe",
                    person.label()
                )),
                format!("they count as external: add [roles.{name}], or `steward people role {} external`", person.id),
            ));
        }
    }
    findings
}

/// Who may write, what of the day's allowances is used, and what waits to be read.
async fn access(config: &Config, store: &Store) -> Finding {
    let limits = &config.admission.limits;
    store.limit_people(limits.allowances(config.time_zone.clone()));
    let look = async {
        let open_to = match config.admission.open_to {
            Some(open_to) => open_to,
            None => OpenTo::named(&store.open_to().await?),
        };
        let people = cost::of_people(Language::En, store, Timestamp::now()).await?;
        let waiting = store.readers_waited_for().await?.len();
        Ok::<_, steward_store::StoreError>((open_to, people, waiting))
    };
    match look.await {
        Ok((open_to, people, waiting)) => {
            let mut lines = vec![format!(
                "open to {}; what outsiders send is kept for {} days, {} of them are answered at once",
                open_to.as_str(),
                limits.keep_days,
                limits.runs_at_once
            )];
            if waiting > 0 {
                lines.push("gathered messages wait for an owner: /mail shows them".to_owned());
            }
            lines.extend(people);
            Good(visible_lines(&lines.join("\n")).replace('\n', &format!("\n  {:<14} ", "")))
        }
        Err(error) => bad(error.to_string(), "see the message"),
    }
}

/// Whether the files and folders that Steward itself uses in the workspace can be used: plugins and programs write
/// there too.
fn workspace(path: &Path) -> Finding {
    let folder = match Folder::open(path) {
        Ok(folder) => folder,
        Err(error) if error.is_missing() => return Note("is made at the first start".into()),
        Err(error) => return bad(error.to_string(), "check who owns it"),
    };
    let files = ["MEMORY.md", "HEARTBEAT.md"].iter().map(|name| folder.read(name).map(drop));
    let folders = ["memory", "sessions", "uploads", "made"].iter().map(|name| folder.folder(name).map(drop));
    let wrong = files.chain(folders).filter_map(Result::err).filter(|error| !error.is_missing());
    let wrong: Vec<_> = wrong.map(|error| error.to_string()).collect();
    match wrong.is_empty() {
        true => Good("no link leads out of it where Steward reads and writes".into()),
        false => bad(wrong.join("; "), "until then it is not read, and nothing is written there"),
    }
}

/// How changes of the files that triggers watch are noticed.
async fn triggers(config: &Config, store: &Store) -> Finding {
    match waking::check(config, store).await {
        Ok(()) => Good("changes of watched files are told at once".into()),
        Err(reason) => Note(format!("watched files are looked at every five seconds: {reason}")),
    }
}

/// How tools run programs of this machine. Without namespaces they still do, which the owner should know.
async fn programs(config: &Config) -> Finding {
    let bare = "tools run programs without a namespace: they see all that Steward's user sees, Steward's data too";
    match (config.process.namespace, Namespace::find().await) {
        (Namespaces::Off, _) => Note(format!("{bare}; process.namespace says so")),
        (_, Namespace::Ready(_)) => Good("each runs in its own namespace (bubblewrap)".into()),
        (Namespaces::Auto, Namespace::Missing(reason)) => Note(format!("{bare}: {reason}")),
        (Namespaces::Required, Namespace::Missing(reason)) => {
            bad("tools run no programs: process.namespace requires a namespace", reason)
        }
    }
}

fn receiving(config: &Config, health: &Health, running: bool) -> Finding {
    let last = health.last_ok.map(|at| texts::wall_clock(at, &config.time_zone));
    match (&health.failing_since, running) {
        (_, false) => Note(format!("last received {}", last.as_deref().unwrap_or("never"))),
        (Some(since), true) => bad(
            format!(
                "not receiving since {}: {}",
                texts::wall_clock(*since, &config.time_zone),
                health.last_error.as_deref().unwrap_or("unknown")
            ),
            "it is retried all the time; check the network and the token",
        ),
        (None, true) => {
            let last = last.as_deref().unwrap_or("not yet");
            Good(format!("receiving, last word {last}, connection renewed {} times", health.renewed))
        }
    }
}

async fn models(config: &Config) -> Vec<(String, Finding)> {
    let models = match Models::new(config.models.clone(), config.http_proxy.clone()).await {
        Ok(models) => models,
        Err(error) => return vec![("model".into(), bad(error.to_string(), "correct the model's address"))],
    };
    if models.rehearsing() {
        return vec![("model".into(), Note(texts::connect_a_model(config.language)))];
    }
    let checked = models.gateway().check().await.into_iter();
    checked
        .map(|(label, result)| {
            let finding = match result {
                Ok(answer) => Good(format!("{label}: {answer}")),
                Err(error) => bad(format!("{label}: {error}"), "check that it runs, its address, key and model name"),
            };
            ("model".to_owned(), finding)
        })
        .collect()
}
