//! The build script of guests that need little stack. With the usual megabyte most of a guest's memory is stack that it
//! never touches, and after a call all of it goes back to the system; a guest that is small altogether is put back as it
//! was by the sandbox itself, which makes a call twice as fast. Where it is not enough, the guest ends with a trap.

fn main() {
    println!("cargo::rerun-if-changed=Cargo.toml");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=131072");
    }
}
