//! The files plugin: reading and changing files of the workspace.
//!
//! Paths are those of the workspace. That nothing outside can be reached is the host's doing, which opens no other
//! folder; here a path that leads out only gets a better explanation.

pub mod edit;
pub mod find;
pub mod glob;
pub mod kind;
pub mod list;
pub mod passage;
pub mod read;
pub mod search;
pub mod walk;
pub mod workspace;
pub mod write;

use steward_sdk::{Failure, Output};

use crate::workspace::Workspace;

steward_sdk::plugin! {
    /// Reads a text file; paths are within the workspace. Long files come in parts: the answer says at which line to go
    /// on.
    read: read, requires ["files"] => read_file;

    /// Writes a whole text file, replacing what it held. Long files in parts: the first replaces, the others `append`.
    write: write, requires ["files:write"] => write_file;

    /// Replaces a passage of a text file. `old` must match exactly, white space included, and once unless `all` is set:
    /// read the file first.
    edit: write, requires ["files:write"] => edit_file;

    /// Lists a folder with sizes.
    list: read, requires ["files"] => list_folder;

    /// Finds files by name: `*.pdf`, `reports/**/2026-*.md`.
    find: read, requires ["files"] => find_files;

    /// Searches the text of files; shows matching lines. A lower-case query matches any case.
    search: read, requires ["files"] => search_files;
}

fn read_file(arguments: read::Read) -> Result<Output, Failure> {
    read::read(&Workspace::opened(), arguments)
}

fn write_file(arguments: write::Write) -> Result<Output, Failure> {
    write::write(&Workspace::opened(), arguments)
}

fn edit_file(arguments: edit::Edit) -> Result<Output, Failure> {
    edit::edit(&Workspace::opened(), arguments)
}

fn list_folder(arguments: list::List) -> Result<Output, Failure> {
    list::list(&Workspace::opened(), arguments)
}

fn find_files(arguments: find::Find) -> Result<Output, Failure> {
    find::find(&Workspace::opened(), arguments)
}

fn search_files(arguments: search::Search) -> Result<Output, Failure> {
    search::search(&Workspace::opened(), arguments)
}
