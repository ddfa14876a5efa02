//! What the port says, in the words of the contract. Values of secrets are taken out of every text on its way into a
//! guest.

use steward_agent::{Forgetting, MemoryFault, MemoryFound, MemoryHit, MemoryLevel, MemorySource, MemoryStatus};

use crate::bindings::Failure;
use crate::bindings::wit::memory as wit;
use crate::secret::Known;

pub(super) fn clean(mut text: String, known: &Known) -> String {
    known.redact_in_place(&mut text);
    text
}

fn all_clean(texts: Vec<String>, known: &Known) -> Vec<String> {
    texts.into_iter().map(|text| clean(text, known)).collect()
}

pub(super) fn found(found: MemoryFound, known: &Known) -> wit::Found {
    wit::Found {
        hits: found.hits.into_iter().map(|one| hit(one, known)).collect(),
        note: found.note.map(|note| clean(note, known)),
    }
}

fn hit(hit: MemoryHit, known: &Known) -> wit::Hit {
    wit::Hit {
        path: clean(hit.path, known),
        first_line: hit.first_line,
        last_line: hit.last_line,
        score: hit.score,
        text: clean(hit.text, known),
        also: all_clean(hit.also, known),
    }
}

pub(super) fn source(source: MemorySource, known: &Known) -> wit::Source {
    wit::Source {
        path: clean(source.path, known),
        files: source.files,
        passages: source.passages,
        problems: all_clean(source.problems, known),
    }
}

pub(super) fn state(status: MemoryStatus, known: &Known) -> wit::State {
    let [short, medium, long] = status.levels;
    wit::State {
        files: status.files,
        passages: status.passages,
        embedded: status.embedded,
        waiting: status.waiting,
        model: status.model,
        levels: wit::Levels { short, medium, long },
        sources: status.sources.into_iter().map(|one| source(one, known)).collect(),
        problems: all_clean(status.problems, known),
    }
}

pub(super) fn forgetting(what: wit::Forgetting) -> Forgetting {
    match what {
        wit::Forgetting::LevelShort => Forgetting::Level(MemoryLevel::Short),
        wit::Forgetting::LevelMedium => Forgetting::Level(MemoryLevel::Medium),
        wit::Forgetting::LevelLong => Forgetting::Level(MemoryLevel::Long),
        wit::Forgetting::Vector => Forgetting::Vector,
        wit::Forgetting::ShortTerm => Forgetting::ShortTerm,
        wit::Forgetting::Summary => Forgetting::Summary,
        wit::Forgetting::UserData => Forgetting::UserData,
        wit::Forgetting::All => Forgetting::All,
    }
}

impl From<MemoryFault> for Failure {
    fn from(fault: MemoryFault) -> Self {
        match fault {
            MemoryFault::Invalid(text) => Self::Invalid(text),
            MemoryFault::Denied(text) => Self::Denied(text),
            MemoryFault::NotFound(text) => Self::NotFound(text),
            MemoryFault::Unavailable(text) => Self::Unavailable(text),
            MemoryFault::Failed(text) => Self::Failed(text),
        }
    }
}
