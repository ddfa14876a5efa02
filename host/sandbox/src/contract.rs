//! Which versions of the contract in `wit/`, and of WASI, a guest may be built for. Within 0.1 the contract only grows,
//! so that whatever was built for an earlier 0.1 is linked as it is; everything else is refused before it is linked.

use semver::Version;

use crate::component::Import;
use crate::error::LoadError;

/// The version of `wit/`, which this host offers.
pub const CONTRACT: Version = Version::new(0, 1, 1);

/// Before the name of each interface of ours.
const OURS: &str = "steward:plugin/";

/// The WASI that is linked; a later one of the same line that adds nothing the guest uses is linked too.
const WASI: (u64, u64) = (0, 2);

/// Checks the interfaces a component imports and exports, named with their versions.
///
/// # Errors
/// The first one of a version this host does not offer, with what can be done about it.
pub(crate) fn check<'a>(mut names: impl Iterator<Item = &'a str>) -> Result<(), LoadError> {
    names.try_for_each(|name| {
        let (interface, version) = name.split_once('@').unwrap_or((name, ""));
        let version = Version::parse(version).ok();
        match () {
            () if interface.starts_with(OURS) && !is_offered(version.as_ref()) => {
                Err(LoadError::Contract { interface: name.to_owned(), remedy: remedy(version.as_ref()) })
            }
            // What nobody offers is a stub, whatever its version.
            () if interface.starts_with("wasi:") && !matches!(Import::of(name), Import::Unknown) => match version {
                Some(version) if (version.major, version.minor) == WASI => Ok(()),
                _ => Err(LoadError::Wasi { interface: name.to_owned() }),
            },
            () => Ok(()),
        }
    })
}

/// Whether what was built for that version can be linked: the same line of the contract, and none newer than ours.
fn is_offered(version: Option<&Version>) -> bool {
    let line = |one: &Version| (one.major, one.minor) == (CONTRACT.major, CONTRACT.minor) && one.pre.is_empty();
    version.is_some_and(|one| line(one) && *one <= CONTRACT)
}

fn remedy(version: Option<&Version>) -> String {
    match version {
        Some(version) if *version > CONTRACT => {
            "update Steward, or build the plugin with the `wit` folder of this one".to_owned()
        }
        _ => "build the plugin with the `wit` folder of this Steward".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::guest::{self, Guest, manifest};
    use crate::tests::Sandbox;
    use crate::{Compiler, Outcome, PluginSource, inspect};

    #[test]
    fn the_version_is_the_contract_s() {
        let text = include_str!("../../../wit/plugin.wit");
        assert!(text.starts_with(&format!("package steward:plugin@{CONTRACT};")), "{text}");
    }

    #[test]
    fn only_what_can_be_linked_is_taken() {
        let told = |name: &str| check([name].into_iter()).map_err(|error| error.to_string()).err();
        for name in [
            "steward:plugin/kv@0.1.0",
            "steward:plugin/tool@0.1.1",
            "wasi:cli/exit@0.2.0",
            "wasi:http/types@0.2.9",
            "wasi:sockets/tcp@0.3.0",
            "acme:rocket/launch@7.0.0",
            "greet",
        ] {
            assert_eq!(told(name), None, "{name}");
        }
        for (name, words) in [
            ("steward:plugin/kv@0.1.2", "update Steward"),
            ("steward:plugin/tool@0.2.0", "update Steward"),
            ("steward:plugin/tool@1.0.0", "update Steward"),
            ("steward:plugin/kv@0.0.9", "build the plugin with the `wit` folder of this Steward"),
            ("steward:plugin/kv@0.1.1-rc.1", "build the plugin"),
            ("steward:plugin/kv", "build the plugin"),
            ("steward:plugin/kv@latest", "build the plugin"),
            ("wasi:cli/exit@0.3.0", "offers WASI 0.2"),
            ("wasi:filesystem/preopens@1.0.0", "wasm32-wasip2"),
        ] {
            let text = told(name).unwrap_or_default();
            assert!(text.contains(words) && text.contains(name), "{name}: {text}");
        }
    }

    /// A plugin that is built for another version of the contract.
    fn built_for(version: &str, body: &'static str) -> PluginSource {
        let text = Guest::new("told", body).text().replace("@0.1.0", &format!("@{version}"));
        let manifest = manifest("told", "[capabilities]\nmemory = {}\n");
        PluginSource { name: version.to_owned(), wasm: wat::parse_str(text).unwrap().into(), manifest }
    }

    #[tokio::test]
    async fn plugins_of_this_line_of_the_contract_are_called_and_others_refused() {
        for version in ["0.1.0", "0.1.1"] {
            let sandbox = Sandbox::new(vec![built_for(version, guest::APPEND)]).await;
            assert!(sandbox.catalogue.refused().is_empty(), "{:?}", sandbox.catalogue.refused());
            assert_eq!(sandbox.call("told", json!({})).await.outcome, Outcome::Ok, "{version}");
        }
        for version in ["0.1.999", "0.2.0", "1.0.0"] {
            for body in [guest::ECHO, guest::APPEND] {
                let sandbox = Sandbox::new(vec![built_for(version, body)]).await;
                let [(_, error)] = sandbox.catalogue.refused() else { panic!("{version} was taken") };
                let text = error.to_string();
                assert!(text.contains(version) && text.contains("update Steward"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn an_inspection_says_that_a_plugin_is_built_for_another_contract() {
        let wasm = built_for("0.2.0", guest::ECHO).wasm.into_owned();
        let text = inspect(&Compiler::InProcess, wasm).await.unwrap().to_string();
        assert!(text.contains("steward:plugin/tool@0.2.0") && text.contains("update Steward"), "{text}");
    }
}
