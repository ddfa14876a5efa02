//! `[plugins.NAME]`: what the owner grants a built-in plugin instead of what it comes with. A line is one of its
//! `[capabilities]`, so the sandbox reads and checks it as it does those of a plugin.toml; keys that a line does not
//! name stay as they are.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use toml::{Table, Value};

/// Plugin → capability → its scope, or `false` to take it away.
pub(crate) type Grants = BTreeMap<String, Table>;

/// The manifest with the owner's lines in place of its own.
///
/// # Errors
/// The manifest is no TOML, which a built-in one always is.
pub(crate) fn adjusted(manifest: &str, name: &str, grants: &Grants) -> anyhow::Result<String> {
    let Some(lines) = grants.get(name) else { return Ok(manifest.to_owned()) };
    let mut manifest: Table = toml::from_str(manifest).with_context(|| format!("the manifest of {name}"))?;
    let capabilities = manifest.entry("capabilities").or_insert_with(|| Value::Table(Table::new()));
    if let Some(capabilities) = capabilities.as_table_mut() {
        for (name, line) in lines {
            let scope = merged(capabilities.get(name), line);
            capabilities.insert(name.clone(), scope);
        }
    }
    Ok(manifest.to_string())
}

/// The owner's scope, with what it leaves unsaid from the plugin's own.
fn merged(own: Option<&Value>, line: &Value) -> Value {
    match (own.and_then(in_full), in_full(line)) {
        (Some(mut scope), Some(line)) => {
            scope.extend(line);
            scope.into()
        }
        _ => line.clone(),
    }
}

/// `"ask"` and `["git"]` are short for a table.
fn in_full(scope: &Value) -> Option<Table> {
    match scope {
        Value::Table(table) => Some(table.clone()),
        Value::String(_) | Value::Array(_) => Some(Table::from_iter([("commands".to_owned(), scope.clone())])),
        _ => None,
    }
}

/// # Errors
/// The first plugin that does not exist.
pub(crate) fn check<'a>(grants: &Grants, names: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let names: Vec<_> = names.collect();
    match grants.keys().find(|name| !names.contains(&name.as_str())) {
        Some(wrong) => bail!("plugins.{wrong}: there is no plugin of that name. Use one of {}.", names.join(", ")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "name = \"shell\"\n[capabilities]\nprocess = \"full\"\nkv = {}\n";

    #[test]
    fn the_owner_s_lines_stand_in_place_of_the_plugin_s() {
        let grants: Grants = toml::from_str("[shell]\nprocess = { commands = [\"ls\"] }\n").unwrap();
        let manifest: Table = toml::from_str(&adjusted(MANIFEST, "shell", &grants).unwrap()).unwrap();
        assert_eq!(manifest["capabilities"]["process"]["commands"][0].as_str(), Some("ls"));
        assert!(manifest["capabilities"]["kv"].is_table() && manifest["name"].as_str() == Some("shell"));
        assert_eq!(adjusted(MANIFEST, "git", &grants).unwrap(), MANIFEST);
    }

    #[test]
    fn what_the_owner_leaves_unsaid_stays() {
        let own = "name = \"git\"\n[capabilities]\nprocess = { commands = [\"git\"], network = true }\nhttp = {}\n";
        let grants: Grants = toml::from_str("[git]\nprocess = \"ask\"\nhttp = false\n").unwrap();
        let manifest: Table = toml::from_str(&adjusted(own, "git", &grants).unwrap()).unwrap();
        let process = &manifest["capabilities"]["process"];
        assert_eq!((process["commands"].as_str(), process["network"].as_bool()), (Some("ask"), Some(true)));
        assert_eq!(manifest["capabilities"]["http"].as_bool(), Some(false));
    }

    #[test]
    fn a_plugin_that_does_not_exist_is_named_with_those_that_do() {
        let grants: Grants = toml::from_str("[shel]\nprocess = \"ask\"\n").unwrap();
        let error = check(&grants, ["git", "shell"].into_iter()).unwrap_err().to_string();
        assert!(error.contains("plugins.shel") && error.contains("git, shell"), "{error}");
    }
}
