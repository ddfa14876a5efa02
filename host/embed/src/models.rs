//! The models that can be installed, and their installation.

pub(crate) mod record;

pub use record::Pooling;
