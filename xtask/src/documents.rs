//! The pages of docs that follow from the code. `cargo xtask docs` writes them, `cargo xtask tidy` and the tests that
//! know the code compare them.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use crate::finding::{Finding, Report};
use crate::settings;
use crate::sources::Sources;

const SETTINGS: &str = "docs/reference/settings.md";

/// Tests that write what only the running code knows: package and tests.
const WRITERS: &[(&str, &str)] = &[("steward-sandbox", "reference::")];
const VARIABLE: &str = "STEWARD_WRITE_DOCS";

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let Some(page) = sources.get(SETTINGS) else { return Ok(Report::default()) };
    let (wanted, mut findings) = settings::page(sources, &page.text);
    if wanted != page.text {
        let same = wanted.lines().zip(page.text.lines()).take_while(|(one, other)| one == other).count();
        let text = "this is not what the settings' own docs in host/src/config say: run `cargo xtask docs`.";
        findings.push(Finding::new(SETTINGS, same + 1, text));
    }
    Ok(Report { findings, ..Report::default() })
}

/// Writes all of them.
///
/// # Errors
/// A setting has no docs, a file cannot be written, or a test that writes one cannot be built.
pub(crate) fn write(root: &Path) -> anyhow::Result<ExitCode> {
    let sources = Sources::read(root)?;
    let page = sources.get(SETTINGS).with_context(|| format!("{SETTINGS} is missing"))?;
    let (wanted, problems) = settings::page(&sources, &page.text);
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{SETTINGS} was not written: document the settings above");
    }
    fs::write(root.join(SETTINGS), wanted).with_context(|| format!("cannot write {SETTINGS}"))?;
    for (package, tests) in WRITERS {
        #[expect(clippy::disallowed_methods, reason = "cargo itself, as the person at the terminal would run it")]
        let mut command = Command::new("cargo");
        command.args(["nextest", "run", "--locked", "--package", package, tests]).env(VARIABLE, "1");
        let status = command.current_dir(root).status().context("cannot run cargo")?;
        if !status.success() {
            bail!("`cargo nextest run --package {package} {tests}` failed, so its pages were not written");
        }
    }
    Ok(ExitCode::SUCCESS)
}
