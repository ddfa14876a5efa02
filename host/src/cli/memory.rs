//! `steward memory`: what is remembered, for people. Next to a running Steward it searches what that one has indexed;
//! what is added or taken out the running one notices by itself.

mod transfer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use steward_agent::{MemoryHit, MemorySource, MemorySpace, MemoryStatus, visible_lines};
use steward_memory::{Asker, Memory};
use steward_store::Store;

use super::say;
use crate::app;
use crate::config::Config;
use crate::memory::{self, NoDocuments, embedders::Models};

#[derive(Subcommand)]
pub(super) enum MemoryCommand {
    /// Search it, by words and by meaning
    Search {
        /// What to look for, in your own words
        #[arg(required = true)]
        query: Vec<String>,
        /// How many passages to show
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
        limit: u32,
        #[command(flatten)]
        whose: Whose,
    },
    /// Have a file, a folder or a repository searched too; without a path, read everything again
    Index {
        /// What to search; .gitignore is respected
        path: Option<PathBuf>,
        /// Stop searching it
        #[arg(long, requires = "path")]
        remove: bool,
        #[command(flatten)]
        whose: Whose,
    },
    /// How much there is, which model makes the vectors, which files could not be read
    Status {
        #[command(flatten)]
        whose: Whose,
    },
    /// Copy it to a folder: facts, days, transcripts, and what is known about the person
    Export {
        folder: PathBuf,
        #[command(flatten)]
        whose: Whose,
    },
    /// Take in what `export` wrote: adds what is missing, overwrites nothing
    Import {
        folder: PathBuf,
        #[command(flatten)]
        whose: Whose,
    },
}

#[derive(clap::Args, Clone, Copy)]
pub(super) struct Whose {
    /// The memory of another person, by their number; the owners' if left out
    #[arg(long, value_name = "NUMBER")]
    person: Option<i64>,
}

impl Whose {
    fn space(self) -> MemorySpace {
        self.person.map_or(MemorySpace::Owners, |id| MemorySpace::Person(steward_agent::PersonId(id)))
    }
}

pub(super) async fn memory(config: &Config, command: MemoryCommand) -> anyhow::Result<()> {
    let database = config.database();
    let store = tokio::task::spawn_blocking(move || Store::open(&database)).await??;
    let done = match command {
        MemoryCommand::Export { folder, whose } => transfer::export(config, &store, whose.space(), &folder).await,
        MemoryCommand::Import { folder, whose } => transfer::import(config, &store, whose.space(), &folder).await,
        other => searched(config, &store, other).await,
    };
    store.close().await;
    done
}

async fn searched(config: &Config, store: &Store, command: MemoryCommand) -> anyhow::Result<()> {
    let running = app::is_running(&config.data);
    let models = Arc::new(Models::open(config));
    let memory = memory::open_patiently(config, store, &models, Some(Arc::new(NoDocuments)))?;
    let memory = if running { memory.reading_only() } else { memory };
    if !running {
        memory.start().await?;
    }
    let done = match command {
        MemoryCommand::Search { query, limit, whose } => search(&memory, whose.space(), &query.join(" "), limit).await,
        MemoryCommand::Index { path: None, whose, .. } => reindex(&memory, whose.space(), running).await,
        MemoryCommand::Index { path: Some(path), remove, whose } => {
            index(&memory, whose.space(), &path, remove, running).await
        }
        MemoryCommand::Status { whose } => status(&memory, &models, whose.space()).await,
        MemoryCommand::Export { .. } | MemoryCommand::Import { .. } => Ok(()),
    };
    memory.end().await;
    done
}

async fn search(memory: &Memory, space: MemorySpace, query: &str, limit: u32) -> anyhow::Result<()> {
    let found = memory.search(space, query, limit as usize, false).await.context(NOT_YET)?;
    if found.hits.is_empty() {
        say("Nothing was found. Try other words, or `steward memory status` for what is searched.")?;
    }
    for hit in &found.hits {
        say(&format!("{}\n", described(hit)))?;
    }
    if let Some(note) = found.note {
        say(&format!("({})", visible_lines(&note)))?;
    }
    Ok(())
}

const NOT_YET: &str = "memory cannot be searched yet; if Steward was never started here, start it once";

fn described(hit: &MemoryHit) -> String {
    let (path, first, last) = (visible_lines(&hit.path), hit.first_line, hit.last_line);
    let mut text = format!("{path}:{first}-{last}  ({:.2})", hit.score);
    if !hit.also.is_empty() {
        text.push_str(&format!("\n  also in {}", visible_lines(&hit.also.join(", "))));
    }
    for line in visible_lines(&hit.text).lines() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

async fn reindex(memory: &Memory, space: MemorySpace, running: bool) -> anyhow::Result<()> {
    if running {
        bail!("Steward is running and follows its files by itself. To have everything read again, stop it first.");
    }
    let status = memory.reindex(space).await?;
    make_vectors(memory, space).await?;
    say(&format!("{} files were read; {} passages can be found.", status.files, status.passages))
}

async fn index(memory: &Memory, space: MemorySpace, path: &Path, remove: bool, running: bool) -> anyhow::Result<()> {
    let absolute = std::path::absolute(path)?;
    let named = absolute.to_str().context("the path is not Unicode text: rename it first")?;
    if remove {
        memory.remove_source(space, named).await?;
        return say(&format!("{} is no longer searched.", visible_lines(named)));
    }
    let source = memory.add_source(space, named, Asker::Person).await?;
    if running {
        let path = visible_lines(&source.path);
        return say(&format!("{path} will be searched; the Steward that is running reads it now."));
    }
    say(&told(&source))?;
    make_vectors(memory, space).await
}

async fn make_vectors(memory: &Memory, space: MemorySpace) -> anyhow::Result<()> {
    match memory.embed_all(space).await {
        Ok(_) => Ok(()),
        Err(error) => say(&format!("Vectors are made when the model answers: {}", visible_lines(&error.to_string()))),
    }
}

fn told(source: &MemorySource) -> String {
    let path = visible_lines(&source.path);
    let mut text = format!("{path}: {} passages of {} files", source.passages, source.files);
    for problem in &source.problems {
        text.push_str(&format!("\n  {}", visible_lines(problem)));
    }
    text
}

async fn status(memory: &Memory, models: &Models, space: MemorySpace) -> anyhow::Result<()> {
    let MemoryStatus { files, passages, embedded, waiting, levels, sources, problems, .. } =
        memory.status(space).await.context(NOT_YET)?;
    say(&format!("{passages} passages of {files} files"))?;
    say(&match models.describe() {
        Ok(model) => format!("  vectors        {embedded} by {model}; {waiting} are still to be made"),
        Err(reason) => format!("  vectors        none, words alone are compared: {}", visible_lines(&reason)),
    })?;
    let [short, medium, long] = levels;
    say(&format!("  conversations  {short} short, {medium} medium, {long} long"))?;
    for source in &sources {
        say(&format!("  also searched  {}", told(source).replace('\n', "\n  ")))?;
    }
    for problem in problems {
        say(&format!("  not found      {}", visible_lines(&problem)))?;
    }
    Ok(())
}
