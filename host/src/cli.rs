//! The command line.

mod agreement;
mod audit;
mod author;
mod author_test;
mod chat;
mod dry_run;
mod memory;
mod models;
mod output;
mod pair;
mod people;
mod plugin;
mod plugin_file;
mod plugin_install;
mod plugin_run;
mod replay;
mod run;
mod secret;
mod signing;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use steward_agent::visible_lines;
use steward_sandbox::Pace;

use crate::config::{Config, Environment, filter};
use crate::{doctor, folders, footprint};

pub(crate) use output::say;

#[derive(Parser)]
#[command(
    name = "steward",
    version,
    about = "Your own assistant, on your own machine. Every tool it uses is a sandboxed WebAssembly component.",
    after_help = "Examples:
  steward                          start, and chat right here
  steward chat                     talk to the one that is running
  echo 'list my reminders' | steward chat
  steward plugin list --roles      who may use which tool
  steward plugin run FILE.wasm     try a tool somebody wrote, with nothing granted
  steward plugin install FILE.wasm install it, after you agreed to what it asks for
  steward plugin new NAME --lang rust   write one yourself
  steward people list              who is known, and who has your rights
  steward audit summary            what the tools did and what it cost
  steward memory search 'when is the boiler serviced'
  steward models pull              once: the model that finds by meaning
  steward secret set GITHUB_TOKEN --host api.github.com
  steward doctor                   is everything all right? what to do if not

Settings come from steward.toml in this folder and from the environment (TG_BOT_TOKEN, OPENAI_API_KEY, …);
it also starts without any. docs/reference/settings.md lists them all."
)]
struct Arguments {
    /// The configuration file [default: steward.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything; in a terminal, chat right away (this is the default)
    Run,
    /// Talk to the assistant in this terminal; starts Steward temporarily if it is not running
    Chat,
    /// Look at plugins: what they offer and what they can reach; and write your own
    Plugin {
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// The tool calls that were made: who asked, what they could reach, what they cost
    Audit {
        #[command(flatten)]
        which: audit::Which,
        #[command(subcommand)]
        command: Option<audit::AuditCommand>,
    },
    /// Keep passwords and keys that plugins use without ever seeing them
    Secret {
        #[command(subcommand)]
        command: SecretCommand,
    },
    /// Search what is remembered, have files searched too, copy it elsewhere
    Memory {
        #[command(subcommand)]
        command: memory::MemoryCommand,
    },
    /// Fetch the model that finds by meaning
    Models {
        #[command(subcommand)]
        command: models::ModelsCommand,
    },
    /// Check configuration, model, Telegram, disk, clock and plugins, and say what to do
    Doctor,
    /// The people the assistant knows: who they are, what they may do, whom it no longer answers
    People {
        #[command(subcommand)]
        command: people::PeopleCommand,
    },
    /// Make a one-time code that lets somebody in: they send /pair CODE
    Pair {
        /// Make them an owner, with every right you have
        #[arg(long)]
        owner: bool,
        /// Put them into a role of the configuration, such as family
        #[arg(long, conflicts_with = "owner")]
        role: Option<String>,
        /// How long the code is good for
        #[arg(long, default_value_t = 60, value_name = "MINUTES", value_parser = clap::value_parser!(i64).range(1..=10_080))]
        minutes: i64,
    },
    /// Compile a component to native code (used by the host itself)
    #[command(hide = true)]
    CompileComponent {
        seconds: u64,
        /// Leave the machine to others
        #[arg(long)]
        behind: bool,
    },
}

#[derive(Subcommand)]
enum SecretCommand {
    /// Set a secret or replace its value; the value is typed without being shown, or read from standard input
    Set {
        /// In capital letters: GITHUB_TOKEN
        name: String,
        /// A host it may be sent to, over https: api.example.org, *.example.org, or with a port; repeatable
        #[arg(long, required = true, value_name = "HOST")]
        host: Vec<String>,
    },
    /// The names, where each is sent to, and when it was set; never a value
    List,
    /// Forget a secret
    Remove { name: String },
}

#[derive(Subcommand)]
enum PluginCommand {
    /// The plugins and their tools
    List {
        /// Show instead which role may use which tool, from the live catalogue
        #[arg(long)]
        roles: bool,
    },
    /// What a .wasm file or a project could reach and asks for, read from the binary, and what of it is new
    Inspect(plugin::Inspect),
    /// Install a plugin from its file, or an update of one: you are asked what it may do
    Install(plugin_install::Install),
    /// Take an installed plugin away, with the data it kept for itself
    Remove(plugin_install::Remove),
    /// Let an installed plugin be used again
    Enable(plugin_install::Named),
    /// Keep an installed plugin without using it
    Disable(plugin_install::Named),
    /// Try a .wasm file or a project: list its tools or call one, with the grants given here and no others
    Run(plugin_run::Run),
    /// What a call of a tool would send or write, without doing it
    DryRun(dry_run::DryRun),
    /// Begin a plugin of your own
    New(author::New),
    /// Make the .wasm file of a project
    Build(author::Build),
    /// Build a project and run its test cases in the sandbox, under what its plugin.toml grants
    Test(author_test::Test),
    /// Build a project and put its manifest into the file, ready to be given away
    Pack(author::Pack),
    /// Make a key to sign your plugins with
    Key(signing::Key),
    /// Sign a packed plugin, so that its updates are known to be yours
    Sign(signing::Sign),
    /// Fetch what plugins in a language are built with
    Toolchain(author::Toolchain),
}

/// What a shell shows for a program that ended because nobody read on.
const CLOSED: u8 = 141;

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Both ends of every TLS connection are ours to choose for; it fails only where another one was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match dispatch(arguments) {
        Ok(code) => code,
        Err(error) if output::is_closed(&error) => ExitCode::from(CLOSED),
        Err(error) => {
            // It may quote a file of somebody else's.
            output::say_aside(&format!("steward: {}", visible_lines(&with_causes(&error))));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Command::CompileComponent { seconds, behind }) = &arguments.command {
        let pace = if *behind { Pace::Behind } else { Pace::Now };
        steward_sandbox::compile_component(Duration::from_secs(*seconds), pace)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(Command::Plugin { command: PluginCommand::New(new) }) = &arguments.command {
        return author::new(new).map(|()| ExitCode::SUCCESS);
    }
    let environment = Environment::of_process();
    let config = Config::load(arguments.config.as_deref(), &environment);
    let command = arguments.command.unwrap_or(Command::Run);
    if command.keeps_data() {
        steward_sandbox::keep_private();
        // The host says in its log what was put right. What cannot be made or changed, each command says by itself.
        if let (Ok(config), false) = (&config, matches!(command, Command::Run | Command::Chat)) {
            let _ = folders::prepare(config);
        }
    }
    footprint::keep_small();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        match command {
            Command::Run => run::run(config?, filter(&environment)?).await.map(|()| ExitCode::SUCCESS),
            Command::Chat => chat::chat(config?, filter(&environment)?).await.map(|()| ExitCode::SUCCESS),
            Command::Doctor => doctor::run(config).await,
            Command::Audit { which, command } => audit::audit(&config?, which, command).await,
            Command::Plugin { command } => with_plugins(command, config).await,
            Command::Secret { command } => secret::secret(&config?, command).await.map(|()| ExitCode::SUCCESS),
            Command::Memory { command } => memory::memory(&config?, command).await.map(|()| ExitCode::SUCCESS),
            Command::Models { command } => models::models(&config?, command).await.map(|()| ExitCode::SUCCESS),
            Command::People { command } => people::people(&config?, command).await,
            Command::Pair { owner, role, minutes } => {
                pair::pair(&config?, owner, role, minutes).await.map(|()| ExitCode::SUCCESS)
            }
            Command::CompileComponent { .. } => Ok(ExitCode::SUCCESS),
        }
    })
}

