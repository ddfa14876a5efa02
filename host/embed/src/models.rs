//! The models that can be installed, and their installation: every file is checked against a sum that stands in this
//! program, and a model is there as a whole or not at all. Nothing here runs a model.

mod catalogue;
mod download;
mod hub;
mod pull;
pub(crate) mod record;
mod verify;

pub use catalogue::{DEFAULT, KNOWN, Model, ModelFile, find};
pub use hub::Hub;
pub use pull::{Progress, pull};
pub use record::Pooling;
pub use verify::verify;
