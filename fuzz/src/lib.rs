//! Fuzzing: each parser of foreign input is a target, fed with what mutation makes of its seeds.
//!
//! A target fails by panicking, by taking too long or by breaking what it asserts. The seeds, and some mutations of
//! each, run as ordinary tests; `make fuzz` continues for as long as it is told. Mutation is blind and repeatable: it
//! needs no instrumentation, so it builds with the compiler that Steward is built with. Read `targets` first.
//!
//! There is a target for each parser of foreign input: dates, HTML, character sets, pages, documents (as files, and as
//! the parts of an archive), answers of both kinds of model servers, Telegram's updates, Markdown to messages, questions
//! to the index, passages; of plugins the manifest with the question an owner is asked, manifests packed into files, the
//! schemas of typed functions and their arguments; of repositories their settings. Seeds and two hundred mutations of each run as tests on
//! every platform; what coverage would find sooner, this finds with time. An input is on disk before its target gets
//! it, one that fails is minimised, and one that takes 20 seconds fails. Code that is private to a crate is reached
//! through its hidden module `fuzzing`.

#![warn(missing_docs)]

mod campaign;
mod mutation;
mod seeds;
mod targets;
mod zip;

pub use campaign::{Outcome, campaign};
pub use mutation::Mutation;
pub use seeds::{folder, seeds};
pub use targets::{Check, TARGETS, Target};
