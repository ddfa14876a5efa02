//! git, on repositories of the workspace that anybody may have written: it is shown a private copy of what steers it,
//! with settings from a list, and reaches other machines through a relay of the host alone.
//!
//! Read `shadow` for what git sees, `settings` for what passes, `relay` for how it reaches others. None of it needs a
//! namespace; where there is one, git is in it as well.

mod beneath;
mod clone;
mod file;
pub(super) mod fuzzing;
mod place;
pub(super) mod plain;
mod private;
mod relay;
mod restore;
mod settings;
mod shadow;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use steward_agent::Source;
use url::Url;

use super::child::{self, Plan};
use super::environment::PATH;
use super::namespace::View;
use super::output::Output;
use super::scope::{Commands, ProcessGrant};
use super::{Place, program, tree};
use crate::bindings::Failure;
use crate::bindings::wit::process::{Command, Ending, Finished, GitCommand, Printed};
use crate::capability::http::Requests;
use crate::foreign::shown_host;
use crate::secret::Known;
use crate::state::CallState;
use beneath::Folder;
use place::Workspace;
use private::Private;
use relay::Relay;
use shadow::Shadow;

/// The commands of git that can be run on a repository.
const COMMANDS: [&str; 12] = [
    "add",
    "check-attr",
    "commit",
    "config",
    "diff",
    "log",
    "ls-files",
    "push",
    "rev-parse",
    "status",
    "switch",
    "symbolic-ref",
];
/// Stands for the address among the arguments.
const ADDRESS: &str = "{address}";

/// The other repository of a call.
enum Other {
    None,
    Relay(Relay, String),
    /// One of the workspace, with the path that stands for it.
    Shadow(Box<Shadow>, PathBuf),
}

impl Other {
    fn address(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Relay(relay, _) => Some(relay.address()),
            Self::Shadow(shadow, _) => Some(format!("file://{}", shadow.path.display())),
        }
    }

    fn protocol(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Relay(..) => "http",
            Self::Shadow(..) => "file",
        }
    }

    /// The address as it was given.
    fn shown(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Relay(_, address) => address.clone(),
            Self::Shadow(_, path) => path.display().to_string(),
        }
    }

    fn settings(&self) -> String {
        match self {
            Self::Relay(relay, _) => relay.settings(),
            Self::None | Self::Shadow(..) => String::new(),
        }
    }
}

/// One start of git.
struct Start {
    arguments: Vec<String>,
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
    input: Option<Vec<u8>>,
    protocol: &'static str,
}

