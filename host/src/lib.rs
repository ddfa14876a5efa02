//! The host: what ties channels, models, the sandbox and the store together. `app` is the one file that knows all of
//! them; read it first, then `router`, `session` and `run` for the way of a message.

#![warn(missing_docs)]

pub mod app;
pub mod cli;
pub mod config;

mod access;
mod approval;
mod channels;
mod commands;
mod cost;
mod delivery;
mod digest;
mod distilling;
mod doctor;
mod documents;
mod finding;
mod folders;
mod footprint;
mod inbox;
mod installed;
mod lanes;
mod listener;
mod memory;
mod models;
mod notes;
mod questions;
mod recall;
mod redaction;
mod reply;
mod rights;
mod router;
mod run;
mod seats;
mod sent;
mod session;
mod space;
mod spending;
mod stream;
mod texts;
mod transcripts;
mod upkeep;
mod uploads;
mod waking;
