//! The difference between two requests. A change widens where the owner, who agreed to the first, has not agreed to the
//! second: more is reached, or less is asked about.

use std::collections::{BTreeMap, BTreeSet};

use super::{AskedCapability, AskedTool, Extent, Request, scope};
use crate::component::Kind;
use crate::grant::Access;
use crate::plugin::Effect;

/// One difference, from what was approved to what is asked now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Capability {
        name: String,
        added: bool,
    },
    Access {
        capability: String,
        to: Access,
    },
    /// What a scope holds more and what it no longer holds.
    Scope {
        capability: String,
        key: String,
        added: Vec<String>,
        removed: Vec<String>,
    },
    Amount {
        capability: String,
        key: String,
        from: u64,
        to: u64,
    },
    /// `None` is the host's limit.
    Limit {
        key: String,
        from: Option<u64>,
        to: Option<u64>,
    },
    Tool {
        name: String,
        effect: Effect,
        added: bool,
    },
    Effect {
        tool: String,
        from: Effect,
        to: Effect,
    },
    /// What a tool cannot do without decides who is offered it.
    Requires {
        tool: String,
        added: Vec<String>,
        removed: Vec<String>,
    },
    Kind {
        from: Kind,
        to: Kind,
    },
}

impl Change {
    /// Whether the owner has to agree to it.
    pub fn widens(&self) -> bool {
        match self {
            Self::Capability { added, .. } | Self::Tool { added, .. } => *added,
            Self::Access { to, .. } => *to == Access::Write,
            Self::Scope { added, .. } => !added.is_empty(),
            Self::Amount { from, to, .. } => to > from,
            Self::Limit { from, to, .. } => match (from, to) {
                (Some(from), Some(to)) => to > from,
                (Some(_), None) => true,
                (None, _) => false,
            },
            // A stronger one does more; a weaker one is asked about less, and only the plugin says that it is weaker.
            Self::Effect { .. } => true,
            // What requires less is offered to more people.
            Self::Requires { removed, .. } => !removed.is_empty(),
            Self::Kind { .. } => false,
        }
    }
}

/// What is different, capabilities first, in the order in which they are shown.
pub(super) fn between(approved: &Request, asked: &Request) -> Vec<Change> {
    let mut changes = Vec::new();
    capabilities(&approved.capabilities, &asked.capabilities, &mut changes);
    tools(&approved.tools, &asked.tools, &mut changes);
    let keys: BTreeSet<_> = approved.limits.keys().chain(asked.limits.keys()).collect();
    for key in keys {
        let (from, to) = (approved.limits.get(key).copied(), asked.limits.get(key).copied());
        if from != to {
            changes.push(Change::Limit { key: key.clone(), from, to });
        }
    }
    if approved.kind != asked.kind {
        changes.push(Change::Kind { from: approved.kind, to: asked.kind });
    }
    changes
}

fn capabilities(approved: &[AskedCapability], asked: &[AskedCapability], changes: &mut Vec<Change>) {
    for now in asked {
        match approved.iter().find(|before| before.name == now.name) {
            None => changes.push(Change::Capability { name: now.name.clone(), added: true }),
            Some(before) => {
                if before.access != now.access {
                    changes.push(Change::Access { capability: now.name.clone(), to: now.access });
                }
                scopes(&now.name, &before.scopes, &now.scopes, changes);
            }
        }
    }
    for before in approved.iter().filter(|before| asked.iter().all(|now| now.name != before.name)) {
        changes.push(Change::Capability { name: before.name.clone(), added: false });
    }
}

/// A scope that one of both does not have holds nothing there: what was approved before a scope was known is asked about.
fn scopes(
    capability: &str,
    approved: &BTreeMap<String, Extent>,
    asked: &BTreeMap<String, Extent>,
    changes: &mut Vec<Change>,
) {
    let keys: BTreeSet<_> = approved.keys().chain(asked.keys()).collect();
    for key in keys {
        let (before, now) = (approved.get(key), asked.get(key));
        let change = match (before, now) {
            (Some(Extent::Amount(from)), Some(Extent::Amount(to))) => amount(capability, key, *from, *to),
            (None, Some(Extent::Amount(to))) => amount(capability, key, 0, *to),
            (Some(Extent::Amount(from)), None) => amount(capability, key, *from, 0),
            _ => items(capability, key, &listed(before), &listed(now)),
        };
        changes.extend(change);
    }
}

fn amount(capability: &str, key: &str, from: u64, to: u64) -> Option<Change> {
    let (capability, key) = (capability.to_owned(), key.to_owned());
    (from != to).then_some(Change::Amount { capability, key, from, to })
}

/// The items of a scope; a scope that became of another sort is a new one.
fn listed(extent: Option<&Extent>) -> BTreeSet<String> {
    match extent {
        Some(Extent::Items(items)) => items.clone(),
        Some(Extent::Amount(number)) => BTreeSet::from([number.to_string()]),
        None => BTreeSet::new(),
    }
}

fn items(capability: &str, key: &str, before: &BTreeSet<String>, now: &BTreeSet<String>) -> Option<Change> {
    let covers = scope::covering(capability, key);
    let beyond = |these: &BTreeSet<String>, those: &BTreeSet<String>| -> Vec<String> {
        these.iter().filter(|item| !those.iter().any(|other| covers(other, item))).cloned().collect()
    };
    let (added, removed) = (beyond(now, before), beyond(before, now));
    if added.is_empty() && removed.is_empty() {
        return None;
    }
    Some(Change::Scope { capability: capability.to_owned(), key: key.to_owned(), added, removed })
}

fn tools(approved: &[AskedTool], asked: &[AskedTool], changes: &mut Vec<Change>) {
    for now in asked {
        let name = || now.name.clone();
        let Some(before) = approved.iter().find(|before| before.name == now.name) else {
            changes.push(Change::Tool { name: name(), effect: now.effect, added: true });
            continue;
        };
        if before.effect != now.effect {
            changes.push(Change::Effect { tool: name(), from: before.effect, to: now.effect });
        }
        let without = |these: &AskedTool, those: &AskedTool| -> Vec<String> {
            these.requires.iter().filter(|one| !those.requires.contains(one)).cloned().collect()
        };
        let (added, removed) = (without(now, before), without(before, now));
        if !added.is_empty() || !removed.is_empty() {
            changes.push(Change::Requires { tool: name(), added, removed });
        }
    }
    for before in approved.iter().filter(|before| asked.iter().all(|now| now.name != before.name)) {
        changes.push(Change::Tool { name: before.name.clone(), effect: before.effect, added: false });
    }
}
