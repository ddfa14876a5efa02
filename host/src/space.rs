//! Whose memory a run works with, and where its files are.

use std::path::Path;

use steward_agent::{MemorySpace, PersonId, Principal};
use steward_beneath::Place;
use steward_sandbox::Access;

use crate::app::Host;
use crate::config::Config;

/// In the data folder: a folder for each person who is not an owner, with their files and memory.
pub(crate) const PEOPLE: &str = "people";
/// The capability without which nothing is remembered for anybody.
const MEMORY: &str = "memory";

/// The memory of the one a run acts for; `None` if they may not have one, for then nothing of theirs is kept in files.
pub(crate) fn of(host: &Host, principal: &Principal) -> Option<MemorySpace> {
    let held = host.plugins.catalogue().roles().set(&principal.role, principal.origin);
    if held.access(MEMORY) == Access::None { None } else { MemorySpace::of(principal) }
}

/// The folder of a memory: owners have the workspace, everybody else one of their own among the data.
pub(crate) fn folder(config: &Config, space: MemorySpace) -> Place {
    match space {
        MemorySpace::Owners => Place::of(&config.workspace),
        MemorySpace::Person(person) => person_s(&config.data, person),
    }
}

/// The folder of a person who is not an owner.
pub(crate) fn person_s(data: &Path, person: PersonId) -> Place {
    Place::below(data, format!("{PEOPLE}/{person}"))
}
