//! The toolchains and their versions: the one place that names them.

use super::{Kind, Toolchain};

/// What Rust plugins are compiled for.
pub const RUST_TARGET: &str = "wasm32-wasip2";

/// How Rust is got where it is missing.
pub(super) const GET_RUST: &str = "install Rust from https://rustup.rs";

pub static RUST_WASM: Toolchain =
    Toolchain { what: "the target wasm32-wasip2 of the Rust compiler", kind: Kind::RustTarget(RUST_TARGET) };
