//! Compiles the guests of the tests to components, so that the tests can embed them.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=guests");
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the guests of the tests could not be compiled: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compile() -> Result<(), Box<dyn Error>> {
    let guests = ["guest-hostile", "guest-intruder", "guest-keeper", "guest-ledger", "guest-words"];
    steward_guest_build::compile(&guests.map(str::to_owned))?;
    // Written against a contract of the past and built as they were then.
    let frozen = Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen/contract-0.1.0");
    steward_guest_build::compile_workspace(&frozen, &["frozen-everything", "frozen-modest"].map(str::to_owned))?;
    Ok(())
}