impl CallState {
    pub(super) async fn git(&mut self, command: GitCommand) -> Result<Finished, Failure> {
        let GitCommand { arguments, folder, address, author, input, seconds } = command;
        let name = arguments.first().map(String::as_str).unwrap_or_default();
        if !COMMANDS.contains(&name) {
            return Err(Failure::Denied(format!(
                "git `{}` is not run here, only {}",
                name.escape_debug(),
                COMMANDS.join(", ")
            )));
        }
        if address.is_some() != (name == "push") {
            return Err(Failure::Invalid("`push` has an address, and nothing else has".to_owned()));
        }
        let mut plain = asked(arguments, folder, input, seconds, address.clone());
        let place = self.git_place(&plain).await?;
        let private = Private::make(&self.backing.connected.processes)?;
        let known = self.backing.connected.refreshed().await?;
        let workspace = place.workspace.clone();
        let within = place.folder.strip_prefix(&workspace).map(Path::to_owned).unwrap_or_default();
        let other = self.other(address, &within, true, &place, &private, &known, &plain).await?;
        let (path, settings, kept) = (private.0.join("git"), other.settings(), Arc::clone(&private));
        let shadow = blocking(move || {
            let _kept = kept;
            let root = Folder::open(&workspace)?;
            let workspace = Workspace { root: &root, path: &workspace };
            shadow::lay(&workspace, workspace.repository(&within, false)?, &path, &settings)
        })
        .await?;
        let mut variables = vec![
            ("GIT_DIR", shadow.path.display().to_string()),
            ("GIT_WORK_TREE", place.folder.display().to_string()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".to_owned()),
        ];
        if let Some((name, mail)) = author {
            let names = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|variable| (variable, name.clone()));
            let mails = ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|variable| (variable, mail.clone()));
            variables.extend(names.into_iter().chain(mails));
        }
        let arguments = std::mem::take(&mut plain.arguments);
        let arguments = arguments.into_iter().map(|one| match one.as_str() {
            ADDRESS => other.address().unwrap_or(one),
            _ => one,
        });
        let start = Start {
            arguments: arguments.collect(),
            folder: place.folder.clone(),
            variables,
            input: plain.input.take(),
            protocol: other.protocol(),
        };
        let mut finished = self.start_git(start, &plain, &place, &private, &known).await?;
        let is_partial = shadow.is_partial;
        let other = blocking(move || {
            let _kept = private;
            restore::restore(&shadow)?;
            if let Other::Shadow(remote, _) = &other {
                restore::restore(remote)?;
            }
            Ok(other)
        })
        .await?;
        tell(&mut finished, &other);
        if is_partial && !succeeded(&finished) {
            let text =
                "this is a partial clone: what is missing in it is not fetched here, get it with `git fetch` first\n";
            finished.errors.data.splice(0..0, text.bytes());
        }
        Ok(finished)
    }

    /// Checks what was asked for, asks the owner where the grant says so, and finds git and the folder.
    async fn git_place(&mut self, plain: &Command) -> Result<Place, Failure> {
        let grant = self.grant.scope::<ProcessGrant>();
        super::check(plain)?;
        program::check((&grant.commands, &self.grant.granted_in), &self.plugin, &plain.program)?;
        self.check_network(plain)?;
        self.refuse_secrets(plain)?;
        let mut place = self.find_place(plain).await?;
        if grant.commands == Commands::Ask {
            self.ask_owner(plain).await?;
            // Much may have changed while the owner thought about it.
            place = self.find_place(plain).await?;
        }
        self.ask_about_network(plain, address_of(plain)).await?;
        Ok(place)
    }

    /// Makes the other repository reachable: by a relay, or as a shadow of its own.
    #[expect(clippy::too_many_arguments, reason = "all of one call")]
    async fn other(
        &mut self,
        address: Option<String>,
        from: &Path,
        sends: bool,
        place: &Place,
        private: &Arc<Private>,
        known: &Arc<Known>,
        plain: &Command,
    ) -> Result<Other, Failure> {
        let Some(address) = address else { return Ok(Other::None) };
        if is_web(&address) {
            let client = Arc::clone(&self.backing.http);
            let url = relay::admitted(&client, &address)?;
            let secrets = Requests::of(&mut self.parts, &self.backing).hooks.secret_names();
            let bounds = self.bounds(plain);
            let most = (bounds.file, bounds.time);
            let relay = Relay::start(client, Arc::clone(known), secrets, url, sends, most).await?;
            return Ok(Other::Relay(relay, address));
        }
        let path = address.strip_prefix("file://").unwrap_or(&address);
        if (path.len() == address.len() && address.contains(':')) || path.is_empty() {
            return Err(Failure::Denied(
                "git reaches others by https, and folders of the workspace: ssh and git:// are not used".to_owned(),
            ));
        }
        let (written, from) = (path.to_owned(), from.to_owned());
        let (root, to, kept) = (place.workspace.clone(), private.0.join("remote.git"), Arc::clone(private));
        let laid = blocking(move || {
            let _kept = kept;
            let folder = Folder::open(&root)?;
            let workspace = Workspace { root: &folder, path: &root };
            let inner = match written.strip_prefix("/workspace") {
                Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                    workspace.beneath(Path::new(""), rest.trim_start_matches('/'), "the address")?
                }
                _ => workspace.beneath(&from, &written, "the address")?,
            };
            let shadow = shadow::lay(&workspace, workspace.repository(&inner, true)?, &to, "")?;
            Ok((shadow, root.join(inner)))
        });
        laid.await.map(|(shadow, path)| Other::Shadow(Box::new(shadow), path))
    }

    /// Runs it to its end, in a namespace where there can be one.
    async fn start_git(
        &mut self,
        start: Start,
        plain: &Command,
        place: &Place,
        private: &Private,
        known: &Arc<Known>,
    ) -> Result<Finished, Failure> {
        let grant = &*self.grant.scope::<ProcessGrant>();
        let outputs = [(); 2].map(|()| Output::new(Arc::clone(known), grant.output()));
        let environment = self.git_environment(&start, private);
        let (program, folder, input) = (place.program.clone(), start.folder.clone(), start.input);
        let arguments = start.arguments.into_iter().map(Into::into);
        let plan = match self.backing.connected.processes.namespace().await? {
            None => {
                let (arguments, mark) = (arguments.collect(), Some(tree::new_mark()));
                Plan { program, arguments, folder, environment, input, namespaced: false, mark }
            }
            Some(bubblewrap) => {
                let mut all = bubblewrap.arguments(&View {
                    workspace: &place.workspace,
                    folder: &folder,
                    read: &grant.read,
                    hidden: &place.hidden,
                    own: Some(&private.0),
                    // The relay is on loopback, which a network of its own would not show.
                    network: start.protocol == "http",
                    memory: grant.memory(),
                });
                all.push(program.into());
                all.extend(arguments);
                let program = bubblewrap.program().to_owned();
                Plan { program, arguments: all, folder: "/".into(), environment, input, namespaced: true, mark: None }
            }
        };
        let progress = self.progress.clone();
        let show = |line: String| {
            if let Some(progress) = &progress {
                // Only a sign of life: dropped when the reader is behind.
                let _ = progress.try_send(line.chars().take(200).collect());
            }
        };
        let began = Timestamp::now();
        let ending = child::run(plan, self.bounds(plain), (&outputs[0], &outputs[1]), show).await;
        self.receive_output("git", plain.network, &place.folder, began).await?;
        if plain.network
            && let Some(url) = address_of(plain).and_then(|address| Url::parse(address).ok())
            && let Some(host) = url.host_str()
        {
            self.lowering.receive(Source::Page(shown_host(host, url.port_or_known_default().unwrap_or(443))));
        }
        let ending = ending?;
        let [output, errors] = outputs.map(|output| output.printed());
        Ok(Finished { ending, output, errors })
    }

    /// Nothing of a plugin's choice but who commits.
    fn git_environment(&self, start: &Start, private: &Private) -> Vec<(String, String)> {
        let home = private.0.join("home").display().to_string();
        let zone = self.backing.time_zone.iana_name().unwrap_or("UTC").to_owned();
        // Git starts itself once more for each submodule it looks at, with that one's own settings. What reaches no other
        // repository needs no other program, so it finds none.
        let nowhere = private.0.join("no-programs").display().to_string();
        let alone = start.protocol == "none";
        let programs = if alone { nowhere.as_str() } else { PATH };
        let own = [
            ("PATH", programs),
            ("LANG", "C.UTF-8"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "false"),
            ("SSH_ASKPASS", "false"),
            ("GIT_SSH_COMMAND", "false"),
            ("GIT_EDITOR", "false"),
            ("GIT_PAGER", "cat"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_ADVICE", "0"),
            ("GIT_ALLOW_PROTOCOL", start.protocol),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        // Where there is no repository yet, none above is found either.
        let above = private.0.parent().unwrap_or(&private.0).display().to_string();
        let more = [("HOME", home), ("TZ", zone), ("GIT_CEILING_DIRECTORIES", above)];
        let more = more.into_iter().chain(alone.then(|| ("GIT_EXEC_PATH", nowhere.clone())));
        let more = more.map(|(name, value)| (name.to_owned(), value)).collect::<Vec<_>>();
        let given = start.variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        own.chain(more).chain(given).collect()
    }
}

/// The command as it is checked and as an owner is shown it.
fn asked(
    arguments: Vec<String>,
    folder: Option<String>,
    input: Option<Vec<u8>>,
    seconds: Option<u32>,
    address: Option<String>,
) -> Command {
    let network = address.as_deref().is_some_and(is_web);
    let variables = address.map(|address| ("address".to_owned(), address)).into_iter().collect();
    Command { program: "git".to_owned(), arguments, folder, variables, input, seconds, network }
}

/// The address of the other repository.
fn address_of(plain: &Command) -> Option<&str> {
    plain.variables.iter().find_map(|(name, value)| (name == "address").then_some(value.as_str()))
}

fn is_web(address: &str) -> bool {
    let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::Failed(error.to_string()))?
}

fn succeeded(finished: &Finished) -> bool {
    matches!(finished.ending, Ending::Exited(0))
}

/// The address as it was given in place of what git was given, and why it was not reached.
fn tell(finished: &mut Finished, other: &Other) {
    let Some(used) = other.address() else { return };
    for printed in [&mut finished.output, &mut finished.errors] {
        replace(printed, &used, &other.shown());
    }
    if let Other::Relay(relay, _) = other
        && !succeeded(finished)
        && let Some(why) = relay.told()
    {
        finished.errors = Printed { data: why.into_bytes(), left_out: 0, left_out_at: 0 };
    }
}

fn replace(printed: &mut Printed, from: &str, to: &str) {
    let text = String::from_utf8_lossy(&printed.data);
    if text.contains(from) {
        printed.data = text.replace(from, to).into_bytes();
        printed.left_out_at = printed.left_out_at.min(u32::try_from(printed.data.len()).unwrap_or(u32::MAX));
    }
}
