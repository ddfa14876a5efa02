//! Fuzzing: each parser of foreign input is a target, fed with what mutation makes of its seeds.
//!
//! A target fails by panicking, by taking too long or by breaking what it asserts. The seeds, and some mutations of
//! each, run as ordinary tests; `make fuzz` goes on for as long as it is told. Mutation is blind and repeatable: it
//! needs no instrumentation, so it builds with the compiler that Steward is built with. Read `targets` first.

mod campaign;
mod mutation;
mod seeds;
mod targets;
mod zip;

pub use campaign::{Outcome, campaign};
pub use mutation::Mutation;
pub use seeds::{folder, seeds};
pub use targets::{Check, TARGETS, Target};
