//! Doc comments that a component brings along in its `package-docs` section, as the WIT tools write it: a version byte
//! and JSON. A component's author wrote them, so they describe and decide nothing.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::section;

const SECTION: &str = "package-docs";

/// The comments on functions; without the section, none.
#[derive(Default, Deserialize)]
pub(super) struct Docs {
    #[serde(default)]
    worlds: BTreeMap<String, World>,
    #[serde(default)]
    interfaces: BTreeMap<String, Interface>,
}

#[derive(Default, Deserialize)]
struct World {
    #[serde(default)]
    funcs: BTreeMap<String, Comment>,
    /// Where an import and an export share their name.
    #[serde(default)]
    func_exports: BTreeMap<String, Comment>,
    #[serde(default)]
    interfaces: BTreeMap<String, Interface>,
    #[serde(default)]
    interface_exports: BTreeMap<String, Interface>,
}

#[derive(Default, Deserialize)]
struct Interface {
    #[serde(default)]
    funcs: BTreeMap<String, Comment>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Comment {
    Text(Option<String>),
    WithStability {
        #[serde(default)]
        docs: Option<String>,
    },
}

impl Comment {
    fn text(&self) -> Option<&str> {
        let text = match self {
            Self::Text(text) => text.as_deref(),
            Self::WithStability { docs } => docs.as_deref(),
        };
        text.map(str::trim).filter(|text| !text.is_empty())
    }
}

impl Docs {
    /// The comments of a binary. A section that cannot be read counts as none.
    pub(super) fn read(wasm: &[u8]) -> Self {
        let section = section::custom(wasm, |name| name == SECTION);
        let Some([0 | 1, json @ ..]) = section else { return Self::default() };
        let read = serde_json::from_slice(json);
        read.inspect_err(|error| tracing::warn!("the doc comments of a component cannot be read: {error}"))
            .unwrap_or_default()
    }

    /// Of a function exported at the top.
    pub(super) fn of_function(&self, name: &str) -> Option<&str> {
        self.worlds
            .values()
            .find_map(|world| world.func_exports.get(name).or_else(|| world.funcs.get(name)))
            .and_then(Comment::text)
    }

    /// Of a function of an exported interface, named as it is exported: `acme:calc/ops@1.0.0`.
    pub(super) fn within(&self, interface: &str, name: &str) -> Option<&str> {
        let short = interface.split('@').next().unwrap_or(interface);
        let short = short.rsplit('/').next().unwrap_or(short);
        let inline = self
            .worlds
            .values()
            .find_map(|world| world.interface_exports.get(short).or_else(|| world.interfaces.get(short)));
        self.interfaces.get(short).or(inline)?.funcs.get(name)?.text()
    }
}
