//! Compiles the guest of the benches to a component, so that they can embed it.

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=../tests/guests/small");
    match steward_guest_build::compile(&["guest-small".to_owned()]) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the guest of the benches could not be compiled: {error}");
            ExitCode::FAILURE
        }
    }
}
