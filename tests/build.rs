//! Compiles the guests of the tests to components, so that the tests can embed them.

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=guests");
    match steward_guest_build::compile(
        &["guest-hostile", "guest-intruder", "guest-keeper", "guest-ledger", "guest-words"].map(str::to_owned),
    ) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the guests of the tests could not be compiled: {error}");
            ExitCode::FAILURE
        }
    }
}
