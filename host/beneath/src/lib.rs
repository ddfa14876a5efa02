//! The one way to a file of a workspace or of a person's folder. Plugins and the programs they run write there, so any
//! name may be a link, a pipe or a folder, and may become one at any moment. A [`Folder`] is opened once; everything
//! below it is reached part by part from what is open already, and a link that leads out of it is never followed,
//! whoever made it and whenever. Files are plain files: pipes, devices and sockets are refused and never waited for.
//! Blocking. Nothing here decides who may read what.
//!
//! A second name of the same file (a hard link) cannot be told from the first. Guests can make one only between the
//! folders they were given, so it leads nowhere they could not go; [`Folder::replace`] and [`Folder::rename`] give the
//! name a new file and leave the other name as it was.
//!
//! This is how the host itself reads and writes in a workspace and in `data/people`: MEMORY.md in prompts,
//! HEARTBEAT.md, logs, transcripts, what people send and tools make, watched files, what is indexed, exported, copied
//! and forgotten. Each part of a path is opened from the one before with `O_NOFOLLOW`, and `..` goes back to a folder
//! that is open. So it does not matter when a name becomes a link.
//!
//! - A relative link that stays beneath the folder is followed, for reading and for writing; an absolute one or one
//!   that leads out never is. Below `data/people`, in folders granted to plugins, in watched and indexed files, and
//!   where files are deleted, no link is followed at all. What was resolved when it was named (a folder that is
//!   searched) is opened only while no part of its path is a link.
//! - A program that `process` runs without a namespace can make a hard link to a file outside anyway.
//! - A whole file is written next to the old one, synced and renamed in the same open folder. What is made is for the
//!   owner alone (0700, 0600); what is replaced keeps its rights.
//!
//! `tests/one_way.rs` lists each file of the host that uses the system's files itself, with its reason; any other fails
//! the test. Every command that keeps data masks the rights of group and others (`sandbox/src/private.rs`) and prepares
//! the data folder (`host/src/folders.rs`), which also closes what others could open; the host logs that. Programs that
//! tools run get the mask that Steward was started with. Projects of `steward plugin new` and the like are made with it
//! too.

#![warn(missing_docs)]

mod error;
mod folder;
mod metadata;
mod remote;
mod rights;
mod walk;
mod writing;

pub use error::{BeneathError, Result};
pub use folder::{Entry, Folder, Opened, Place};
pub use metadata::{Kind, Metadata};

#[cfg(test)]
mod tests;
