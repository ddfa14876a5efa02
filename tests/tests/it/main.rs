//! The tests of the whole: first the stand-ins by themselves, then the real program against them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aimock;
mod answering;
mod approval;
mod audit;
mod authoring;
mod bad_input;
mod cage;
mod chain;
mod clock;
mod code;
mod code_hostile;
mod compromised;
mod conversation;
mod crash;
mod doing;
mod emulator;
mod foreign;
mod frozen;
mod git;
mod heartbeat;
mod hostile;
mod hostile_files;
mod hostile_reach;
mod install;
mod keeper;
mod long;
mod newcomer;
mod outsider;
mod process;
mod reminders;
mod replay;
mod scripted;
mod secrets;
mod stage;
mod web;
