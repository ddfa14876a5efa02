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

use std::sync::Arc;

use steward_agent::MemorySpace;
use steward_beneath::Place;
use wasmtime::component::{HasSelf, Linker};

pub use self::port::Recall;

use self::files::{MemoryError, MemoryPath};
use crate::argument::required;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::secret::Known;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "memory",
    summary: (
        "Read and search your memory (MEMORY.md, the daily notes, transcripts), add to it and forget it.",
        "Читать вашу память (MEMORY.md, записи по дням, разговоры), искать в ней, дополнять и стирать её.",
    ),
    interfaces: &["steward:plugin/memory"],
    levels: false,
    owner: Access::Write,
    group: Access::None,
    external: Access::None,
    link,
};

/// The longest query, and the longest path of what is to be searched, in characters.
const QUERY_CHARS: usize = 2_000;
const PATH_CHARS: usize = 1_000;
/// The most passages of one search.
const HITS: u32 = 50;

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::memory::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::memory::Host for CallState {
    async fn files(&mut self) -> Result<Vec<wit::memory::File>, Failure> {
        let found = on_files(self.memory_folder()?, files::list).await?;
        Ok(found.into_iter().map(|(path, size)| wit::memory::File { path: path.to_string(), size }).collect())
    }

    async fn read(&mut self, path: String) -> Result<String, Failure> {
        let path = MemoryPath::parse(&path)?;
        on_files(self.memory_folder()?, move |folder| files::read(folder, &path)).await
    }

    async fn append(&mut self, path: String, text: String) -> Result<(), Failure> {
        let path = MemoryPath::parse(&path)?;
        let key = self.next_key();
        if self.replayed && self.backing.store.effect_done(&key).await? {
            return Ok(());
        }
        // A call that was cut short between writing and marking finds its text at the end of the file.
        let unless_there = self.replayed;
        let written = path.clone();
        on_files(self.memory_folder()?, move |folder| files::append(folder, &written, &text, unless_there)).await?;
        if let Some(port) = self.backing.connected.memory.get() {
            port.changed(&self.principal, &path.to_string());
        }
        Ok(self.backing.store.mark_effect(&key).await?)
    }

    async fn search(&mut self, query: String, limit: u32) -> Result<wit::memory::Found, Failure> {
        let query = required("query", &query, QUERY_CHARS)?;
        if !(1..=HITS).contains(&limit) {
            return Err(Failure::Invalid(format!("`limit` is {limit} and may be 1 to {HITS}")));
        }
        // The query may leave for the model that makes vectors, and what is found goes into a guest.
        let known = self.known();
        let query = known.redact(&query);
        let mut found = self.recall()?.search(&self.principal, &query, limit).await?;
        found.hits.truncate(limit as usize);
        Ok(words::found(found, &known))
    }

    async fn index(&mut self, path: String) -> Result<wit::memory::Source, Failure> {
        let path = required("path", &path, PATH_CHARS)?;
        let source = self.recall()?.add_source(&self.principal, &path).await?;
        Ok(words::source(source, &self.known()))
    }

    async fn unindex(&mut self, path: String) -> Result<(), Failure> {
        let path = required("path", &path, PATH_CHARS)?;
        Ok(self.recall()?.remove_source(&self.principal, &path).await?)
    }

    async fn status(&mut self) -> Result<wit::memory::State, Failure> {
        let status = self.recall()?.status(&self.principal).await?;
        Ok(words::state(status, &self.known()))
    }

    async fn reindex(&mut self) -> Result<wit::memory::State, Failure> {
        let status = self.recall()?.reindex(&self.principal).await?;
        Ok(words::state(status, &self.known()))
    }

    async fn forget(&mut self, what: wit::memory::Forgetting) -> Result<String, Failure> {
        let key = self.next_key();
        Ok(self.recall()?.forget(&self.principal, words::forgetting(what), &key).await?)
    }

    async fn user_data(&mut self) -> Result<Vec<wit::memory::Entry>, Failure> {
        self.space()?;
        let (known, data) = (self.known(), self.backing.store.user_data(self.principal.person).await?);
        let entry = |(key, value): (String, String)| wit::memory::Entry { key, value: words::clean(value, &known) };
        Ok(data.into_iter().map(entry).collect())
    }

    async fn set_user_data(&mut self, key: String, value: Option<String>) -> Result<(), Failure> {
        let effect = self.next_key();
        self.space()?;
        let (person, now) = (self.principal.person, self.timestamp());
        Ok(self.backing.store.set_user_data(person, &key, value, &effect, now).await?)
    }
}

impl CallState {
    /// Whose memory the call works with.
    ///
    /// # Errors
    /// A group has none.
    fn space(&self) -> Result<MemorySpace, Failure> {
        MemorySpace::of(&self.principal).ok_or_else(|| {
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
        let port = self.backing.connected.memory.get();
        port.map(AsRef::as_ref)
            .ok_or_else(|| Failure::Unavailable("memory cannot be searched here: read its files instead".to_owned()))
    }

    fn known(&self) -> Arc<Known> {
        self.backing.connected.known()
    }

    /// The folder of the space.
    fn memory_folder(&self) -> Result<Place, Failure> {
        Ok(match self.space()? {
            MemorySpace::Owners => Place::of(&self.backing.workspace),
            MemorySpace::Person(person) => Place::below(&self.backing.people, person.to_string()),
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
