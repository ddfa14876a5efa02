//! The tests of the whole: first the stand-ins by themselves, then the real program against them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod aimock;
mod emulator;
mod scripted;
