//! docs/reference/settings.md, from the doc comments of the settings themselves.
//!
//! The settings are the fields of `File` in host/src/config/file.rs and of the structs they lead to, and the variables are the
//! constants of host/src/config/environment.rs. A doc comment says the meaning; lines such as "Environment: `TZ`",
//! "Default: `data`" and "Values: 1 to 50" say what the type and `Default` do not; a heading ("# Telegram") names the
//! section of the page.

mod comment;
mod defaults;
mod types;
mod walk;

use crate::finding::Finding;
use crate::sources::Sources;

/// One setting.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    key: String,
    variable: String,
    values: String,
    default: String,
    meaning: String,
}

/// Settings under one heading.
#[derive(Debug, Default, PartialEq, Eq)]
struct Section {
    title: String,
    text: Vec<String>,
    rows: Vec<Row>,
}

/// The page, with the text before its first section as it is, and what cannot be said because a setting does not say it.
pub(crate) fn page(sources: &Sources, current: &str) -> (String, Vec<Finding>) {
    let (sections, problems) = walk::sections(sources);
    let head = current.split("\n## ").next().unwrap_or_default().trim_end();
    let sections: Vec<String> = sections.iter().map(Section::text).collect();
    (format!("{head}\n\n{}", sections.join("\n")), problems)
}

impl Section {
    fn text(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        for paragraph in &self.text {
            text.push_str(&format!("{paragraph}\n\n"));
        }
        text.push_str(
            "| `steward.toml` | environment | values | default | meaning |\n| --- | --- | --- | --- | --- |\n",
        );
        for row in &self.rows {
            let cells =
                [code(&row.key), row.variable.clone(), row.values.clone(), row.default.clone(), row.meaning.clone()];
            text.push_str(&format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
        }
        text
    }
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests;
