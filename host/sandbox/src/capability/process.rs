//! `process`: programs of the machine, run in the workspace. Each gets a clean environment and bounds, and a namespace
//! of its own where bubblewrap can make one; nothing of it outlives the call.
//!
//! Where there is no namespace, a program reads what Steward's own user can read, the data folder among it: that is
//! why the configuration can insist on one.

mod asked;
mod child;
mod environment;
mod git;
mod group;
mod namespace;
mod output;
mod program;
mod scope;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use steward_agent::Source;
use tokio::sync::OnceCell;
use url::Url;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::wit::process::{Command, Finished, GitClone, GitCommand};
use crate::bindings::{Failure, wit};
use crate::call::Refusal;
use crate::capability::{Brings, Capability, Reaches};
use crate::foreign::Matter;
use crate::grant::Access;
use crate::plugin::Effect;
use crate::scope::ScopeKind;
use crate::secret::Known;
use crate::state::CallState;
use child::{Bounds, Plan};
use namespace::{Bubblewrap, View};
use output::Output;

pub use git::fuzzing::git_settings;
pub use namespace::{Namespace, Namespaces};
pub use scope::{Commands, ProcessGrant};

pub(crate) const CAPABILITY: Capability = Capability {
    name: "process",
    summary: (
        "Run the listed programs of this machine in the workspace, which they may change.",
        "Запускать перечисленные программы этой машины в рабочей папке, которую они могут менять.",
    ),
    interfaces: &["steward:plugin/process"],
    owner: Access::Write,
    brings: Brings::Marked,
    reaches: Reaches::Others,
    scope: SCOPE,
    link,
    ..Capability::PLAIN
};

/// The most arguments, and bytes of them together.
const ARGUMENTS: usize = 1_000;
const ARGUMENT_BYTES: usize = 128 << 10;
/// The longest input, in bytes.
const INPUT: usize = 4 << 20;
/// What a plugin keeps of its time to make an answer of what the program printed.
const ANSWER: Duration = Duration::from_millis(1_500);

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        scopes.set(ProcessGrant::read(line)?);
        Ok(Access::Write)
    },
    short: |line| (line.is_str() || line.is_array()).then_some("commands"),
    forms: "write \"ask\", \"full\", programs such as [\"git\"], or { commands = [\"git\"] }",
    example: "{ commands = [\"git\"] }",
    rows: asked::ROWS,
    trial: |_, granted| granted.then(|| "full".into()),
    strongest: |_, _| Effect::Destructive,
};

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::process::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

/// How this machine runs programs. One for all calls.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    /// The folder with the database and the keys.
    data: OnceLock<PathBuf>,
    /// What the host wants of namespaces, and what else none of them shows.
    wanted: OnceLock<(Namespaces, Vec<PathBuf>)>,
    found: OnceCell<Namespace>,
    /// What an earlier host left was looked for.
    swept: OnceCell<()>,
}

impl Processes {
    /// Hides the folder with the database and the keys. The first word counts.
    pub(crate) fn hide(&self, data: PathBuf) {
        let _ = self.data.set(data);
    }

    /// Says what is wanted of namespaces and what else none of them shows. The first word counts.
    pub(crate) fn set(&self, wanted: Namespaces, hidden: Vec<PathBuf>) {
        let _ = self.wanted.set((wanted, hidden));
    }

    fn hidden(&self) -> Vec<PathBuf> {
        let more = self.wanted.get().into_iter().flat_map(|(_, hidden)| hidden);
        self.data.get().into_iter().chain(more).cloned().collect()
    }

    /// The bubblewrap to use, if any.
    ///
    /// # Errors
    /// There must be one and is none.
    async fn namespace(&self) -> Result<Option<Bubblewrap>, Failure> {
        let found = self.choose().await?;
        if found.is_none() {
            let sweep = || async { drop(tokio::task::spawn_blocking(tree::kill_orphans).await) };
            self.swept.get_or_init(sweep).await;
        }
        Ok(found)
    }

    async fn choose(&self) -> Result<Option<Bubblewrap>, Failure> {
        let wanted = self.wanted.get().map(|(wanted, _)| *wanted).unwrap_or_default();
        if wanted == Namespaces::Off {
            return Ok(None);
        }
        match (self.found.get_or_init(Namespace::find).await, wanted) {
            (Namespace::Ready(bubblewrap), _) => Ok(Some(bubblewrap.clone())),
            (Namespace::Missing(reason), Namespaces::Required) => Err(Failure::Unavailable(format!(
                "no program is run without a namespace of its own, as steward.toml says, and {reason}"
            ))),
            (Namespace::Missing(reason), _) => {
                tracing::warn!(reason, "a program is run without a namespace of its own");
                Ok(None)
            }
        }
    }
}

