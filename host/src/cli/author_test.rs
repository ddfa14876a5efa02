//! `steward plugin test`: runs the cases of a project in the real sandbox, under what its plugin.toml grants, in an
//! empty workspace and with an empty database. Nothing of the installation is read or changed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use clap::Args;
use jiff::Timestamp;
use steward_agent::{ModelError, Role};
use steward_author::{Case, Cases, Got, Project, Reply};
use steward_sandbox::{
    Access, AskModel, CAPABILITIES, Call, Catalogue, KeySource, ModelQuestion, ModelText, PluginSource, Roles,
    SecretGrant, StandIn, ToolPort, Vault,
};
use steward_store::Store;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::author::Tools;
use super::plugin_file::PluginFile;
use super::plugin_run;
use super::say;
use crate::app;
use crate::config::Config;

#[derive(Args)]
pub(super) struct Test {
    /// The folder of the project
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Test what was built last, instead of building first
    #[arg(long, conflicts_with = "install")]
    no_build: bool,
    #[command(flatten)]
    tools: Tools,
}

/// What the values of secrets begin with in a test; the name follows.
const TEST_SECRET: &str = "test-secret-";

/// Builds the project and runs its cases; the exit code says whether all passed.
///
/// # Errors
/// There are no cases, or the project cannot be built or loaded.
pub(super) async fn test(test: Test, config: Config) -> anyhow::Result<ExitCode> {
    let project = Project::open(&test.folder)?;
    let cases = Cases::read(&project.cases())?;
    if !test.no_build {
        test.tools.build(&project, &config).await?;
    }
    let file = PluginFile::of_project(&project)
        .with_context(|| format!("{} is not built: leave --no-build out", project.name))?;
    let bench = Bench::open(&project, file.wasm, &cases, &config).await?;
    let code = bench.run(&cases).await;
    bench.close().await;
    code
}

/// Loads the packed file as any plugin is loaded, so that one that would be refused is not given away.
///
/// # Errors
/// Why it would be refused.
pub(super) async fn check(project: &Project, packed: &[u8], config: &Config) -> anyhow::Result<()> {
    Bench::open(project, packed.to_vec(), &Cases::default(), config).await?.close().await;
    Ok(())
}

/// One plugin in a sandbox of its own.
struct Bench {
    catalogue: Catalogue,
    store: Store,
    /// Its workspace and database.
    folder: TempDir,
    time_limit: Duration,
}

