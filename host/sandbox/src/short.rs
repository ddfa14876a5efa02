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
    in_full(capability, scope).map(|(_, scope)| scope)
}

/// The same, with the capability of that name.
pub(crate) fn in_full(name: &str, scope: &Value) -> Result<(&'static Capability, Value), String> {
    let Some(capability) = Capability::named(name) else {
        return Err(format!("{name}: there is no such capability; use one of {}", Capability::names()));
    };
    let full = match scope {
        Value::Table(_) | Value::Boolean(false) => scope.clone(),
        Value::Boolean(true) => Table::new().into(),
        _ => match (capability.scope.short)(scope) {
            Some(key) => Table::from_iter([(key.to_owned(), scope.clone())]).into(),
            None => return Err(format!("{name}: {}, not {}", capability.scope.forms, scope.type_str())),
        },
    };
    Ok((capability, full))
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