impl wit::process::Host for CallState {
    async fn run(&mut self, command: Command) -> Result<Finished, Failure> {
        let grant = self.grant.scope::<ProcessGrant>();
        check(&command)?;
        let granted_in = &self.grant.granted_in;
        program::check((&grant.commands, granted_in), &self.plugin, &command.program)?;
        environment::check((&grant, granted_in), &self.plugin, &command.variables)?;
        self.check_network(&command)?;
        self.refuse_secrets(&command)?;
        let mut place = self.find_place(&command).await?;
        if matches!(grant.commands, Commands::Listed(_)) {
            git::plain::refuse(&command.program, &place.program, &place.workspace)?;
        }
        let namespace = self.backing.connected.processes.namespace().await?;
        if grant.commands == Commands::Ask {
            self.ask_owner(&command).await?;
            // Much may have changed while the owner thought about it.
            place = self.find_place(&command).await?;
        }
        self.ask_about_network(&command, None).await?;
        let (program, network, began) = (command.program.clone(), command.network, Timestamp::now());
        let looked_at =
            if matches!(grant.commands, Commands::Listed(_)) { place.folder.clone() } else { place.workspace.clone() };
        let known = self.backing.connected.refreshed().await?;
        let outputs = [(); 2].map(|()| Output::new(Arc::clone(&known), grant.output()));
        let bounds = self.bounds(&command);
        let plan = self.plan(command, place, namespace, &known)?;
        let progress = self.progress.clone();
        let show = |line: String| {
            if let Some(progress) = &progress {
                // Only a sign of life: dropped when the reader is behind.
                let _ = progress.try_send(line.chars().take(200).collect());
            }
        };
        let ending = child::run(plan, bounds, (&outputs[0], &outputs[1]), show).await;
        self.receive_output(&program, network, &looked_at, began).await?;
        let ending = ending?;
        let [output, errors] = outputs.map(|output| output.printed());
        Ok(Finished { ending, output, errors })
    }

    async fn run_git(&mut self, command: GitCommand) -> Result<Finished, Failure> {
        self.git(command).await
    }

    async fn clone_git(&mut self, what: GitClone) -> Result<Finished, Failure> {
        self.git_clone(what).await
    }
}

/// Where a command works and what it starts; found at the last moment.
struct Place {
    workspace: PathBuf,
    program: PathBuf,
    folder: PathBuf,
    hidden: Vec<PathBuf>,
}

impl CallState {
    async fn find_place(&mut self, command: &Command) -> Result<Place, Failure> {
        let (workspace, program) = (self.backing.workspace.clone(), command.program.clone());
        let (folder, hidden) = (command.folder.clone(), self.backing.connected.processes.hidden());
        let finding = tokio::task::spawn_blocking(move || {
            let real = |path: &Path| std::fs::canonicalize(path);
            let workspace = real(&workspace)
                .map_err(|error| Failure::Unavailable(format!("the workspace cannot be used: {error}")))?;
            let program = program::find(&program, &workspace)?;
            let folder = program::folder(&workspace, folder.as_deref())?;
            let hidden = hidden.iter().filter_map(|path| real(path).ok()).collect();
            Ok(Place { workspace, program, folder, hidden })
        });
        finding.await.map_err(|error| Failure::Failed(error.to_string()))?
    }

    fn check_network(&self, command: &Command) -> Result<(), Failure> {
        if !command.network || self.grant.scope::<ProcessGrant>().network {
            return Ok(());
        }
        let place = self.grant.granted_in.place("process");
        Err(Failure::Denied(format!(
            "programs of {} may not reach the network: the owner can add `network = true` to {place}",
            self.plugin
        )))
    }

    /// What a program says is foreign if it was on the network, or could read something foreign; then what it wrote is, too.
    async fn receive_output(
        &mut self,
        program: &str,
        network: bool,
        folder: &Path,
        began: Timestamp,
    ) -> Result<(), Failure> {
        let marks = &self.backing.marks;
        if network || marks.is_any_below(folder).await? {
            self.lowering.receive(Source::Program(program.to_owned()));
        }
        if self.lowering.lowers() {
            marks.mark_since(began).await?;
        }
        Ok(())
    }

    /// A program that may use the network reaches a host like a request does: the one of `address`, or what its arguments
    /// name.
    async fn ask_about_network(&mut self, command: &Command, address: Option<&str>) -> Result<(), Failure> {
        if !command.network || !self.lowering.was_lowered() {
            return Ok(());
        }
        if self.knows_all(command, address) {
            return Ok(());
        }
        let shown = shown(command);
        self.lowering.ask(Matter::Host, &shown.to_string(), shown.clone()).await.map(drop)
    }

    /// Whether a command names addresses, and no other than those the owner named or that were reached before.
    fn knows_all(&self, command: &Command, address: Option<&str>) -> bool {
        let named: Vec<&str> = match address {
            Some(address) => vec![address],
            None => command.arguments.iter().map(String::as_str).collect(),
        };
        let known = |url: &Url| {
            let port = url.port_or_known_default().unwrap_or(443);
            url.host_str().is_some_and(|host| self.lowering.knows(host, port))
        };
        let addresses: Vec<Url> =
            named.iter().filter_map(|named| Url::parse(named).ok()).filter(Url::has_host).collect();
        !addresses.is_empty() && addresses.iter().all(known)
    }

