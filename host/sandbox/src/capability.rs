//! The list of what a plugin can be granted. One capability is one interface in `wit/`, one file in `capability/` and
//! one line here; a test compares the three. `files` and `http` are plain WASI and have no interface of their own.
//!
//! Each file holds the capability's entry, the function that links it, and its implementation over a view of the call.
//! An implementation never decides who may call it: where it is not granted it is not linked.

mod delegate;
pub(crate) mod events;
pub(crate) mod files;
pub mod http;
mod kv;
pub(crate) mod log;
pub mod memory;
pub mod model;
mod moderation;
mod own_tasks;
mod owner_mail;
mod people;
pub mod process;
mod run;
mod schedule;
pub(crate) mod secrets;
mod send;
pub mod tools;
mod violation;

use steward_agent::Language;
use wasmtime::component::Linker;

use crate::grant::{Access, CapabilitySet};
use crate::part::{Beginning, Part};
use crate::scope::ScopeKind;
use crate::state::CallState;

/// All capabilities, in the order in which they are shown. The order is the order of bits in a set.
pub static CAPABILITIES: &[Capability] = &[
    files::CAPABILITY,
    http::CAPABILITY,
    kv::CAPABILITY,
    memory::CAPABILITY,
    schedule::CAPABILITY,
    events::CAPABILITY,
    delegate::CAPABILITY,
    people::CAPABILITY,
    moderation::CAPABILITY,
    send::CAPABILITY,
    own_tasks::CAPABILITY,
    owner_mail::CAPABILITY,
    violation::CAPABILITY,
    model::CAPABILITY,
    secrets::CAPABILITY,
    process::CAPABILITY,
    tools::CAPABILITY,
];

/// One thing a plugin can be allowed to do.
pub struct Capability {
    /// The key in manifests, grants and requirements.
    pub name: &'static str,
    /// One sentence for the person who is asked to grant it, English and Russian: "Read and …".
    pub summary: (&'static str, &'static str),
    /// The interfaces it covers, without version: `steward:plugin/memory`.
    pub interfaces: &'static [&'static str],
    /// It can be granted for reading only.
    pub levels: bool,
    pub owner: Access,
    pub group: Access,
    pub external: Access,
    /// What a call gets by it that neither an owner nor the program wrote; each file says where it notes it.
    pub brings: Brings,
    /// It works on the folder that a trial names for files.
    pub in_folder: bool,
    /// What a trial has to say instead of its bare name: "say which …, with --…".
    pub trial_needs: Option<&'static str>,
    /// Interfaces of it that reach nothing by themselves: they only name and handle what another one gives. Standard
    /// libraries import them for the sake of error codes.
    pub(crate) words: &'static [&'static str],
    /// Capabilities through which it is used without an import of its own.
    pub(crate) through: &'static [&'static Self],
    /// Whoever the configuration puts into a role has it as outsiders do, where the role's row does not speak of it.
    pub(crate) for_roles: bool,
    /// It lets a plugin call other tools.
    pub(crate) calls_tools: bool,
    pub(crate) reaches: Reaches,
    /// What it does stays in the database and the workspace, so that it may be done in a dry run, which has copies of both.
    pub(crate) stays_within: bool,
    pub(crate) scope: ScopeKind,
    pub(crate) link: Link,
    /// Makes what it keeps for the time of a call, whether the call holds it or not; or says why it cannot.
    pub(crate) begin: Option<Begin>,
    /// Links its words, where they are there also without the grant.
    pub(crate) link_words: Option<Link>,
}

/// Links functions of the host.
pub(crate) type Link = fn(&mut Linker<CallState>) -> wasmtime::Result<()>;
/// Makes what a capability keeps for one call.
pub(crate) type Begin = fn(&Beginning<'_>) -> Result<Box<dyn Part>, String>;

/// Whom a capability reaches beside the one the call is for, and who is asked about that after foreign text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaches {
    Nobody,
    /// Others, and it asks itself, for it knows to whom something goes.
    Asking,
    /// Others, by ways of its own: the call is asked about before it is made.
    Others,
}

/// Whether a capability brings foreign text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brings {
    /// What it gives is the owner's, the program's or the plugin's own.
    Nothing,
    /// Whatever comes by it was written by others.
    Foreign,
    /// What is marked as foreign where it is kept, or what others wrote among the rest.
    Marked,
}

impl Capability {
    /// What a capability is that says nothing: closed to everybody, and held back in a dry run.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        summary: ("", ""),
        interfaces: &[],
        levels: false,
        owner: Access::None,
        group: Access::None,
        external: Access::None,
        brings: Brings::Nothing,
        in_folder: false,
        trial_needs: None,
        words: &[],
        through: &[],
        for_roles: true,
        calls_tools: false,
        reaches: Reaches::Nobody,
        stays_within: false,
        scope: ScopeKind::NONE,
        link: |_| Ok(()),
        begin: None,
        link_words: None,
    };

    /// So much of it, and of nothing else.
    pub(crate) fn set(&self, access: Access) -> CapabilitySet {
        CapabilitySet::EMPTY.with(self.name, access)
    }

    pub fn named(name: &str) -> Option<&'static Self> {
        CAPABILITIES.iter().find(|one| one.name == name)
    }

    /// The capability that covers an interface, named without version.
    pub fn of_interface(interface: &str) -> Option<&'static Self> {
        CAPABILITIES.iter().find(|one| one.interfaces.contains(&interface))
    }

    pub fn summary(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.summary.0,
            Language::Ru => self.summary.1,
        }
    }

    pub(crate) fn index(name: &str) -> Option<usize> {
        CAPABILITIES.iter().position(|one| one.name == name)
    }

    /// All names, for messages.
    pub(crate) fn names() -> String {
        CAPABILITIES.iter().map(|one| one.name).collect::<Vec<_>>().join(", ")
    }
}

/// Links what every plugin has whatever it was granted.
pub(crate) fn link_always(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    run::link(linker)?;
    log::link(linker)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|there| there == extension))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn the_list_the_contract_and_the_implementations_agree() {
        let listed: BTreeSet<_> = CAPABILITIES.iter().map(|one| one.name.to_owned()).collect();
        let mut contract = stems("../../wit", "wit");
        for common in ["plugin", "types", "tool", "run", "log"] {
            assert!(contract.remove(common), "{common}.wit");
        }
        contract.extend(["files", "http"].map(str::to_owned));
        assert_eq!(listed, contract);
        let mut implemented: BTreeSet<_> =
            stems("src/capability", "rs").into_iter().map(|name| name.replace('_', "-")).collect();
        assert!(implemented.remove("run") && implemented.remove("log"));
        assert_eq!(listed, implemented);
    }

    #[test]
    fn a_capability_of_ours_covers_the_interface_of_its_name() {
        for one in CAPABILITIES.iter().filter(|one| !["files", "http"].contains(&one.name)) {
            assert_eq!(one.interfaces, [format!("steward:plugin/{}", one.name)]);
            assert!(!one.levels && !one.summary.0.is_empty() && !one.summary.1.is_empty());
        }
    }
}
