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
    /// Reads a text file of the workspace. Long files come in parts: the answer says at which line to go on. Example:
    /// `{"path": "notes/plan.md"}`, and for the next part `{"path": "notes/plan.md", "offset": 2001}`.
    read: read, requires ["files"] => read_file;

    /// Writes a whole text file in the workspace, replacing what it held; missing folders are made. A long file is
    /// written in parts: the first replaces, each further one has `append` set. To change a part of a file use edit.
    write: write, requires ["files:write"] => write_file;

    /// Replaces a passage of a text file in the workspace. `old` must be in the file exactly as given, white space
    /// included, and exactly once unless `all` is set: read the file first and give enough of the surroundings.
    edit: write, requires ["files:write"] => edit_file;

    /// Lists a folder of the workspace with sizes. Without a path it lists the workspace itself.
    list: read, requires ["files"] => list_folder;

    /// Finds files by name. Example: `{"pattern": "*.pdf"}` finds PDF files in all folders,
    /// `{"pattern": "reports/**/2026-*.md"}` only those below reports. To look into files use search.
    find: read, requires ["files"] => find_files;

    /// Searches the text of files and shows the lines that match with their path and number. A query without capital
    /// letters matches in any case. Set `regex` to use a regular expression. Example:
    /// `{"query": "invoice", "glob": "*.md"}`.
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
