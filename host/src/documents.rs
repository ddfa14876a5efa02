//! Reads documents for the host itself, by the plugin `documents`: what a broken or hostile file can do, it does in the
//! sandbox. The file is copied into a folder of its own, which is all the workspace that the call has, so that a document
//! of one person is read without the plugin seeing anybody's other files.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use steward_agent::{Language, Origin, Principal, Role, SessionId, bytes};
use steward_sandbox::{Answer, Call, Catalogue, Outcome, ToolPort};
use steward_store::Store;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::installed::Plugins;

const PLUGIN: &str = "documents";
const TOOL: &str = "read_document";

/// The folder below the data folder in which files lie while they are read.
const FOLDER: &str = "reading";

/// The largest file that is read; the plugin reads no larger one.
const FILE_LIMIT: u64 = 24 << 20;

/// The most text that is taken of one document, in bytes; the plugin keeps no more of one either, except of a PDF.
const TEXT_LIMIT: usize = 4 << 20;

/// Characters of one part: as many as the plugin gives.
const PART: usize = 100_000;

/// All the time for one document, once its turn has come.
const TIME: Duration = Duration::from_secs(60);

/// Reads documents by the plugin `documents` in a sandbox that sees one file and nothing else.
pub(crate) struct Documents {
    plugins: Arc<Plugins>,
    store: Store,
    folder: PathBuf,
    /// One document at a time: nobody waits for it, and a large one takes all the memory of a call.
    turn: Semaphore,
}

/// The text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) title: Option<String>,
    /// As Markdown; each page of a PDF begins with a line `[page N]`.
    pub(crate) text: String,
    /// `pdf`, `docx`, `odt`, `epub`, `html` or `text`.
    pub(crate) format: String,
    /// There is more text in it than is taken of one document.
    pub(crate) cut: bool,
}

/// Why there is no text of a document, in words for a person.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    /// It will not be otherwise until the file is another one.
    #[error("{0}")]
    Unreadable(String),
    /// It may be otherwise at another time.
    #[error("{0}")]
    Later(String),
}

impl Documents {
    pub(crate) fn new(plugins: Arc<Plugins>, store: Store, data: &Path) -> Self {
        Self { plugins, store, folder: data.join(FOLDER), turn: Semaphore::new(1) }
    }

    /// The text of an open file: that it may be read was decided when it was opened, whatever its name leads to by now.
    /// `name` is what a person calls it; its ending helps where the contents do not tell what it is.
    ///
    /// # Errors
    /// It is no document, is damaged, locked or too large; or it cannot be read now.
    pub(crate) async fn text(&self, file: File, name: &str) -> Result<Document, DocumentError> {
        let _turn = self.turn.acquire().await.map_err(|_| DocumentError::Later("Steward is ending".to_owned()))?;
        // Its being compiled, after a first start, is not the time of one document.
        self.plugins.catalogue().prepare(TOOL).await;
        let deadline = Instant::now() + TIME;
        let staged = Staged::copy(file, self.folder.clone(), staged_name(name)).await?;
        let catalogue = self.plugins.catalogue().elsewhere(PLUGIN, staged.folder.path().to_owned());
        let catalogue = catalogue.ok_or_else(|| {
            DocumentError::Later(format!("the plugin {PLUGIN} is not there: `steward doctor` says why"))
        })?;
        let principal = self.principal().await?;
        let reading = Reading { catalogue, principal, staged: &staged.name, name, deadline };
        // The plugin's own limit ends a call; this one ends what goes on from call to call.
        let read = timeout_at(deadline, reading.whole()).await.unwrap_or_else(|_| {
            Err(DocumentError::Unreadable(format!("`{name}` takes more than {} s to read", TIME.as_secs())))
        });
        drop(reading);
        staged.remove().await;
        read
    }

    /// The owner, whose plugin it is. What is read here was set going by nobody.
    async fn principal(&self) -> Result<Principal, DocumentError> {
        let owners = self.store.owners().await.map_err(|error| DocumentError::Later(error.to_string()))?;
        let owner =
            owners.into_iter().next().ok_or_else(|| DocumentError::Later("there is no owner yet".to_owned()))?;
        let session = SessionId(PLUGIN.to_owned());
        Ok(Principal { person: owner.id, name: owner.name, role: Role::Owner, session, origin: Origin::Schedule })
    }
}

/// Removes what a process that was killed had laid there. Blocks.
pub(crate) fn tidy(data: &Path) {
    match fs::remove_dir_all(data.join(FOLDER)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "copies of documents that were being read are left");
        }
        _ => {}
    }
}

