//! `memory`: the Markdown files of one space, a search over them, and what is known about a person. Only the files of
//! memory can be named, whatever a path looks like, and none is ever overwritten or deleted here.
//!
//! Whose memory it is follows from who asks: owners share the workspace, everybody else has a folder of their own, a
//! group has none. Searching and forgetting are the host's, by the port in `port`.

mod files;
mod port;
#[cfg(test)]
pub(crate) mod stand_in;
mod words;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use steward_agent::{MemoryHit, MemorySpace, Principal, Source};
use steward_beneath::Place;
use steward_store::{Effects, UserData};
use wasmtime::component::{HasData, Linker};

pub use self::port::Recall;

use self::files::{MemoryError, MemoryPath};
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::{Brings, Capability};
use crate::foreign::{self, ForeignMarks, Leave, Lowering, Matter, one_text, user_data_place};
use crate::grant::Access;
use crate::host_call::{EffectKey, HostCall};
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "memory",
    summary: (
        "Read and search your memory (MEMORY.md, the daily notes, transcripts), add to it and forget it.",
        "Читать вашу память (MEMORY.md, записи по дням, разговоры), искать в ней, дополнять и стирать её.",
    ),
    interfaces: &["steward:plugin/memory"],
    owner: Access::Write,
    brings: Brings::Marked,
    stays_within: true,
    in_folder: true,
    link,
    ..Capability::PLAIN
};

/// The longest query, and the longest path of what is to be searched, in characters.
const QUERY_CHARS: usize = 2_000;
const PATH_CHARS: usize = 1_000;
/// The most passages of one search.
const HITS: u32 = 50;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::memory::add_to_linker::<_, HasMemory>(linker, view)
}

/// What it needs of a call: whose memory it is, where its files lie, what searches it, and what came from others.
struct Memory<'a> {
    principal: &'a Principal,
    workspace: &'a Path,
    people: &'a Path,
    port: Option<&'a dyn Recall>,
    effects: Effects<'a>,
    user_data: UserData<'a>,
    marks: &'a ForeignMarks,
    lowering: &'a Lowering,
    known: Arc<Known>,
    key: EffectKey<'a>,
    replayed: bool,
    now: Timestamp,
}

struct HasMemory;

impl HasData for HasMemory {
    type Data<'a> = Memory<'a>;
}

fn view(state: &mut CallState) -> Memory<'_> {
    let HostCall { backing, principal, lowering, replayed, key, .. } = HostCall::of(state);
    Memory {
        principal,
        workspace: &backing.workspace,
        people: &backing.people,
        port: backing.connected.memory.get().map(AsRef::as_ref),
        effects: backing.store.effects(),
        user_data: backing.store.user_data(),
        marks: &backing.marks,
        lowering,
        known: backing.connected.known(),
        key,
        replayed,
        now: backing.now(),
    }
}

