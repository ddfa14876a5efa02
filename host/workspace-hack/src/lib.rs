//! Holds nothing: its manifest gives third-party crates the same features in every build, so that each is compiled once.

#![warn(missing_docs)]
