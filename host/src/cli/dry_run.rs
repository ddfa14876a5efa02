//! `steward plugin dry-run`: what a call would send or write, without doing it. The call is made against copies of the
//! database and of the workspace, which are thrown away; what would reach beyond them is held back and shown.

mod rows;
mod tree;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;
use steward_agent::{Principal, visible};
use steward_sandbox::{Answer, Call, Held, HeldBack, RecordPolicy, ToolPort};
use steward_store::{Store, changed_rows};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::tree::Tree;
use super::{plugin_run, say};
use crate::app;
use crate::config::Config;

#[derive(Args)]
pub(super) struct DryRun {
    /// The tool, as `steward plugin list` names it
    tool: String,
    /// Its arguments, a JSON object; `-` reads them from standard input
    #[arg(default_value = "{}")]
    json: String,
}

/// Prints what the call would do, and its answer.
///
/// # Errors
/// No copies can be made, or there are no plugins.
pub(super) async fn run(dry: DryRun, config: Config) -> anyhow::Result<ExitCode> {
    let arguments = match dry.json.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
            text
        }
        text => text.to_owned(),
    };
    // Ended in the middle, the copies are deleted all the same.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        done = rehearse(&dry.tool, &arguments, config) => done,
        _ = interrupt.recv() => bail!("stopped; nothing was done"),
        _ = terminate.recv() => bail!("stopped; nothing was done"),
    }
}

async fn rehearse(tool: &str, arguments: &str, config: Config) -> anyhow::Result<ExitCode> {
    let rehearsal = Rehearsal::new(config).await?;
    let (answer, held) = rehearsal.call(tool, arguments).await?;
    let told = tokio::task::spawn_blocking(move || rehearsal.told(&held)).await??;
    print(&told, &answer)
}

/// Copies to be worked on, and what they were copied from.
struct Rehearsal {
    /// With the copy of the workspace in place of the original.
    config: Config,
    /// The copy of the database.
    store: Store,
    owner: Principal,
    /// The files of the database as it was, and as it will be.
    before: PathBuf,
    after: PathBuf,
    workspace: Tree,
    /// Deleted with all that is in it.
    _folder: TempDir,
}

impl Rehearsal {
    async fn new(mut config: Config) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("dry-run-")
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir()
            .context("cannot make a folder for the copies")?;
        let (before, after) = (folder.path().join("before.sqlite"), folder.path().join("steward.sqlite"));
        let original = Store::open(&config.database())?;
        let copied = original.copy_to(&after).await;
        original.close().await;
        copied.context("cannot copy the database")?;
        let store = Store::open(&after)?;
        // Before the first start the owner is not known yet, which is none of the call's doing.
        let owner = plugin_run::owner(&store).await?;
        store.copy_to(&before).await.context("cannot copy the database")?;
        let (from, to) = (std::path::absolute(&config.workspace)?, folder.path().join("workspace"));
        let workspace = tokio::task::spawn_blocking({
            let to = to.clone();
            move || Tree::copy(&from, &to)
        });
        let workspace = workspace.await??;
        config.workspace = to;
        Ok(Self { config, store, owner, before, after, workspace, _folder: folder })
    }

    async fn call(&self, tool: &str, arguments: &str) -> anyhow::Result<(Answer, Arc<Held>)> {
        let held = Arc::new(Held::default());
        let mut config = self.config.clone();
        config.audit.record = RecordPolicy { held: Some(Arc::clone(&held)), limit: 0, ..RecordPolicy::default() };
        let catalogue = app::open_catalogue(&config, self.store.clone()).await?;
        catalogue.connect_vault(app::open_vault(&config, &self.store).await);
        let answer = catalogue.call(self.call_of(tool, arguments)).await;
        catalogue.close().await;
        self.store.close().await;
        Ok((answer, held))
    }

    /// The call, as the owner's.
    fn call_of(&self, tool: &str, arguments: &str) -> Call {
        Call {
            principal: self.owner.clone(),
            language: self.config.language,
            run: None,
            name: tool.to_owned(),
            // As from a model: text that is not JSON is answered by the sandbox.
            input: Value::String(arguments.to_owned()),
            key: "dry-run".to_owned(),
            replayed: false,
            time_limit: Duration::from_secs(self.config.limits.tool_seconds),
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: ToolPort::Absent,
            sight: Default::default(),
        }
    }

    /// What the call would do, a paragraph each.
    fn told(&self, held: &Held) -> anyhow::Result<Vec<String>> {
        let mut told: Vec<_> = held.all().iter().map(held_back).collect();
        let rows = changed_rows(&self.before, &self.after)?;
        told.extend(rows.iter().map(|change| rows::told(change, &self.config.time_zone)));
        told.extend(self.workspace.changes()?);
        Ok(told)
    }
}

fn held_back(held: &HeldBack) -> String {
    match held {
        HeldBack::Request { .. } => format!("would send a request: {held}"),
        HeldBack::Call { .. } => format!("would call {held}"),
    }
}

/// What would be done on standard output, the answer after it; the exit code is the call's.
fn print(told: &[String], answer: &Answer) -> anyhow::Result<ExitCode> {
    match told {
        [] => say("The call would send nothing and change nothing.")?,
        told => {
            say("The call would do this; nothing of it was done:")?;
            for one in told {
                say(&format!("- {}", one.trim_end().replace('\n', "\n  ")))?;
            }
        }
    }
    for file in &answer.attachments {
        let (name, mime) = (visible(&file.name, usize::MAX), visible(&file.mime, usize::MAX));
        say(&format!("- would hand out the file {name} ({mime}, {} bytes)", file.data.len()))?;
    }
    say(&format!("Its answer, as far as it came ({}):\n{}", answer.outcome, answer.text))?;
    Ok(if answer.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
