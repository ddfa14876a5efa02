//! How people are shown to the model. Pure.

use serde_json::{Value, json};
use steward_sdk::Output;
use steward_sdk::people::Person;

/// A line for each, and the same for programs.
pub fn people(people: &[Person]) -> Output {
    let lines: Vec<_> = people.iter().map(line).collect();
    let rows: Vec<Value> = people.iter().map(row).collect();
    Output::from(lines.join("\n")).structured(Value::Array(rows))
}

fn row(person: &Person) -> Value {
    json!({
        "id": person.id,
        "name": person.name,
        "username": person.username,
        "role": person.role,
        "banned": person.banned,
        "last_seen": person.last_seen,
    })
}

fn line(person: &Person) -> String {
    let mut line = format!("- {}", person.name);
    if let Some(username) = &person.username {
        line.push_str(&format!(" (@{username})"));
    }
    line.push_str(&format!(", id {}, {}", person.id, person.role));
    if let Some(seen) = &person.last_seen {
        line.push_str(&format!(", last heard from {}", seen.replace('T', " ")));
    }
    if person.banned {
        line.push_str(", banned");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, username: Option<&str>, banned: bool) -> Person {
        Person {
            id: "7".to_owned(),
            name: name.to_owned(),
            username: username.map(ToOwned::to_owned),
            role: "external".to_owned(),
            banned,
            last_seen: username.map(|_| "2026-11-20T14:05:00".to_owned()),
        }
    }

    #[test]
    fn a_person_is_one_line() {
        let output = people(&[person("Анна", Some("anna"), false), person("Bob", None, true)]);
        assert_eq!(
            output.text,
            "- Анна (@anna), id 7, external, last heard from 2026-11-20 14:05:00\n- Bob, id 7, external, banned"
        );
        let rows = output.structured.unwrap();
        assert_eq!((&rows[0]["username"], &rows[1]["banned"]), (&"anna".into(), &true.into()));
    }
}
