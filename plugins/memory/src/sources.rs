//! What is searched: adding and taking out files, folders and repositories, and how it all stands.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::memory::{self, Levels, Source, State};
use steward_sdk::serde_json::{Value, json};
use steward_sdk::{Failure, NoArguments, Output};

use crate::context::beginning;
use crate::search::one_line;

/// Sources and problems that are shown, and characters of one.
const SHOWN: usize = 40;
const PROBLEMS: usize = 10;
const LINE: usize = 300;

/// What is to be searched too.
#[derive(Deserialize, JsonSchema)]
pub struct Index {
    path: Option<String>,
    remove: Option<bool>,
}

pub fn index(arguments: Index) -> Result<Output, Failure> {
    let path = arguments.path.as_deref().map(str::trim).filter(|path| !path.is_empty());
    match (path, arguments.remove.unwrap_or(false)) {
        (None, true) => {
            Err(Failure::invalid("`path` is missing: say which to take out; memory_index without arguments lists them"))
        }
        (None, false) => Ok(standing(&memory::status()?)),
        (Some(path), true) => {
            memory::unindex(path)?;
            Ok(format!("{} is no longer searched; the files themselves stay.", shown(path)).into())
        }
        (Some(path), false) => Ok(added(&memory::index(path)?)),
    }
}

pub fn reindex(_: NoArguments) -> Result<Output, Failure> {
    let state = memory::reindex()?;
    let Output { text, structured, .. } = standing(&state);
    Ok(Output { text: format!("Every file was read again.\n{text}"), structured, attachments: Vec::new() })
}

fn added(source: &Source) -> Output {
    Output::text(format!("Searched from now on: {}", line(source))).structured(row(source))
}

/// How what is searched stands.
fn standing(state: &State) -> Output {
    let State { files, passages, embedded, waiting, .. } = state;
    let Levels { short, medium, long } = state.levels;
    let mut lines = vec![format!("{files} files are searched, {passages} passages.")];
    lines.push(match &state.model {
        Some(model) => {
            let model = shown(model);
            format!("By words and by meaning: {embedded} passages have a vector of {model}, {waiting} wait for one.")
        }
        None => "By words alone: there is no embedding model.".to_owned(),
    });
    lines.push(format!("Of conversations: {short} passages short, {medium} medium, {long} long."));
    lines.extend(problems(&state.problems, ""));
    if !state.sources.is_empty() {
        lines.push("Beside the files of memory:".to_owned());
        lines.extend(state.sources.iter().take(SHOWN).map(|source| format!("- {}", line(source))));
        let more = state.sources.len().saturating_sub(SHOWN);
        lines.extend((more > 0).then(|| format!("- and {more} more")));
    }
    Output::text(lines.join("\n")).structured(json!({
        "files": files,
        "passages": passages,
        "embedded": embedded,
        "waiting": waiting,
        "model": state.model,
        "levels": { "short": short, "medium": medium, "long": long },
        "sources": state.sources.iter().take(SHOWN).map(row).collect::<Vec<_>>(),
        "problems": state.problems.iter().take(PROBLEMS).collect::<Vec<_>>(),
    }))
}

fn line(source: &Source) -> String {
    let mut lines = vec![format!("{}: {} files, {} passages", shown(&source.path), source.files, source.passages)];
    lines.extend(problems(&source.problems, "  "));
    lines.join("\n")
}

fn problems(problems: &[String], indent: &str) -> Vec<String> {
    let told = |problem: &String| format!("{indent}not taken in: {}", shown(problem));
    problems.iter().take(PROBLEMS).map(told).collect()
}

fn row(source: &Source) -> Value {
    json!({
        "path": source.path,
        "files": source.files,
        "passages": source.passages,
        "problems": source.problems.iter().take(PROBLEMS).collect::<Vec<_>>(),
    })
}

fn shown(text: &str) -> String {
    beginning(&one_line(text), LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, problems: &[&str]) -> Source {
        let problems = problems.iter().map(|&problem| problem.to_owned()).collect();
        Source { path: path.to_owned(), files: 3, passages: 40, problems }
    }

    #[test]
    fn it_is_told_how_everything_stands() {
        let state = State {
            files: 12,
            passages: 340,
            embedded: 300,
            waiting: 40,
            model: Some("bge-m3".to_owned()),
            levels: Levels { short: 9, medium: 4, long: 1 },
            sources: vec![source("projects/site", &["logo.png: no text"])],
            problems: vec!["memory/x.md: too long".to_owned()],
        };
        let output = standing(&state);
        assert_eq!(
            output.text,
            "12 files are searched, 340 passages.\n\
             By words and by meaning: 300 passages have a vector of bge-m3, 40 wait for one.\n\
             Of conversations: 9 passages short, 4 medium, 1 long.\n\
             not taken in: memory/x.md: too long\n\
             Beside the files of memory:\n\
             - projects/site: 3 files, 40 passages\n  not taken in: logo.png: no text"
        );
        assert_eq!(output.structured.unwrap()["sources"][0]["path"], "projects/site");
        assert!(standing(&State { model: None, ..state }).text.contains("By words alone"));
    }

    #[test]
    fn what_was_added_is_told_with_what_was_not_taken_in() {
        let output = added(&source("notes\nof mine", &["a.bin: no text"]));
        assert_eq!(
            output.text,
            "Searched from now on: notes of mine: 3 files, 40 passages\n  not taken in: a.bin: no text"
        );
    }

    #[test]
    fn taking_out_needs_a_path() {
        for path in [None, Some(" ".to_owned())] {
            let failure = index(Index { path, remove: Some(true) }).unwrap_err();
            assert!(matches!(failure, Failure::Invalid(text) if text.contains("`path` is missing")));
        }
    }
}