/// A name of our own with the file's ending: the plugin is told nothing else.
fn staged_name(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain = (1..=8).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric());
    if plain { format!("document.{}", ending.to_ascii_lowercase()) } else { "document".to_owned() }
}

/// A copy of a file, alone in a folder that goes with it.
struct Staged {
    folder: TempDir,
    name: String,
}

impl Staged {
    async fn copy(file: File, folder: PathBuf, name: String) -> Result<Self, DocumentError> {
        let copied = tokio::task::spawn_blocking(move || {
            let folder = private_folder(&folder)?;
            let size = copy(file, &folder.path().join(&name))?;
            Ok::<_, io::Error>((Self { folder, name }, size))
        });
        let copied = copied.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        match copied {
            Ok((_, size)) if size > FILE_LIMIT => Err(DocumentError::Unreadable(format!(
                "it has more than {}, and no larger document is read",
                bytes(FILE_LIMIT)
            ))),
            Ok((staged, _)) => Ok(staged),
            Err(error) => Err(DocumentError::Later(format!("it cannot be copied to be read: {error}"))),
        }
    }

    async fn remove(self) {
        let removed = tokio::task::spawn_blocking(move || self.folder.close());
        if let Ok(Err(error)) = removed.await {
            tracing::warn!(%error, "a copy of a document is left until the next start");
        }
    }
}

fn private_folder(parent: &Path) -> io::Result<TempDir> {
    DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    tempfile::Builder::new().prefix("").permissions(Permissions::from_mode(0o700)).tempdir_in(parent)
}

/// Copies no more than shows that there is too much.
fn copy(mut from: File, to: &Path) -> io::Result<u64> {
    if !from.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    from.rewind()?;
    let mut copy = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut from.take(FILE_LIMIT + 1), &mut copy)
}

/// A document on its way through the plugin, part by part.
struct Reading<'a> {
    catalogue: Catalogue,
    principal: Principal,
    /// The name of the copy.
    staged: &'a str,
    name: &'a str,
    deadline: Instant,
}

impl Reading<'_> {
    async fn whole(&self) -> Result<Document, DocumentError> {
        let mut document = Document { title: None, text: String::new(), format: String::new(), cut: false };
        let mut next = json!({});
        loop {
            let part = self.part(&next).await?;
            let text = |key: &str| part.get(key).and_then(Value::as_str).map(str::to_owned);
            let added = text("text").unwrap_or_default();
            document.text.push_str(&added);
            document.title = document.title.or_else(|| text("title"));
            document.format = text("format").unwrap_or_default();
            document.cut = part.get("cut").and_then(Value::as_bool).unwrap_or(false);
            match part.get("next") {
                None | Some(Value::Null) => return Ok(document),
                Some(_) if document.text.len() >= TEXT_LIMIT => {
                    document.text.truncate(document.text.floor_char_boundary(TEXT_LIMIT));
                    return Ok(Document { cut: true, ..document });
                }
                Some(same) if added.is_empty() || *same == next => return Err(self.strange()),
                Some(further) => next = further.clone(),
            }
        }
    }

    /// One part, as the plugin gives it to programs.
    async fn part(&self, next: &Value) -> Result<Value, DocumentError> {
        let mut input = json!({ "path": self.staged, "limit": PART });
        if let (Value::Object(input), Value::Object(next)) = (&mut input, next) {
            input.extend(next.clone());
        }
        let answer = self.catalogue.call(self.call(input)).await;
        match answer.outcome {
            Outcome::Ok => answer.structured.ok_or_else(|| self.strange()),
            _ => Err(self.refused(answer)),
        }
    }

    fn call(&self, input: Value) -> Call {
        Call {
            principal: self.principal.clone(),
            language: Language::En,
            run: None,
            name: TOOL.to_owned(),
            input,
            key: format!("{PLUGIN}/{}", Timestamp::now()),
            replayed: false,
            time_limit: self.deadline.saturating_duration_since(Instant::now()),
            cancel: CancellationToken::new(),
            progress: None,
            owner: None,
            tools: ToolPort::Absent,
            sight: Default::default(),
        }
    }

    fn refused(&self, answer: Answer) -> DocumentError {
        let text = answer.text.replace(&format!("`{}`", self.staged), &format!("`{}`", self.name));
        match answer.outcome {
            Outcome::Denied | Outcome::Unavailable | Outcome::Cancelled | Outcome::UnknownTool => {
                DocumentError::Later(text)
            }
            _ => DocumentError::Unreadable(text),
        }
    }

    fn strange(&self) -> DocumentError {
        DocumentError::Unreadable(format!("`{}` was read, but not in a form that is known here", self.name))
    }
}

#[cfg(test)]
mod tests;
