//! ARCHITECTURE.md's map names exactly the crates there are.

use crate::crates::{self, Member, fits};
use crate::finding::{Finding, Report};
use crate::sources::Sources;

const PAGE: &str = "ARCHITECTURE.md";
const HEADING: &str = "## The map";

/// # Errors
/// A Cargo.toml cannot be read.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let members = crates::members(sources)?;
    let text = sources.get(PAGE).map_or("", |page| &page.text);
    let rows = rows(text);
    let mut findings: Vec<Finding> = rows.iter().filter_map(|row| superfluous(sources, &members, row)).collect();
    let heading = text.lines().position(|line| line == HEADING).map_or(1, |at| at + 1);
    for member in members.iter().filter(|member| !rows.iter().any(|row| fits(&row.pattern, &member.folder))) {
        let text = format!("the map has no row for the crate {} in {}: add one.", member.name, member.folder);
        findings.push(Finding::new(PAGE, heading, text));
    }
    Ok(Report { findings, ..Report::default() })
}

/// A place that a row of the map names.
struct Row {
    pattern: String,
    line: usize,
}

/// The places in the first column of the map: each in backticks, what is in parentheses left out.
fn rows(page: &str) -> Vec<Row> {
    let lines = page.lines().enumerate().skip_while(|(_, line)| *line != HEADING).skip(1);
    let section = lines.take_while(|(_, line)| !line.starts_with("## "));
    let cells =
        section.filter(|(_, line)| line.starts_with('|')).filter_map(|(at, line)| Some((at, line.split('|').nth(1)?)));
    cells
        .flat_map(|(at, cell)| {
            let plain = cell.split('(').next().unwrap_or_default();
            let names = plain.split('`').skip(1).step_by(2).flat_map(alternatives);
            names.map(|name| Row { pattern: name.trim_end_matches('/').to_owned(), line: at + 1 }).collect::<Vec<_>>()
        })
        .collect()
}

/// `a/{b,c}` is `a/b` and `a/c`.
fn alternatives(name: &str) -> Vec<String> {
    match name.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
        Some((start, (names, end))) => names.split(',').map(|one| format!("{start}{}{end}", one.trim())).collect(),
        None => vec![name.to_owned()],
    }
}

fn superfluous(sources: &Sources, members: &[Member], row: &Row) -> Option<Finding> {
    let is_there = members.iter().any(|member| fits(&row.pattern, &member.folder)) || sources.has_folder(&row.pattern);
    let text = format!("the map names `{}`, which is not there: remove it.", row.pattern);
    (!is_there).then(|| Finding::new(PAGE, row.line, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    fn told(map: &str) -> Vec<String> {
        let page =
            format!("# How\n\n## The map\n\n| crate | what |\n| --- | --- |\n{map}\n## The way\n\n| `x` | y |\n");
        let sources = made(&[
            ("ARCHITECTURE.md", &page),
            ("Cargo.toml", "[workspace]\nmembers = [\"host\", \"host/a\", \"plugins/*\"]\n"),
            ("host/Cargo.toml", "[package]\nname = \"steward\"\n"),
            ("host/a/Cargo.toml", "[package]\nname = \"steward-a\"\n"),
            ("plugins/web/Cargo.toml", "[package]\nname = \"plugin-web\"\n"),
            ("sdk/c/README.md", "C."),
        ]);
        check(&sources).unwrap().findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_row_for_each_crate_and_folder_is_right() {
        assert_eq!(
            told("| `host` (`steward`) | a |\n| `host/a` | b |\n| `plugins/*` | c |\n| `sdk/{c}` | d |\n"),
            [""; 0]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_told() {
        let told = told("| `host` | a |\n| `host/b` | b |\n| `plugins/*` | c |\n| `sdk/{c,d}` | d |\n");
        assert_eq!(
            told,
            [
                "ARCHITECTURE.md:8: the map names `host/b`, which is not there: remove it.",
                "ARCHITECTURE.md:10: the map names `sdk/d`, which is not there: remove it.",
                "ARCHITECTURE.md:3: the map has no row for the crate steward-a in host/a: add one.",
            ]
        );
    }
}
