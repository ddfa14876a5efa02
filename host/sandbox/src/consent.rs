//! What a plugin asks for, and what of it is new since the owner agreed: computed from the imports of the binary and the
//! parsed manifest, never from what its author says of it. `change` compares two requests, `provenance` who made both, `scope`
//! lists the scopes of capabilities, `wording` says all of it in words. What was approved is enforced where plugins are loaded.

mod change;
mod provenance;
mod scope;
#[cfg(test)]
mod tests;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use steward_agent::Language;

use crate::capability::CAPABILITIES;
use crate::component::{Import, Kind};
use crate::error::LoadError;
use crate::grant::{Access, CapabilitySet};
use crate::manifest::Manifest;
use crate::plugin::Effect;
use crate::specs::Described;

pub use change::Change;
pub use provenance::{Before, Doubt};

/// Everything a plugin asks its owner for. As it was approved it is kept, and whatever is loaded under its name later is
/// held to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub name: String,
    pub version: String,
    /// Its author's words.
    pub description: String,
    pub kind: Kind,
    /// BLAKE3 of the file, in hexadecimal.
    pub hash: String,
    /// Bytes of the file.
    pub size: usize,
    /// What it imports and its manifest grants.
    pub capabilities: Vec<AskedCapability>,
    /// Capabilities it imports and does without.
    pub declined: Vec<String>,
    /// Capabilities its manifest grants and it does not import: they come to nothing.
    pub unused: Vec<String>,
    pub tools: Vec<AskedTool>,
    /// The limits its manifest sets, by their key. One that is not there is the host's.
    pub limits: BTreeMap<String, u64>,
}

/// One capability a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedCapability {
    pub name: String,
    pub access: Access,
    /// The imported interfaces it covers.
    pub interfaces: Vec<String>,
    /// The key of a scope → how far it goes.
    pub scopes: BTreeMap<String, Extent>,
}

/// How far a scope goes: more is wider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    Items(BTreeSet<String>),
    Amount(u64),
}

/// A tool as the plugin itself describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedTool {
    pub name: String,
    /// The beginning of its author's words.
    pub description: String,
    pub effect: Effect,
    pub requires: Vec<String>,
}

/// A loaded component and its manifest, as a request is read from them.
pub(crate) struct Source<'a> {
    pub(crate) manifest: &'a Manifest,
    /// BLAKE3 of the file, in hexadecimal.
    pub(crate) hash: String,
    /// Bytes of the file.
    pub(crate) size: usize,
    pub(crate) kind: Kind,
    pub(crate) imports: &'a [String],
    /// What it imports and was granted.
    pub(crate) reach: CapabilitySet,
}

/// Characters of a tool's description that are kept.
const DESCRIPTION: usize = 200;

impl Request {
    pub(crate) fn of<'a>(source: Source<'_>, tools: impl Iterator<Item = &'a Described>) -> Self {
        let Source { manifest, hash, size, kind, imports, reach } = source;
        let names = |set: CapabilitySet| set.iter().map(|(one, _)| one.name.to_owned()).collect();
        let unused = CAPABILITIES.iter().filter(|one| reach.access(one.name) == Access::None);
        let unused = unused.filter(|one| manifest.grant.capabilities.access(one.name) != Access::None);
        Self {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            description: manifest.description.clone(),
            kind,
            hash,
            size,
            capabilities: asked(manifest, imports, reach),
            declined: names(manifest.declined),
            unused: unused.map(|one| one.name.to_owned()).collect(),
            tools: tools.map(AskedTool::of).collect(),
            limits: manifest.asked_limits(),
        }
    }

    /// The request as it is kept when it is approved.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn kept(&self) -> Result<String, LoadError> {
        serde_json::to_string(self).map_err(|error| LoadError::NotApproved(error.to_string()))
    }

    /// A request that was kept.
    ///
    /// # Errors
    /// Another version of Steward wrote it, in a form this one does not know.
    pub fn read(kept: &str) -> Result<Self, LoadError> {
        serde_json::from_str(kept).map_err(|_| {
            LoadError::NotApproved("what was approved is kept in a form this Steward cannot read".to_owned())
        })
    }

    /// What of this request is different from an approved one.
    pub fn changes(&self, approved: &Self) -> Vec<Change> {
        change::between(approved, self)
    }

    /// Holds what is being loaded to what was approved: the same file, and nothing wider.
    ///
    /// # Errors
    /// [`LoadError::Altered`] or [`LoadError::NotApproved`].
    pub(crate) fn within(&self, approved: &Self) -> Result<(), LoadError> {
        if self.hash != approved.hash || self.name != approved.name {
            return Err(LoadError::Altered);
        }
        let wider: Vec<_> = self.changes(approved).into_iter().filter(Change::widens).collect();
        if wider.is_empty() {
            return Ok(());
        }
        let wider: Vec<_> = wider.iter().map(|change| change.text(Language::En)).collect();
        Err(LoadError::NotApproved(wider.join("; ")))
    }
}

/// The capabilities of `reach`, each with the interfaces it is imported by and its scopes.
fn asked(manifest: &Manifest, imports: &[String], reach: CapabilitySet) -> Vec<AskedCapability> {
    let covers = |capability: &str, import: &str| match Import::of(import) {
        Import::Capability(one) | Import::Words(one) => one.name == capability,
        Import::Always | Import::Unknown => false,
    };
    let asked = reach.iter().map(|(one, access)| AskedCapability {
        name: one.name.to_owned(),
        access,
        interfaces: imports.iter().filter(|import| covers(one.name, import)).cloned().collect(),
        scopes: scope::of(&manifest.grant.scopes, one),
    });
    asked.collect()
}

impl AskedTool {
    fn of(tool: &Described) -> Self {
        let first = tool.description.lines().next().unwrap_or_default();
        Self {
            name: tool.name.clone(),
            description: first.chars().take(DESCRIPTION).collect(),
            effect: tool.effect.into(),
            requires: tool.requires.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The question an owner is asked before a plugin is installed.
#[derive(Clone, Debug)]
pub struct Consent {
    pub request: Request,
    /// The public key of the author who signed it.
    pub author: Option<String>,
    /// What it is compared with, where a version was approved before.
    pub approved: Option<Approved>,
}

/// An approved version and what is different from it now.
#[derive(Clone, Debug)]
pub struct Approved {
    pub version: String,
    pub doubts: Vec<Doubt>,
    pub changes: Vec<Change>,
}

impl Consent {
    /// The question for a request, signed by `author`, where `before` is what the owner agreed to under that name.
    pub fn new(request: Request, author: Option<String>, before: Option<Before<'_>>) -> Self {
        let compared = |before: Before<'_>| Approved {
            version: before.request.version.clone(),
            doubts: provenance::doubts(before, &request, author.as_deref()),
            changes: request.changes(before.request),
        };
        let approved = before.map(compared);
        Self { request, author, approved }
    }

    /// Whether the owner has to be asked: nothing was approved yet, something of it is wider, or it is not certain that
    /// this is a newer version by the same author.
    pub fn is_needed(&self) -> bool {
        let asked = |approved: &Approved| !approved.doubts.is_empty() || approved.changes.iter().any(Change::widens);
        self.approved.as_ref().is_none_or(asked)
    }

    /// Whether this cannot take the place of what is installed unless the owner accepts another author.
    pub fn is_by_another(&self) -> bool {
        self.approved.iter().flat_map(|approved| &approved.doubts).any(Doubt::is_another_author)
    }
}