impl Command {
    /// Whether what it makes is Steward's own. A developer's projects and tools are their own affair.
    fn keeps_data(&self) -> bool {
        let Self::Plugin { command } = self else { return true };
        !matches!(
            command,
            PluginCommand::New(_)
                | PluginCommand::Build(_)
                | PluginCommand::Test(_)
                | PluginCommand::Pack(_)
                | PluginCommand::Key(_)
                | PluginCommand::Sign(_)
                | PluginCommand::Toolchain(_)
                | PluginCommand::Inspect(_)
        )
    }
}

/// What is done with plugins.
async fn with_plugins(command: PluginCommand, config: anyhow::Result<Config>) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::List { roles } => plugin::list(config?, roles).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Run(run) => plugin_run::run(run, config?).await,
        PluginCommand::DryRun(dry) => dry_run::run(dry, config?).await,
        PluginCommand::Build(build) => author::build(build, config?).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Test(test) => author_test::test(test, config?).await,
        PluginCommand::Pack(pack) => author::pack(pack, config?).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Key(key) => signing::key(key).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Sign(sign) => signing::sign(sign).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Toolchain(toolchain) => author::toolchain(toolchain, config?).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Inspect(inspect) => plugin::inspect(inspect, config).await,
        PluginCommand::Install(install) => plugin_install::install(install, config?).await,
        PluginCommand::Remove(remove) => plugin_install::remove(remove, config?).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Enable(named) => plugin_install::enable(named, true, config?).await.map(|()| ExitCode::SUCCESS),
        PluginCommand::Disable(named) => {
            plugin_install::enable(named, false, config?).await.map(|()| ExitCode::SUCCESS)
        }
        PluginCommand::New(new) => author::new(&new).map(|()| ExitCode::SUCCESS),
    }
}

fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        text.push_str(&format!("\n  because: {cause}"));
    }
    text
}
