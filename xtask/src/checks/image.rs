//! The image is built from all crates: cargo needs the folder of each member, also of those the image does not hold.

use std::collections::BTreeSet;

use crate::crates;
use crate::finding::{Finding, Report};
use crate::sources::{IMAGE, Sources};

/// # Errors
/// A Cargo.toml cannot be read.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let Some(file) = sources.get(IMAGE) else { return Ok(Report::default()) };
    let members = crates::members(sources)?;
    let folders: BTreeSet<&str> = members.iter().filter_map(|member| member.folder.split('/').next()).collect();
    let is_let_in = |folder: &str| file.text.lines().any(|line| line.strip_prefix('!') == Some(folder));
    let missing = folders.into_iter().filter(|folder| !is_let_in(folder));
    let findings = missing.map(|folder| {
        let text = format!("crates are in `{folder}`, which the image is built without: add `!{folder}`.");
        Finding::new(IMAGE, 1, text)
    });
    Ok(Report { findings: findings.collect(), ..Report::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    #[test]
    fn a_folder_with_crates_that_the_image_lacks_is_told() {
        let sources = made(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"host\", \"fuzz\"]\n"),
            ("host/Cargo.toml", "[package]\nname = \"steward\"\n"),
            ("fuzz/Cargo.toml", "[package]\nname = \"steward-fuzz\"\n"),
            (IMAGE, "*\n!host\n**/fuzz\n"),
        ]);
        let told: Vec<_> = check(&sources).unwrap().findings.iter().map(ToString::to_string).collect();
        assert_eq!(told, [".dockerignore:1: crates are in `fuzz`, which the image is built without: add `!fuzz`."]);
    }
}
