//! The tables of `docs/reference` that follow from the running code: capabilities and tools. A test compares them, and
//! writes them with `STEWARD_WRITE_DOCS=1` (`cargo xtask docs`).

use std::path::{Path, PathBuf};

use steward_agent::Language;

use crate::capability::{Brings, CAPABILITIES};
use crate::grant::Access;
use crate::manifest::Manifest;
use crate::specs::Known;

/// The lines of a page from the first row of its table on, up to the next empty line, are replaced.
const ROW: &str = "| --- |";

fn page(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name)
}

/// Compares a page with what it should be, or writes it.
fn check(name: &str, wanted: impl FnOnce(&str) -> String) {
    let path = page(name);
    let there = std::fs::read_to_string(&path).unwrap();
    let wanted = wanted(&there);
    match std::env::var_os("STEWARD_WRITE_DOCS") {
        Some(_) => std::fs::write(&path, wanted).unwrap(),
        None => assert!(there == wanted, "docs/reference/{name} is not what the code says: run `cargo xtask docs`"),
    }
}

/// A text in one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn tools_of(plugin: &steward_builtin::BuiltinPlugin) -> String {
    let manifest = Manifest::parse(plugin.manifest).unwrap();
    let mut text =
        format!("## {}\n\n{}\n\n| tool | effect | requires | description |\n", plugin.name, manifest.description);
    text.push_str("| --- | --- | --- | --- |\n");
    for tool in Known::parse(plugin.tools.unwrap()).unwrap().tools {
        let tool = serde_json::to_value(&tool).unwrap();
        let requires = tool["requires"].as_array().into_iter().flatten();
        let requires: Vec<_> = requires.map(|one| format!("`{}`", one.as_str().unwrap())).collect();
        let (name, effect) = (tool["name"].as_str().unwrap(), tool["effect"].as_str().unwrap());
        let description = cell(tool["description"].as_str().unwrap());
        text.push_str(&format!("| `{name}` | {effect} | {} | {description} |\n", requires.join(", ")));
    }
    text
}

#[test]
fn tools_are_those_of_the_built_in_plugins() {
    check("tools.md", |page| {
        let head = page.split("\n## ").next().unwrap();
        let plugins: Vec<_> = steward_builtin::PLUGINS.iter().map(tools_of).collect();
        format!("{}\n\n{}", head.trim_end(), plugins.join("\n"))
    });
}

#[test]
fn capabilities_are_those_that_can_be_granted() {
    check("capabilities.md", |page| {
        let (head, table) = page.split_once(ROW).unwrap();
        let (first, rest) = table.split_once('\n').unwrap();
        let after = rest.find("\n\n").map_or("", |end| &rest[end..]);
        let rows = CAPABILITIES.iter().map(|one| {
            let [owner, group, external] = [one.owner, one.group, one.external].map(|access| match access {
                Access::None => "no",
                Access::Read if one.levels => "read",
                Access::Read | Access::Write => "yes",
            });
            let brings = match one.brings {
                Brings::Nothing => "no",
                Brings::Marked => "what is marked",
                Brings::Foreign => "yes",
            };
            let summary = cell(one.summary(Language::En));
            format!("| `{}` | {summary} | {owner} | {group} | {external} | {brings} |", one.name)
        });
        format!("{head}{ROW}{first}\n{}{after}", rows.collect::<Vec<_>>().join("\n"))
    });
}
