//! `steward audit replay`: a recorded call is made again, from what was written down of it, and compared. It touches
//! nothing: what the call asks of the world is answered from the recording.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use steward_agent::{visible, visible_json};
use steward_sandbox::{Catalogue, Kept, RecordPolicy, Replayed, Trial};
use steward_store::{AuditEntry, Store};

use super::output::{say, say_aside};
use crate::app;
use crate::config::Config;
use crate::texts;

#[derive(Args)]
pub(super) struct Replay {
    /// The call, as `steward audit` numbers it
    id: i64,
    /// Make it again also where the plugin has changed since
    #[arg(long)]
    anyway: bool,
    /// The component, for a call made with `steward plugin run`
    #[arg(long, value_name = "FILE.wasm")]
    file: Option<PathBuf>,
}

/// Prints the answer and whether it is the recorded one; the exit code tells the same.
///
/// # Errors
/// The call cannot be made again.
pub(super) async fn replay(config: &Config, replay: Replay, as_json: bool) -> anyhow::Result<ExitCode> {
    let store = Store::open(&config.database())?;
    let code = again(config, &store, replay, as_json).await;
    store.close().await;
    code
}

async fn again(config: &Config, store: &Store, replay: Replay, as_json: bool) -> anyhow::Result<ExitCode> {
    let Replay { id, anyway, file } = replay;
    let Some(entry) = store.call(id).await? else {
        bail!("there is no call {id}: `steward audit` shows the numbers");
    };
    let Some(recording) = store.recording(id).await? else {
        bail!(
            "call {id} was not recorded, or its recording was cleared away. To record calls from now on, set `record` \
             under [audit] in steward.toml"
        );
    };
    let catalogue = catalogue(config, store, &entry, file.as_deref()).await?;
    catalogue.connect_vault(app::open_vault(config, store).await);
    let replayed = catalogue.replay(entry.clone(), &recording, anyway).await?;
    match as_json {
        true => say(&visible_json(&told_json(&entry, &replayed).to_string()))?,
        false => tell(config, &entry, &replayed)?,
    }
    Ok(if replayed.difference.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The plugins as they are installed, or the one component of a trial.
async fn catalogue(
    config: &Config,
    store: &Store,
    entry: &AuditEntry,
    file: Option<&Path>,
) -> anyhow::Result<Catalogue> {
    // A call that is made again is not recorded.
    let mut config = config.clone();
    config.audit.record = RecordPolicy::default();
    let Some(file) = file else { return app::open_catalogue(&config, store.clone()).await };
    let wasm = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let source = Trial::default().source(&entry.call.plugin, wasm);
    let catalogue = Catalogue::load(app::sandbox(&config, store.clone())?, vec![source]).await?;
    if let Some((_, error)) = catalogue.refused().first() {
        bail!("{} cannot be used: {error}", file.display());
    }
    Ok(catalogue)
}

/// The answer on standard output; what is said about it, on standard error.
fn tell(config: &Config, entry: &AuditEntry, replayed: &Replayed) -> anyhow::Result<()> {
    let call = &entry.call;
    let when = texts::wall_clock(call.at, &config.time_zone);
    let (tool, plugin) = (visible(&call.tool, 80), visible(&call.plugin, 80));
    say_aside(&format!("Call {}: {tool} of {plugin}, recorded {when}. Nothing is touched.", entry.id));
    if !replayed.given_up {
        say(&replayed.answer.text)?;
    }
    match &replayed.difference {
        None if replayed.given_up => {
            let outcome = &replayed.recorded.outcome;
            say_aside(&format!("The same up to the point where the recorded call was given up ({outcome})."));
        }
        None => say_aside(&format!("The same as when it was recorded: {}.", replayed.recorded.outcome)),
        Some(difference) => {
            say_aside(&format!("Not the same as when it was recorded: {difference}."));
        }
    }
    Ok(())
}

fn told_json(entry: &AuditEntry, replayed: &Replayed) -> serde_json::Value {
    json!({
        "id": entry.id,
        "same": replayed.difference.is_none(),
        "given_up": replayed.given_up,
        "difference": replayed.difference,
        "answer": Kept::of(&replayed.answer),
        "recorded": replayed.recorded,
    })
}
