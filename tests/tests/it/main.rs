//! The tests of the whole: first the stand-ins by themselves, then the real program against them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aimock;
mod answering;
mod approval;
mod bad_input;
mod conversation;
mod crash;
mod emulator;
mod hostile;
mod newcomer;
mod outsider;
mod reminders;
mod scripted;
mod stage;
mod web;
