//! The host: what ties channels, models, the sandbox and the store together. `app` is the one file that knows all of
//! them; read it first, then `router`, `session` and `run` for the way of a message.

pub mod app;
pub mod cli;
pub mod config;

mod access;
mod approval;
mod channels;
mod commands;
mod cost;
mod delivery;
mod doctor;
mod documents;
mod events;
mod footprint;
mod heartbeat;
mod inbox;
mod installed;
mod models;
mod questions;
mod redaction;
mod reply;
mod router;
mod run;
mod scheduler;
mod session;
mod stream;
mod texts;
mod uploads;
