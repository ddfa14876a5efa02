//! What is known about the person as keys and values.

use schemars::JsonSchema;
use serde::Deserialize;
use steward_sdk::memory::{self, Entry};
use steward_sdk::serde_json::{Map, Value};
use steward_sdk::{Failure, Output};

use crate::search::one_line;

/// What to look up.
#[derive(Deserialize, JsonSchema)]
pub struct Get {
    key: Option<String>,
}

pub fn get(arguments: Get) -> Result<Output, Failure> {
    shown(&memory::user_data()?, arguments.key.as_deref().map(str::trim).filter(|key| !key.is_empty()))
}

/// What to keep.
#[derive(Deserialize, JsonSchema)]
pub struct Set {
    key: String,
    value: Option<String>,
}

pub fn set(arguments: Set) -> Result<Output, Failure> {
    let (key, value) = (arguments.key.trim(), arguments.value.as_deref().map(str::trim));
    memory::set_user_data(key, value)?;
    Ok(match value {
        Some(value) => format!("Noted: {key} = {value}").into(),
        None => format!("`{key}` is forgotten.").into(),
    })
}

fn shown(entries: &[Entry], key: Option<&str>) -> Result<Output, Failure> {
    let picked: Vec<_> = entries.iter().filter(|entry| key.is_none_or(|key| entry.key == key)).collect();
    let text = match (picked.as_slice(), key) {
        ([], Some(key)) => {
            let keys: Vec<_> = entries.iter().map(|entry| entry.key.as_str()).collect();
            let keys = if keys.is_empty() { "there are none yet".to_owned() } else { keys.join(", ") };
            return Err(Failure::NotFound(format!("nothing is known under `{}`; the keys: {keys}", one_line(key))));
        }
        ([], None) => "Nothing is known yet; user_data_set notes something.".to_owned(),
        (picked, _) => picked.iter().map(|entry| line(entry)).collect::<Vec<_>>().join("\n"),
    };
    let pair = |entry: &&Entry| (entry.key.clone(), Value::String(entry.value.clone()));
    Ok(Output::text(text).structured(Value::Object(picked.iter().map(pair).collect::<Map<_, _>>())))
}

/// `- diet: no nuts`; further lines of a value are indented, so that they stay part of it.
fn line(entry: &Entry) -> String {
    let value: Vec<_> = entry.value.lines().map(one_line).collect();
    format!("- {}: {}", entry.key, value.join("\n  "))
}

#[cfg(test)]
mod tests {
    use steward_sdk::serde_json::json;

    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |key: &str, value: &str| Entry { key: key.to_owned(), value: value.to_owned() };
        vec![entry("diet", "no nuts\nno milk"), entry("timezone", "Europe/Berlin")]
    }

    #[test]
    fn everything_is_listed_and_one_key_is_picked() {
        let all = shown(&entries(), None).unwrap();
        assert_eq!(all.text, "- diet: no nuts\n  no milk\n- timezone: Europe/Berlin");
        assert_eq!(all.structured.unwrap(), json!({"diet": "no nuts\nno milk", "timezone": "Europe/Berlin"}));
        assert_eq!(shown(&entries(), Some("timezone")).unwrap().text, "- timezone: Europe/Berlin");
        assert!(shown(&[], None).unwrap().text.contains("user_data_set"));
    }

    #[test]
    fn an_unknown_key_is_answered_with_the_known_ones() {
        let told = |entries: &[Entry]| match shown(entries, Some("city")) {
            Err(Failure::NotFound(text)) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(told(&entries()), "nothing is known under `city`; the keys: diet, timezone");
        assert!(told(&[]).ends_with("there are none yet"));
    }
}