impl Bench {
    async fn open(project: &Project, wasm: Vec<u8>, cases: &Cases, config: &Config) -> anyhow::Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("steward-plugin-test-").tempdir().context("no temporary folder")?;
        // Compiled code is the one thing that is shared with the installation.
        fs::create_dir_all(config.data.join("compiled"))
            .with_context(|| format!("cannot make the folder {}", config.data.display()))?;
        let store = Store::open(&folder.path().join("steward.sqlite"))?;
        let mut sandbox = app::sandbox(config, store.clone())?;
        let everything = CAPABILITIES.iter().map(|one| (one.name.to_owned(), Access::Write)).collect();
        sandbox.roles = Roles::with([(Role::Owner.as_str().to_owned(), everything)].into())?;
        sandbox.workspace = folder.path().join("workspace");
        sandbox.people = folder.path().join("people");
        // Also where there are none: a test sends nothing to anybody.
        sandbox.http.stand_ins = Some(cases.http.iter().map(stand_in).collect());
        let source =
            PluginSource { name: project.name.clone(), wasm: Cow::Owned(wasm), manifest: project.manifest.clone() };
        let catalogue = Catalogue::load(sandbox, vec![source]).await?;
        let time_limit = Duration::from_secs(config.limits.tool_seconds);
        let bench = Self { catalogue, store, folder, time_limit };
        if let [(name, error), ..] = bench.catalogue.refused() {
            let refused = format!("{name} would not be loaded: {error}");
            bench.close().await;
            bail!(refused);
        }
        bench.give_secrets(cases).await?;
        Ok(bench)
    }

    /// Sets every secret the plugin was granted, to a value that is none, for the machines that are stood in for.
    async fn give_secrets(&self, cases: &Cases) -> anyhow::Result<()> {
        let vault = Vault::new(self.store.clone(), KeySource::File(self.folder.path().join("secret.key")));
        let hosts: BTreeSet<_> = cases.http.iter().filter_map(|reply| host_of(&reply.url)).collect();
        let granted =
            self.catalogue.plugins().iter().flat_map(|plugin| plugin.grant.scope::<SecretGrant>().names.clone());
        for name in granted.filter(|_| !hosts.is_empty()) {
            let hosts = hosts.iter().cloned().collect();
            vault.set(&name, hosts, format!("{TEST_SECRET}{name}"), Timestamp::now()).await?;
        }
        self.catalogue.connect_vault(Arc::new(vault));
        Ok(())
    }

    async fn run(&self, cases: &Cases) -> anyhow::Result<ExitCode> {
        let workspace = self.folder.path().join("workspace");
        for (path, text) in &cases.files {
            lay_out(&workspace, path, text).with_context(|| format!("tests.toml: files: {path}"))?;
        }
        if !cases.model.is_empty() {
            let answers = Answers { texts: cases.model.clone(), next: AtomicUsize::new(0) };
            self.catalogue.connect_model(Arc::new(answers));
        }
        let mut failed = 0;
        for (number, case) in cases.cases.iter().enumerate() {
            let differences = self.differences(number, case).await?;
            let word = if differences.is_empty() { "ok  " } else { "FAIL" };
            say(&format!("{word}  {}", case.title()))?;
            for difference in &differences {
                say(&format!("      {}", difference.replace('\n', "\n      ")))?;
            }
            failed += usize::from(!differences.is_empty());
        }
        say(&format!("{} passed, {failed} failed", cases.cases.len() - failed))?;
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn differences(&self, number: usize, case: &Case) -> anyhow::Result<Vec<String>> {
        let call = Call {
            principal: plugin_run::owner(&self.store).await?,
            language: steward_agent::Language::En,
            run: None,
            name: case.tool.clone(),
            input: case.input(),
            key: format!("case/{number}"),
            replayed: false,
            time_limit: self.time_limit,
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: ToolPort::Absent,
            sight: Default::default(),
        };
        let answer = self.catalogue.call(call).await;
        let attachments: Vec<_> = answer.attachments.iter().map(|file| file.name.clone()).collect();
        Ok(case.differences(Got {
            outcome: answer.outcome.as_str(),
            text: &answer.text,
            structured: answer.structured.as_ref(),
            attachments: &attachments,
        }))
    }

    async fn close(self) {
        self.catalogue.close().await;
        self.store.close().await;
    }
}

fn stand_in(reply: &Reply) -> StandIn {
    StandIn {
        method: reply.method.clone(),
        url: reply.url.clone(),
        sent: reply.sent.clone(),
        status: reply.status,
        headers: reply.headers.clone().into_iter().collect(),
        body: reply.body.clone(),
    }
}

/// The host an address leads to, with its port if that is not the usual one.
fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Writes a file of the cases into the workspace, and nowhere else.
fn lay_out(workspace: &Path, path: &str, text: &str) -> anyhow::Result<()> {
    let beneath = Path::new(path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !beneath || path.is_empty() {
        bail!("give a path within the workspace, such as notes/plan.md");
    }
    let place = workspace.join(path);
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(place, text)?)
}

/// Stands in for the model: what tests.toml has it say.
struct Answers {
    texts: Vec<String>,
    next: AtomicUsize,
}

#[async_trait]
impl AskModel for Answers {
    async fn ask(&self, _: ModelQuestion) -> Result<ModelText, ModelError> {
        let at = self.next.fetch_add(1, Ordering::Relaxed).min(self.texts.len() - 1);
        Ok(ModelText { text: self.texts[at].clone(), cut: false })
    }
}