impl wit::memory::Host for Memory<'_> {
    async fn files(&mut self) -> Result<Vec<wit::memory::File>, Failure> {
        let found = on_files(self.memory_folder()?, files::list).await?;
        Ok(found.into_iter().map(|(path, size)| wit::memory::File { path: path.to_string(), size }).collect())
    }

    async fn read(&mut self, path: String) -> Result<String, Failure> {
        let path = MemoryPath::parse(&path)?;
        let (folder, wanted) = (self.memory_folder()?, path.clone());
        let whole = self.marks.is_file_foreign(&folder, &path.to_string()).await?;
        let text = on_files(folder, move |folder| files::read(folder, &wanted)).await?;
        if whole || self.marks.is_text_foreign(&self.memory_place(&path.to_string())?, &text).await? {
            self.lowering.receive(Source::Memory(path.to_string()));
        }
        Ok(text)
    }

    async fn append(&mut self, path: String, text: String) -> Result<(), Failure> {
        let path = MemoryPath::parse(&path)?;
        let key = self.key.to_string();
        if self.replayed && self.effects.is_done(&key).await? {
            return Ok(());
        }
        // What an owner has agreed to is theirs; all else that a run with foreign text writes stays foreign.
        let mut leave = Leave::Standing;
        if path.is_instruction() {
            let shown = json!({ "file": path.to_string(), "text": text });
            leave = self.lowering.ask(Matter::Instructions, &shown.to_string(), shown.clone()).await?;
        }
        self.lowering.mark(leave, self.marks, &self.memory_place(&path.to_string())?, &text).await?;
        // A call that was cut short between writing and marking finds its text at the end of the file.
        let unless_there = self.replayed;
        let written = path.clone();
        on_files(self.memory_folder()?, move |folder| files::append(folder, &written, &text, unless_there)).await?;
        if let Some(port) = self.port {
            port.changed(self.principal, &path.to_string());
        }
        Ok(self.effects.mark(&key).await?)
    }

    async fn search(&mut self, query: String, limit: u32) -> Result<wit::memory::Found, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        if !(1..=HITS).contains(&limit) {
            return Err(Failure::Invalid(format!("`limit` is {limit} and may be 1 to {HITS}")));
        }
        // The query may leave for the model that makes vectors, and what is found goes into a guest.
        let known = Arc::clone(&self.known);
        let query = known.redact(&query);
        let mut found = self.recall()?.search(self.principal, &query, limit).await?;
        found.hits.truncate(limit as usize);
        self.receive_passages(&found.hits).await?;
        Ok(words::found(found, &known))
    }

    async fn index(&mut self, path: String) -> Result<wit::memory::Source, Failure> {
        let path = required("path", &path, PATH_CHARS)?;
        let source = self.recall()?.add_source(self.principal, &path).await?;
        Ok(words::source(source, &self.known))
    }

    async fn unindex(&mut self, path: String) -> Result<(), Failure> {
        let path = required("path", &path, PATH_CHARS)?;
        Ok(self.recall()?.remove_source(self.principal, &path).await?)
    }

    async fn status(&mut self) -> Result<wit::memory::State, Failure> {
        let status = self.recall()?.status(self.principal).await?;
        Ok(words::state(status, &self.known))
    }

    async fn reindex(&mut self) -> Result<wit::memory::State, Failure> {
        let status = self.recall()?.reindex(self.principal).await?;
        Ok(words::state(status, &self.known))
    }

    async fn forget(&mut self, what: wit::memory::Forgetting) -> Result<String, Failure> {
        let key = self.key.to_string();
        Ok(self.recall()?.forget(self.principal, words::forgetting(what), &key).await?)
    }

    async fn user_data(&mut self) -> Result<Vec<wit::memory::Entry>, Failure> {
        self.space()?;
        let data = self.user_data.of(self.principal.person).await?;
        let place = user_data_place(self.principal.person);
        for (key, value) in &data {
            if self.marks.is_text_foreign(&place, &one_text(&format!("{key}: {value}"))).await? {
                self.lowering.receive(Source::Memory(key.clone()));
            }
        }
        let entry =
            |(key, value): (String, String)| wit::memory::Entry { key, value: words::clean(value, &self.known) };
        Ok(data.into_iter().map(entry).collect())
    }

    async fn set_user_data(&mut self, key: String, value: Option<String>) -> Result<(), Failure> {
        self.space()?;
        if let Some(value) = &value {
            let shown = json!({ "key": key, "value": value });
            let leave = self.lowering.ask(Matter::Instructions, &shown.to_string(), shown.clone()).await?;
            let text = one_text(&format!("{key}: {value}"));
            self.lowering.mark(leave, self.marks, &user_data_place(self.principal.person), &text).await?;
        }
        let effect = self.key.to_string();
        Ok(self.user_data.set(self.principal.person, &key, value, &effect, self.now).await?)
    }
}

impl Memory<'_> {
    /// Whose memory the call works with.
    ///
    /// # Errors
    /// A group has none.
    fn space(&self) -> Result<MemorySpace, Failure> {
        MemorySpace::of(self.principal).ok_or_else(|| {
            let text = "a group has no memory: do without it, or let the person write to you alone";
            Failure::Denied(text.to_owned())
        })
    }

    /// What searches and forgets.
    ///
    /// # Errors
    /// A group has no memory, or nothing is connected that could search it.
    fn recall(&self) -> Result<&dyn Recall, Failure> {
        self.space()?;
        self.port
            .ok_or_else(|| Failure::Unavailable("memory cannot be searched here: read its files instead".to_owned()))
    }

    /// Where the lines of a file of this memory are marked.
    fn memory_place(&self, path: &str) -> Result<String, Failure> {
        Ok(foreign::place(&self.space()?.to_string(), path))
    }

    /// Notes which of the passages came from foreign text.
    async fn receive_passages(&mut self, hits: &[MemoryHit]) -> Result<(), Failure> {
        let (space, folder) = (self.space()?.to_string(), self.memory_folder()?);
        for hit in hits {
            let lines = (hit.first_line, hit.last_line);
            if self.marks.is_passage_foreign(&space, &folder, &hit.path, lines).await? {
                self.lowering.receive(Source::Memory(hit.path.clone()));
            }
        }
        Ok(())
    }

    /// The folder of the space.
    fn memory_folder(&self) -> Result<Place, Failure> {
        Ok(match self.space()? {
            MemorySpace::Owners => Place::of(self.workspace),
            MemorySpace::Person(person) => Place::below(self.people, person.to_string()),
        })
    }
}

/// Does file work in the folder of a space, off the async threads.
async fn on_files<T: Send + 'static>(
    folder: Place,
    work: impl FnOnce(&Place) -> Result<T, MemoryError> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(move || work(&folder)).await;
    Ok(done.map_err(|_| Failure::Failed("memory cannot be used: the program is shutting down".to_owned()))??)
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        let text = error.to_string();
        match error {
            MemoryError::NoSuchPath(_)
            | MemoryError::ReadOnly(_)
            | MemoryError::Empty
            | MemoryError::TextTooLong { .. } => Self::Invalid(text),
            MemoryError::Missing(_) => Self::NotFound(text),
            MemoryError::Io { .. } => Self::Unavailable(text),
            MemoryError::FileTooLong(_)
            | MemoryError::NotPlain(_)
            | MemoryError::NotFolder(_)
            | MemoryError::Outside(_) => Self::Failed(text),
        }
    }
}

#[cfg(test)]
mod tests;
