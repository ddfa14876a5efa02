//! Which files of a crate need each other, and the circles among them.
//!
//! A file needs another if it names something that is defined there, by `use` or by a path; re-exports are followed to
//! the definition. `mod` and re-exporting alone need nothing, and tests are left out. Methods have no path, so that a
//! method in another file's `impl` is called is not seen. `modules` reads a crate, `references` what a file names,
//! `resolve` where that is, `components` finds the circles.

mod components;
mod modules;
mod references;
mod resolve;

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use crate::crates::{self, Member};
use crate::finding::{Counted, Finding, Report};
use crate::sources::Sources;
use modules::Tree;

/// A circle of more files is hard to understand even within one folder.
const MOST_FILES: usize = 8;
const FILES: &str = "files_in_circles";
const LARGEST: &str = "largest_circle";

/// Which file needs which, with the line that says so first.
pub(crate) type Needs = BTreeMap<String, BTreeMap<String, usize>>;

/// Files that all need each other, directly or not.
pub(crate) struct Circle {
    pub(crate) files: BTreeSet<String>,
}

impl Circle {
    /// Whether all are in one folder, the file that heads the folder included.
    fn is_in_one_folder(&self) -> bool {
        let folders = |path: &String| {
            let own = path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
            [own, path.trim_end_matches(".rs").to_owned()]
        };
        let mut files = self.files.iter().map(folders);
        let Some(first) = files.next() else { return true };
        let others: Vec<_> = files.collect();
        first.iter().any(|folder| others.iter().all(|other| other.contains(folder)))
    }

    fn is_allowed(&self) -> bool {
        self.files.len() <= MOST_FILES && self.is_in_one_folder()
    }
}

/// What the files of one crate need of each other.
///
/// # Errors
/// A file of the crate is missing.
fn needs(sources: &Sources, root: &str) -> anyhow::Result<Needs> {
    let tree = Tree::read(sources, root)?;
    let mut needs = Needs::new();
    for (at, module) in tree.modules().enumerate() {
        for reference in &module.references {
            let Some(file) = resolve::file(&tree, at, &reference.path) else { continue };
            if file != module.file {
                let lines = needs.entry(module.file.clone()).or_default();
                let line = lines.entry(file.to_owned()).or_insert(reference.line);
                *line = reference.line.min(*line);
            }
        }
    }
    Ok(needs)
}

/// # Errors
/// A file of a crate is missing.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for member in crates::members(sources)? {
        for root in member.roots(sources) {
            let needs = needs(sources, root)?;
            let circles: Vec<_> = components::circles(&needs).into_iter().filter(|one| !one.is_allowed()).collect();
            report.counted.extend(counted(&member, &needs, &circles));
        }
    }
    Ok(report)
}

fn counted(member: &Member, needs: &Needs, circles: &[Circle]) -> Vec<Counted> {
    let Some(largest) = circles.iter().max_by_key(|one| one.files.len()) else { return Vec::new() };
    let files = circles.iter().map(|one| one.files.len()).sum();
    let way = components::shortest_way_round(needs, largest);
    let shown: Vec<_> = way.iter().map(|(file, _)| file.as_str()).collect();
    let (path, line) = way.first().cloned().unwrap_or_default();
    let text = format!(
        "{} files of {} need each other in circles of different folders or of over {MOST_FILES} files, the largest of \
         {}; one way round: {}. Move what both sides need to a file that needs neither; `cargo xtask circles` lists \
         them.",
        files,
        member.name,
        largest.files.len(),
        shown.join(" → "),
    );
    let finding = Finding::new(path, line, text);
    [(FILES, files), (LARGEST, largest.files.len())]
        .map(|(section, count)| Counted { section, key: member.folder.clone(), count, finding: finding.clone() })
        .into()
}

/// Lists all circles, the allowed ones as well, for whoever breaks them up.
///
/// # Errors
/// A file of a crate is missing.
pub(crate) fn print(sources: &Sources) -> anyhow::Result<ExitCode> {
    for member in crates::members(sources)? {
        for root in member.roots(sources) {
            let needs = needs(sources, root)?;
            for circle in components::circles(&needs) {
                let verdict = if circle.is_allowed() { "allowed" } else { "too large or of different folders" };
                println!("{root}: a circle of {} files, {verdict}", circle.files.len());
                for file in &circle.files {
                    let within = needs[file].iter().filter(|(to, _)| circle.files.contains(*to));
                    let to: Vec<_> = within.map(|(to, line)| format!("{to} (line {line})")).collect();
                    println!("  {file} needs {}", to.join(", "));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests;
