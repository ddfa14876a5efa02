//! `files`: folders of the workspace as WASI folders beneath `/workspace`, each for reading or for reading and writing.
//! The names a guest gives are resolved beneath its folder and never lead out of it; without the grant there is no
//! folder at all.

mod folder;
mod open;
mod quota;
mod rights;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use steward_agent::bytes;
use steward_beneath::Folder;
use toml::Value;
use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::p2::bindings::filesystem;
use wasmtime_wasi::{FsPerms, OpenMode};

pub(crate) use self::folder::FilesGrant;
use self::folder::{FilesScope, FolderError};
use self::quota::Quota;
use self::view::{HasFiles, view};
use crate::capability::{Brings, Capability};
use crate::grant::{Access, GrantedIn};
use crate::part::Part;
use crate::plugin::{Effect, Plugin};
use crate::scope::{ALL, Row, ScopeKind, problem};
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "files",
    summary: (
        "Use the files of the workspace: read them, and with write access create, change and delete them.",
        "Работать с файлами рабочей папки: читать, а с правом записи создавать, менять и удалять.",
    ),
    interfaces: &["wasi:filesystem/preopens", "wasi:filesystem/types"],
    owner: Access::Write,
    levels: true,
    group: Access::Read,
    brings: Brings::Marked,
    words: &["wasi:filesystem/types"],
    scope: SCOPE,
    stays_within: true,
    in_folder: true,
    link,
    begin: Some(|call| {
        let Plugin { grant, limits, .. } = call.plugin;
        let access = call.set.access(CAPABILITY.name);
        let opened = Files::open(&call.backing.workspace, &grant.scope::<FilesGrant>(), access, limits.write);
        let files = opened.map_err(|error| {
            let (error, granted) = (wasmtime::Error::new(error), grant.granted_in.place("files"));
            format!("The workspace cannot be opened: {error:#}. {} is granted {granted}.", call.tool)
        });
        Ok(Box::new(files?))
    }),
    ..Capability::PLAIN
};

const SCOPE: ScopeKind = ScopeKind {
    read: |line, scopes| {
        let scope: FilesScope = line.try_into().map_err(problem)?;
        let access = scope.access;
        scopes.set(scope.grant()?);
        Ok(access)
    },
    short: |line| match line {
        Value::String(_) => Some("access"),
        Value::Array(_) => Some("folders"),
        _ => None,
    },
    forms: "write \"read\" or \"write\", folders such as [\"notes\"], or { access = \"read\", folders = [\"notes\"] }",
    example: "{ access = \"read\" }",
    rows: &[Row {
        special: &[(ALL, ("In the whole workspace.", "Во всей рабочей папке."))],
        covers: folder::covers,
        ..Row::list(
            "folders",
            ("Only in these folders of the workspace: {}.", "Только в этих папках рабочей папки: {}."),
            |scopes| folder::shown(&scopes.get::<FilesGrant>().folders),
        )
    }],
    strongest: |_, access| if access == Access::Read { Effect::Read } else { Effect::Write },
    ..ScopeKind::NONE
};

/// What the guest calls the workspace.
const FOLDER: &str = "/workspace";

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    filesystem::types::add_to_linker::<CallState, HasFiles>(linker, view)?;
    filesystem::preopens::add_to_linker::<CallState, HasFiles>(linker, view)
}

/// The folders one call has, by the names the guest has for them, and what it may still write. The default is none.
#[derive(Default)]
pub(crate) struct Files {
    folders: Vec<(Dir, String)>,
    quota: Arc<Quota>,
    /// Something was changed, or opened to be.
    changed: AtomicBool,
}

impl Files {
    /// Opens what was granted, with no more than `access`. A folder to be written to is made where it is missing; one
    /// to be read from is left out.
    ///
    /// # Errors
    /// A folder cannot be opened, or is none.
    pub(crate) fn open(workspace: &Path, grant: &FilesGrant, access: Access, quota: u64) -> Result<Self, FolderError> {
        let mut files = Self { quota: Arc::new(Quota::new(quota)), ..Self::default() };
        if access == Access::None {
            return Ok(files);
        }
        let workspace = folder::open_workspace(workspace)?;
        if grant.folders.is_empty() {
            files.folders.push((dir(workspace, access)?, FOLDER.to_owned()));
            return Ok(files);
        }
        for one in &grant.folders {
            let access = one.access.min(access);
            if let Some(opened) = folder::open_beneath(&workspace, &one.path, access == Access::Write)? {
                files.folders.push((dir(opened, access)?, format!("{FOLDER}/{}", one.path)));
            }
        }
        Ok(files)
    }
}

impl Part for Files {
    fn changed_files(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// Why the call could not write what it wanted to, if that happened.
    fn refusal(&self, plugin: &str, granted_in: &GrantedIn) -> Option<String> {
        self.quota.was_exceeded().then(|| {
            let most = bytes(self.quota.most());
            format!(
                "{plugin} may write {most} in one call and wanted to write more: have it write less at once, or {}.",
                granted_in.raise_limit("write_mb", "tool_write_mb")
            )
        })
    }
}

fn dir(opened: Folder, access: Access) -> Result<Dir, FolderError> {
    let (permissions, mode) = match access {
        Access::Write => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
        Access::None | Access::Read => (FsPerms::ReadOnly, OpenMode::READ),
    };
    let opened = opened.into_file().map_err(FolderError::Handles)?;
    Ok(Dir::new(opened, permissions, mode, false))
}
