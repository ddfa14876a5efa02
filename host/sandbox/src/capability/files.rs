//! `files`: the workspace as a WASI folder `/workspace`, for reading or for reading and writing. The names a guest
//! gives are resolved beneath that folder and never lead out of it; without the grant there is no folder at all.

use std::path::Path;

use wasmtime::component::Linker;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::capability::Capability;
use crate::grant::Access;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "files",
    summary: (
        "Use the files of the workspace: read them, and with write access create, change and delete them.",
        "Работать с файлами рабочей папки: читать, а с правом записи создавать, менять и удалять.",
    ),
    interfaces: &["wasi:filesystem/preopens", "wasi:filesystem/types"],
    levels: true,
    owner: Access::Write,
    group: Access::Read,
    external: Access::None,
    link,
};

/// What the guest calls the folder.
pub(crate) const FOLDER: &str = "/workspace";

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    filesystem::types::add_to_linker::<CallState, WasiFilesystem>(linker, CallState::filesystem)?;
    filesystem::preopens::add_to_linker::<CallState, WasiFilesystem>(linker, CallState::filesystem)
}

/// Opens the workspace for one call with the access it was granted.
pub(crate) fn open(wasi: &mut WasiCtxBuilder, workspace: &Path, access: Access) -> wasmtime::Result<()> {
    let permissions = match access {
        Access::None => return Ok(()),
        Access::Read => FsPerms::ReadOnly,
        Access::Write => FsPerms::ReadWrite,
    };
    wasi.preopened_dir(workspace, FOLDER, permissions)?;
    Ok(())
}
