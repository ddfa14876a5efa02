//! `[plugins.NAME]`: what the owner grants a built-in plugin instead of what it comes with. A line is one of its
//! `[capabilities]`, so the sandbox reads and checks it as it does those of a plugin.toml; keys that a line does not
//! name stay as they are.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use steward_sandbox::{Catalogue, LoadError, check_manifest, scope_in_full};
use toml::{Table, Value};

/// Plugin → capability → its scope, or `false` to take it away.
pub(crate) type Grants = BTreeMap<String, Table>;

/// The manifest with the owner's lines in place of its own.
///
/// # Errors
/// A line that the plugin cannot be granted, with what could be.
pub(crate) fn adjusted(manifest: &str, name: &str, grants: &Grants) -> anyhow::Result<String> {
    let Some(lines) = grants.get(name) else { return Ok(manifest.to_owned()) };
    let wrong = |problem: &str| anyhow::anyhow!("steward.toml: plugins.{name}.{problem}");
    let mut manifest: Table = toml::from_str(manifest).with_context(|| format!("the manifest of {name}"))?;
    let capabilities = manifest.entry("capabilities").or_insert_with(|| Value::Table(Table::new()));
    if let Some(capabilities) = capabilities.as_table_mut() {
        for (capability, line) in lines {
            let line = scope_in_full(capability, line).map_err(|problem| wrong(&problem))?;
            let scope = merged(capability, capabilities.get(capability), line);
            capabilities.insert(capability.clone(), scope);
        }
    }
    let manifest = manifest.to_string();
    match check_manifest(&manifest) {
        Ok(()) => Ok(manifest),
        Err(LoadError::Manifest(problem)) => Err(wrong(problem.trim_start_matches("capabilities."))),
        Err(error) => Err(error.into()),
    }
}

/// The owner's scope, with what it leaves unsaid from the plugin's own.
fn merged(capability: &str, own: Option<&Value>, line: Value) -> Value {
    let own = own.and_then(|own| scope_in_full(capability, own).ok());
    match (own, line) {
        (Some(Value::Table(mut scope)), Value::Table(line)) => {
            scope.extend(line);
            scope.into()
        }
        (_, line) => line,
    }
}

/// # Errors
/// The first line for something its plugin does not use: it would come to nothing, and nobody would know.
pub(crate) fn check_used(grants: &Grants, catalogue: &Catalogue) -> anyhow::Result<()> {
    for plugin in catalogue.plugins().iter().filter(|plugin| !plugin.installed) {
        let Some(lines) = grants.get(&*plugin.name) else { continue };
        let Some(unused) = plugin.request.unused.iter().find(|one| lines.contains_key(*one)) else { continue };
        let used: Vec<_> = plugin.request.capabilities.iter().map(|one| one.name.as_str()).collect();
        bail!(
            "steward.toml: plugins.{}.{unused}: this plugin does not use `{unused}`, only {}. Remove the line.",
            plugin.name,
            used.join(", ")
        );
    }
    Ok(())
}

/// # Errors
/// The first plugin that does not exist.
pub(crate) fn check<'a>(grants: &Grants, names: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let names: Vec<_> = names.collect();
    match grants.keys().find(|name| !names.contains(&name.as_str())) {
        Some(wrong) => bail!(
            "plugins.{wrong}: there is no built-in plugin of that name. Use one of {}; one that was installed is \
             granted by `steward plugin install`.",
            names.join(", ")
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "name = \"shell\"\nversion = \"1\"\ndescription = \"d\"\n[capabilities]\nprocess = \"full\"\nkv = {}\n";

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
        let own = "name = \"git\"\nversion = \"1\"\ndescription = \"d\"\n[capabilities]\nprocess = { commands = [\"git\"], \
                   network = true }\nhttp = [\"a.org\"]\n";
        let grants: Grants = toml::from_str("[git]\nprocess = \"ask\"\nhttp = false\n").unwrap();
        let manifest: Table = toml::from_str(&adjusted(own, "git", &grants).unwrap()).unwrap();
        let process = &manifest["capabilities"]["process"];
        assert_eq!((process["commands"].as_str(), process["network"].as_bool()), (Some("ask"), Some(true)));
        assert_eq!(manifest["capabilities"]["http"].as_bool(), Some(false));
    }

    #[test]
    fn short_forms_are_those_of_each_capability_and_nothing_else_is_taken_in_silence() {
        let own = "name = \"files\"\nversion = \"1\"\ndescription = \"d\"\n[capabilities]\nfiles = \"write\"\n";
        let with = |line: &str| adjusted(own, "files", &toml::from_str(&format!("[files]\n{line}\n")).unwrap());
        let files = |line: &str| {
            let manifest: Table = toml::from_str(&with(line).unwrap()).unwrap();
            manifest["capabilities"]["files"].clone()
        };
        assert_eq!(files("files = \"read\"")["access"].as_str(), Some("read"));
        let folders = files("files = [\"notes\"]");
        assert_eq!((folders["access"].as_str(), folders["folders"][0].as_str()), (Some("write"), Some("notes")));
        for (line, told) in [
            ("files = 3", "plugins.files.files: write \"read\""),
            ("files = \"all\"", "plugins.files.files: unknown variant `all`"),
            ("files = [\"../up\"]", "plugins.files.files: `../up` is not a folder"),
            ("process = { comands = [\"git\"] }", "plugins.files.process: unknown field `comands`"),
            ("http = \"example.org\"", "plugins.files.http: write hosts such as"),
            ("teleport = true", "plugins.files.teleport: there is no such capability"),
        ] {
            let error = with(line).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("steward.toml"), "{line}: {error}");
        }
    }

    #[test]
    fn a_plugin_that_does_not_exist_is_named_with_those_that_do() {
        let grants: Grants = toml::from_str("[shel]\nprocess = \"ask\"\n").unwrap();
        let error = check(&grants, ["git", "shell"].into_iter()).unwrap_err().to_string();
        assert!(error.contains("plugins.shel") && error.contains("git, shell"), "{error}");
    }
}
