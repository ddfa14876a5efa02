//! `cargo xtask tidy` checks what ARCHITECTURE.md and CONTRIBUTING.md say about the repository; `cargo xtask docs` writes
//! the pages of docs/reference that follow from the code.
//!
//! It reads files and starts cargo. It builds nothing of Steward itself, and only `docs` and `tighten` write. Read
//! `checks.rs` first: it lists what is checked, one file each.

mod allowed;
mod checks;
mod circles;
mod crates;
mod documents;
mod finding;
mod marks;
mod settings;
mod sources;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use allowed::Allowed;
use sources::Sources;

const USAGE: &str = "Use `cargo xtask tidy` to check the repository, `cargo xtask tighten` to lower the numbers in \
                     xtask/allowed.toml to what there is, `cargo xtask circles` and `cargo xtask words` to list them, or \
                     `cargo xtask docs` to write the generated pages of docs.";

fn main() -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => tidy(root),
        ["tighten"] => tighten(root),
        ["circles"] => circles::print(&Sources::read(root)?),
        ["words"] => Ok(checks::words::print(&Sources::read(root)?)),
        ["docs"] => documents::write(root),
        _ => bail!("{USAGE}"),
    }
}

/// Prints what is wrong; fails if anything is.
fn tidy(root: &Path) -> anyhow::Result<ExitCode> {
    let sources = Sources::read(root)?;
    let report = checks::run(&sources)?;
    let mut findings = report.findings;
    findings.extend(Allowed::read(root)?.compare(&report.counted));
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(ExitCode::SUCCESS),
        count => {
            eprintln!("cargo xtask tidy: {count} to put right.");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Lowers the numbers in the list of what is still allowed; it never raises one.
fn tighten(root: &Path) -> anyhow::Result<ExitCode> {
    let report = checks::run(&Sources::read(root)?)?;
    let mut allowed = Allowed::read(root)?;
    allowed.tighten(&report.counted);
    allowed.write(root)?;
    Ok(ExitCode::SUCCESS)
}