    fn bounds(&self, command: &Command) -> Bounds {
        let grant = &*self.grant.scope::<ProcessGrant>();
        let asked = command.seconds.map_or(grant.time(), |seconds| Duration::from_secs(seconds.into()));
        let left = self.deadline.left();
        let time = asked.min(grant.time()).min(left.saturating_sub(ANSWER)).max(Duration::from_millis(100));
        let processes = grant.processes as usize;
        Bounds { time, memory: grant.memory(), file: u64::from(grant.file_mb) << 20, processes }
    }

    fn plan(
        &self,
        command: Command,
        place: Place,
        namespace: Option<Bubblewrap>,
        known: &Known,
    ) -> Result<Plan, Failure> {
        let (grant, zone) = (&*self.grant.scope::<ProcessGrant>(), &self.backing.time_zone);
        let granted = (grant, &self.grant.granted_in);
        let environment = environment::complete(granted, known, &place.workspace, zone, command.variables)?;
        let input = command.input;
        let own = command.arguments.into_iter().map(Into::into);
        let Some(bubblewrap) = namespace else {
            let Place { program, folder, .. } = place;
            let (arguments, mark) = (own.collect(), Some(tree::new_mark()));
            return Ok(Plan { program, arguments, folder, environment, input, namespaced: false, mark });
        };
        let mut arguments = bubblewrap.arguments(&View {
            workspace: &place.workspace,
            folder: &place.folder,
            read: &grant.read,
            hidden: &place.hidden,
            own: None,
            network: command.network,
            memory: grant.memory(),
        });
        arguments.push(place.program.into());
        arguments.extend(own);
        let (program, folder) = (bubblewrap.program().to_owned(), PathBuf::from("/"));
        Ok(Plan { program, arguments, folder, environment, input, namespaced: true, mark: None })
    }

    /// Asks an owner about the very command. The time it takes is not the call's.
    async fn ask_owner(&mut self, command: &Command) -> Result<(), Failure> {
        let key = self.next_key();
        let Some(owner) = self.owner.clone() else {
            let text = "every command has to be agreed to, and nobody can be asked in this run".to_owned();
            return Err(Failure::Denied(text));
        };
        let _waiting = self.deadline.pause();
        match owner.ask(&key, &shown(command).to_string()).await {
            Ok(()) => Ok(()),
            Err(Refusal::Denied(text)) => Err(Failure::Denied(text)),
            Err(Refusal::Stopped) => Err(Failure::Unavailable("the call was stopped".to_owned())),
        }
    }

    /// A value that was found out some other way does not leave by a program either.
    fn refuse_secrets(&self, command: &Command) -> Result<(), Failure> {
        let variables = command.variables.iter().map(|(_, value)| value.as_bytes());
        let parts = command.arguments.iter().map(String::as_bytes).chain(variables).chain(command.input.as_deref());
        let known = self.backing.connected.known();
        match parts.filter_map(|part| known.found(part)).next() {
            Some(name) => {
                Err(Failure::Denied(format!("the command carries the value of the secret {name}: leave it out")))
            }
            None => Ok(()),
        }
    }
}

/// # Errors
/// `invalid` for a command that is too large or cannot be one.
fn check(command: &Command) -> Result<(), Failure> {
    let bytes: usize = command.arguments.iter().map(String::len).sum();
    let input = command.input.as_ref().map_or(0, Vec::len);
    let wrong = match () {
        () if command.arguments.len() > ARGUMENTS => format!("a command may have {ARGUMENTS} arguments"),
        () if bytes > ARGUMENT_BYTES => {
            format!("the arguments of a command may have {} KB together", ARGUMENT_BYTES >> 10)
        }
        () if input > INPUT => format!("the input of a command may have {} MB", INPUT >> 20),
        () if command.arguments.iter().chain([&command.program]).any(|one| one.contains('\0')) => {
            "an argument has a character 0 in it, which no program can be given".to_owned()
        }
        () if command.seconds == Some(0) => "`seconds` is 0: give it at least one".to_owned(),
        () => return Ok(()),
    };
    Err(Failure::Invalid(wrong))
}

/// The command as an owner is shown it: all of it, and nothing else.
fn shown(command: &Command) -> Value {
    let mut shown = json!({ "program": command.program, "arguments": command.arguments });
    if let Some(folder) = &command.folder {
        shown["folder"] = folder.as_str().into();
    }
    if !command.variables.is_empty() {
        shown["variables"] = command.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    }
    if command.network {
        shown["network"] = true.into();
    }
    if let Some(input) = &command.input {
        shown["input"] = String::from_utf8_lossy(input).into();
    }
    shown
}
