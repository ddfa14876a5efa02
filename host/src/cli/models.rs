//! `steward models`: the models that know meanings, fetched once and checked by their sums.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use steward_embed::models::{self, Hub, KNOWN, Progress};

use crate::app;
use crate::config::{Config, Embeddings};
use crate::memory::embedders;

#[derive(Subcommand)]
pub(super) enum ModelsCommand {
    /// The models that can be fetched, and which of them are there
    List,
    /// Download a model and check it; resumes an interrupted download
    Pull {
        /// Its name in `steward models list` [default: the one that is configured]
        name: Option<String>,
        /// Put it into this folder instead of the data folder
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Check every byte of the models that are there
    Verify,
}

pub(super) async fn models(config: &Config, command: ModelsCommand) -> anyhow::Result<()> {
    match command {
        ModelsCommand::List => list(config),
        ModelsCommand::Pull { name, to } => pull(config, name, to).await,
        ModelsCommand::Verify => verify(config).await,
    }
}

fn list(config: &Config) -> anyhow::Result<()> {
    for model in KNOWN {
        let there =
            embedders::folders(config).iter().any(|folder| folder.join(model.name).join("config.json").is_file());
        let mark = if there { "✓" } else { " " };
        let (name, size, licence) = (model.name, model.bytes() / 1_000_000, model.licence);
        super::say(&format!("{mark} {name:<24} {size:>4} MB  {licence:<11} {}", model.languages))?;
    }
    super::say(
        "✓ is there. `steward models pull NAME` fetches one; memory.search.model in steward.toml names the one to use.",
    )
}

async fn pull(config: &Config, name: Option<String>, to: Option<PathBuf>) -> anyhow::Result<()> {
    let configured = match &config.memory.search.embeddings {
        Embeddings::Model(name) => name.clone(),
        Embeddings::Off | Embeddings::Endpoint(_) => models::DEFAULT.to_owned(),
    };
    let model = models::find(&name.unwrap_or(configured))?;
    let hub = Hub::from_environment(config.http_proxy.as_ref().map(url::Url::as_str))?;
    let folder = to.unwrap_or_else(|| config.data.join("models"));
    super::say(&format!("{} from {}, {} MB, {}", model.name, hub.address(), model.bytes() / 1_000_000, model.licence))?;
    let bar = bar(model.bytes());
    let mut shown = |progress: Progress<'_>| {
        bar.set_position(progress.done);
        bar.set_message(progress.file.to_owned());
    };
    let pulled = models::pull(&hub, model, &folder, &mut shown).await;
    bar.finish_and_clear();
    let place = pulled?;
    super::say(&format!("{} is there, and every file is what it should be.", place.display()))?;
    if app::is_running(&config.data) {
        super::say("The running Steward picks this up by itself.")?;
    }
    Ok(())
}

/// Shown where somebody watches.
fn bar(bytes: u64) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(bytes), target);
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left  {msg}");
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}

async fn verify(config: &Config) -> anyhow::Result<()> {
    let mut any = false;
    for model in KNOWN {
        for folder in embedders::folders(config) {
            let place = folder.join(model.name);
            if !place.join("config.json").is_file() {
                continue;
            }
            any = true;
            let checked = place.clone();
            tokio::task::spawn_blocking(move || models::verify(&checked)).await??;
            super::say(&format!("{}: every file is what it was when it was fetched.", place.display()))?;
        }
    }
    if !any {
        super::say("There is no model. `steward models pull` fetches one.")?;
    }
    Ok(())
}
