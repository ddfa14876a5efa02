//! `memory`: the owner's Markdown files. Only the files of memory can be named, whatever a path looks like, and none
//! is ever overwritten or deleted here.

mod files;

use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};

use self::files::{MemoryError, MemoryPath};
use crate::backing::Backing;
use crate::bindings::{Failure, wit};
use crate::capability::Capability;
use crate::grant::Access;
use crate::state::CallState;

pub(crate) const CAPABILITY: Capability = Capability {
    name: "memory",
    summary: (
        "Read your memory (MEMORY.md and the daily notes) and add to it.",
        "Читать вашу память (MEMORY.md и записи по дням) и дополнять её.",
    ),
    interfaces: &["steward:plugin/memory"],
    levels: false,
    owner: Access::Write,
    group: Access::None,
    external: Access::None,
    link,
};

fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    wit::memory::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

impl wit::memory::Host for CallState {
    async fn files(&mut self) -> Result<Vec<wit::memory::File>, Failure> {
        let found = on_files(&self.backing, files::list).await?;
        Ok(found.into_iter().map(|(path, size)| wit::memory::File { path: path.to_string(), size }).collect())
    }

    async fn read(&mut self, path: String) -> Result<String, Failure> {
        let path = MemoryPath::parse(&path)?;
        on_files(&self.backing, move |workspace| files::read(workspace, path)).await
    }

    async fn append(&mut self, path: String, text: String) -> Result<(), Failure> {
        let path = MemoryPath::parse(&path)?;
        let key = self.next_key();
        if self.replayed && self.backing.store.effect_done(&key).await? {
            return Ok(());
        }
        // A call that was cut short between writing and marking finds its text at the end of the file.
        let unless_there = self.replayed;
        on_files(&self.backing, move |workspace| files::append(workspace, path, &text, unless_there)).await?;
        Ok(self.backing.store.mark_effect(&key).await?)
    }
}

/// Does file work off the async threads.
async fn on_files<T: Send + 'static>(
    backing: &Arc<Backing>,
    work: impl FnOnce(&Path) -> Result<T, MemoryError> + Send + 'static,
) -> Result<T, Failure> {
    let backing = Arc::clone(backing);
    let done = tokio::task::spawn_blocking(move || work(&backing.workspace)).await;
    Ok(done.map_err(|_| Failure::Failed("memory cannot be used: the program is shutting down".to_owned()))??)
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        let text = error.to_string();
        match error {
            MemoryError::NoSuchPath(_) | MemoryError::Empty | MemoryError::TextTooLong { .. } => Self::Invalid(text),
            MemoryError::Missing(_) => Self::NotFound(text),
            MemoryError::Io { .. } => Self::Unavailable(text),
            MemoryError::FileTooLong(_) | MemoryError::NotPlain(_) | MemoryError::Outside(_) => Self::Failed(text),
        }
    }
}

#[cfg(test)]
mod tests;
