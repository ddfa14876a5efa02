//! Whose memory a run works with, and where its files lie.

use std::path::PathBuf;

use steward_agent::{MemorySpace, Principal};
use steward_sandbox::Access;

use crate::app::Host;
use crate::config::Config;

/// The capability without which nothing is remembered for anybody.
const MEMORY: &str = "memory";

/// The memory of the one a run acts for; `None` if they may not have one, for then nothing of theirs is kept in files.
pub(crate) fn of(host: &Host, principal: &Principal) -> Option<MemorySpace> {
    let held = host.plugins.catalogue().roles().set(&principal.role, principal.origin);
    if held.access(MEMORY) == Access::None { None } else { MemorySpace::of(principal) }
}

/// The folder of a memory: owners have the workspace, everybody else one of their own among the data.
pub(crate) fn folder(config: &Config, space: MemorySpace) -> PathBuf {
    match space {
        MemorySpace::Owners => config.workspace.clone(),
        MemorySpace::Person(person) => config.data.join("people").join(person.to_string()),
    }
}
