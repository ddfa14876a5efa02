//! A program as somebody might write it for any machine: JSON comes on standard input, the answer goes to standard
//! output, and what is wrong to standard error.

use std::io::Read as _;
use std::process::ExitCode;

use serde_json::{Value, json};

fn main() -> ExitCode {
    match count() {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

/// Counts the words of `text`, or of `file` in the folder it was given.
fn count() -> Result<Value, String> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).map_err(|error| error.to_string())?;
    let input: Value = serde_json::from_str(&input).map_err(|error| error.to_string())?;
    let text = match (input["text"].as_str(), input["file"].as_str()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(file)) => {
            std::fs::read_to_string(format!("/workspace/{file}")).map_err(|error| format!("{file}: {error}"))?
        }
        (None, None) => return Err("give me `text` or `file`".to_owned()),
    };
    Ok(json!({ "words": text.split_whitespace().count() }))
}
