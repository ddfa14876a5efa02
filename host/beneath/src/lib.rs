//! The one way to a file of a workspace or of a person's folder. Plugins and the programs they run write there, so any
//! name may be a link, a pipe or a folder, and may become one at any moment. A [`Folder`] is opened once; everything
//! below it is reached part by part from what is open already, and a link that leads out of it is never followed,
//! whoever made it and whenever. Files are plain files: pipes, devices and sockets are refused and never waited for.
//! Blocking. Nothing here decides who may read what.
//!
//! A second name of the same file (a hard link) cannot be told from the first. Guests can make one only between the
//! folders they were given, so it leads nowhere they could not go; [`Folder::replace`] and [`Folder::rename`] give the
//! name a new file and leave the other name as it was.

mod error;
mod folder;
mod rights;
mod walk;
mod writing;

pub use error::{BeneathError, Result};
pub use folder::{Entry, Folder, Kind, Metadata, Opened, Place};

#[cfg(test)]
mod tests;
