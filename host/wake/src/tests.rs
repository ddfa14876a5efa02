//! The executor with its sources, over a real store and a real workspace. Only the clock is a stand-in, and where it says so
//! what tells of files.

mod clock;
mod files;
mod firing;
pub(crate) mod rig;
mod subjects;
mod watching;
