//! Short forms of a line of [capabilities], which plugin.toml and steward.toml have in common: `files = "read"`,
//! `http = ["example.org"]`. What a line means in full is decided here and nowhere else.

use toml::{Table, Value};

use crate::capability::Capability;

/// A capability's line in full, as a table; `false`, which takes it away, stays `false`. `true` and what a short form
/// leaves unsaid are left to whoever knows the rest.
///
/// # Errors
/// The form is none of this capability's, with those it has; or there is no such capability.
pub fn scope_in_full(capability: &str, scope: &Value) -> Result<Value, String> {
    if Capability::named(capability).is_none() {
        return Err(format!("{capability}: there is no such capability; use one of {}", Capability::names()));
    }
    let key = match (capability, scope) {
        (_, Value::Table(_) | Value::Boolean(false)) => return Ok(scope.clone()),
        (_, Value::Boolean(true)) => return Ok(Table::new().into()),
        ("files", Value::String(_)) => "access",
        ("files", Value::Array(_)) => "folders",
        ("http", Value::Array(_)) => "hosts",
        ("secrets", Value::Array(_)) => "names",
        ("process", Value::String(_) | Value::Array(_)) => "commands",
        ("model" | "tools", Value::Integer(_)) => "calls",
        _ => return Err(format!("{capability}: {}, not {}", forms(capability), scope.type_str())),
    };
    Ok(Table::from_iter([(key.to_owned(), scope.clone())]).into())
}

fn forms(capability: &str) -> &'static str {
    match capability {
        "files" => {
            "write \"read\" or \"write\", folders such as [\"notes\"], or { access = \"read\", folders = [\"notes\"] }"
        }
        "http" => "write hosts such as [\"example.org\"], or { hosts = [\"example.org\"], methods = [\"GET\"] }",
        "secrets" => "write names such as [\"EXAMPLE_TOKEN\"], or { names = [\"EXAMPLE_TOKEN\"] }",
        "process" => "write \"ask\", \"full\", programs such as [\"git\"], or { commands = [\"git\"] }",
        "model" => "write how many calls, such as 4, or { calls = 4, tokens = 1000 }",
        "tools" => "write how many calls, such as 50, or { calls = 50 }",
        _ => "write {} or true",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::CAPABILITIES;

    fn full(line: &str) -> Result<String, String> {
        let table: Table = line.parse().unwrap();
        let (name, scope) = table.iter().next().unwrap();
        scope_in_full(name, scope).map(|scope| scope.to_string())
    }

    #[test]
    fn each_short_form_means_one_key() {
        for (line, means) in [
            ("files = \"read\"", "{ access = \"read\" }"),
            ("files = [\"notes\"]", "{ folders = [\"notes\"] }"),
            ("http = [\"example.org\"]", "{ hosts = [\"example.org\"] }"),
            ("secrets = [\"A_TOKEN\"]", "{ names = [\"A_TOKEN\"] }"),
            ("process = \"ask\"", "{ commands = \"ask\" }"),
            ("process = [\"git\"]", "{ commands = [\"git\"] }"),
            ("tools = 3", "{ calls = 3 }"),
            ("model = 3", "{ calls = 3 }"),
            ("memory = true", "{}"),
            ("memory = false", "false"),
            ("files = { access = \"read\" }", "{ access = \"read\" }"),
        ] {
            assert_eq!(full(line).unwrap().replace(' ', ""), means.replace(' ', ""), "{line}");
        }
    }

    #[test]
    fn any_other_form_is_refused_with_those_there_are() {
        for capability in CAPABILITIES {
            let error = full(&format!("{} = 1.5", capability.name)).unwrap_err();
            assert!(
                error.starts_with(capability.name) && error.contains("write ") && error.ends_with("not float"),
                "{error}"
            );
        }
        assert!(full("http = \"example.org\"").unwrap_err().contains("[\"example.org\"]"));
        assert!(full("kv = [\"a\"]").unwrap_err().contains("write {} or true"));
        assert!(full("teleport = true").unwrap_err().contains("no such capability; use one of files"));
    }
}
