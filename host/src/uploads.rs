//! Files that people send: fetched into `workspace/uploads/` for owners and into a folder of each other person's own
//! in the data folder, for outsiders' files never share a folder with the owner's.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use steward_agent::{Attachment, Language, PersonId, Principal, Role, Source};
use steward_beneath::{Folder, Place};
use steward_channel::{Channel, FetchError};
use steward_store::{Resource, Store, StoreError};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::Host;
use crate::space::{self, PEOPLE};
use crate::texts;

const UPLOADS: &str = "uploads";
const MADE: &str = "made";
/// Ends the names of files that are not whole yet.
const PART: &str = ".part";
/// Bytes on their way between the channel and the file.
const PIPE: usize = 64 * 1024;
/// Bytes that are paid for at once.
const STEP: u64 = 1 << 20;
/// The least a file takes on a disk.
const BLOCK: u64 = 4096;
const FETCH_TIME: Duration = Duration::from_secs(180);

/// Where the files of a message went, and what to say of those that did not come.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// Paths as the model is given them.
    pub(crate) files: Vec<String>,
    /// Which of them may say something by their name: who wrote a file is not known, nor who named it.
    pub(crate) foreign: Vec<Source>,
    pub(crate) notes: Vec<String>,
    /// What the sender has used up, if that is why a file did not come.
    pub(crate) exhausted: Option<Resource>,
}

pub(crate) async fn fetch_all(
    host: &Host,
    channel: &dyn Channel,
    principal: &Principal,
    language: Language,
    attachments: &[Attachment],
) -> Fetched {
    let mut fetched = Fetched::default();
    let limit = host.config.limits.upload_mb << 20;
    let (home, shown) = home_of(host, principal);
    for attachment in attachments {
        let name = safe_name(&attachment.name);
        if attachment.size.is_some_and(|size| size > limit) {
            fetched.notes.push(texts::file_too_large(language, &name, limit));
            continue;
        }
        let _place = host.lanes.download(&principal.role).await;
        let account = Account::of(host, principal);
        let fetching = fetch(channel, attachment, home.clone(), &name, limit, &account);
        match tokio::time::timeout(FETCH_TIME, fetching).await {
            Ok(Ok(saved)) => {
                let path = format!("{UPLOADS}/{saved}");
                match mark(host, &home, &path).await {
                    Ok(()) => {
                        if !is_named_by_channel(&name) {
                            fetched.foreign.push(Source::File(name.clone()));
                        }
                        fetched.files.push(format!("{shown}{path}"));
                    }
                    Err(error) => fetched.notes.push(texts::file_lost(language, &name, &error.to_string())),
                }
            }
            Ok(Err(Lost::Exhausted(resource))) => {
                fetched.notes.push(texts::file_refused(language, &name));
                fetched.exhausted = Some(resource);
            }
            Ok(Err(Lost::Fetch(FetchError::TooLarge { limit }))) => {
                fetched.notes.push(texts::file_too_large(language, &name, limit));
            }
            Ok(Err(Lost::Fetch(error))) => fetched.notes.push(texts::file_lost(language, &name, &error.to_string())),
            Err(_) => fetched.notes.push(texts::file_lost(language, &name, "it took too long")),
        }
    }
    fetched
}

/// A file that came is foreign, also when it is moved later, and so is its name in the folder.
async fn mark(host: &Host, home: &Place, file: &str) -> Result<(), StoreError> {
    let (catalogue, came) = (host.plugins.catalogue(), Timestamp::now());
    catalogue.marks().mark_file(home, file).await?;
    catalogue.marks().mark_since(came).await
}

/// Whether a name was made up by the channel and so says nothing: `photo-AQADu7.jpg`.
fn is_named_by_channel(name: &str) -> bool {
    let kinds = ["photo-", "voice-", "video-note-", "video-", "audio-", "animation-", "document-"];
    let Some(rest) = kinds.iter().find_map(|kind| name.strip_prefix(kind)) else { return false };
    let (id, ending) = rest.split_once('.').unwrap_or((rest, ""));
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    id.len() <= 24 && ending.len() <= 4 && plain(id) && plain(ending)
}

/// Whose folder the files of a run go into, and what it is called before the names of the files there.
fn home_of(host: &Host, principal: &Principal) -> (Place, String) {
    match principal.role {
        Role::Owner => (Place::of(&host.config.workspace), String::new()),
        _ => (space::person_s(&host.config.data, principal.person), format!("{PEOPLE}/{}/", principal.person)),
    }
}

/// Why a file did not come.
enum Lost {
    Fetch(FetchError),
    Exhausted(Resource),
}

impl From<FetchError> for Lost {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

/// On whose account bytes are kept. Owners have none.
struct Account {
    store: Store,
    person: Option<PersonId>,
}

impl Account {
    fn of(host: &Host, principal: &Principal) -> Self {
        let person = (principal.role != Role::Owner).then_some(principal.person);
        Self { store: host.store.clone(), person }
    }

    /// Pays for these before they are kept.
    async fn pay(&self, wanted: &[(Resource, u64)]) -> Result<(), Lost> {
        let Some(person) = self.person else { return Ok(()) };
        match self.store.charge(person, wanted, Timestamp::now()).await {
            Ok(None) => Ok(()),
            Ok(Some(resource)) => Err(Lost::Exhausted(resource)),
            Err(error) => Err(Lost::Fetch(FetchError::Later(error.to_string()))),
        }
    }

    /// Gets back what was paid and not used.
    async fn pay_back(&self, bytes: u64) {
        let Some(person) = self.person.filter(|_| bytes > 0) else { return };
        let change = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_neg();
        if let Err(error) = self.store.correct(person, &[(Resource::Bytes, change)], Timestamp::now()).await {
            tracing::warn!(%error, "bytes that were not used stay counted");
        }
    }
}

/// Fetches into a file that gets its name only when it is whole. Every byte is paid for before it is written, by what
/// really comes and not by what the sender says.
async fn fetch(
    channel: &dyn Channel,
    attachment: &Attachment,
    home: Place,
    name: &str,
    limit: u64,
    account: &Account,
) -> Result<String, Lost> {
    let broken = |error: std::io::Error| FetchError::Later(format!("it cannot be written: {error}"));
    // Asks for a first byte too, so that nothing is asked of the channel when none is left.
    account.pay(&[(Resource::Files, 1), (Resource::Bytes, 0)]).await?;
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let wanted = format!("{stamp}-{name}");
    let begun = blocking(move || {
        let folder = home.make()?.make_folder(UPLOADS)?;
        let (saved, part, file) = begin_file(&folder, &wanted)?;
        Ok((folder, saved, part, file))
    });
    let (folder, saved, part, file) = begun.await.map_err(broken)?;
    match pour(channel, attachment, File::from_std(file), limit, account).await {
        Ok(()) => {
            let whole = blocking(move || Ok(folder.rename(part, &saved).map(|()| saved)?)).await;
            whole.map_err(|error| broken(error).into())
        }
        Err(error) => {
            // What is left of it is of no use; the error that is told is the first one.
            let _ = blocking(move || Ok(folder.remove(part)?)).await;
            Err(error)
        }
    }
}

/// Copies what the channel brings to the file, and stops it as soon as it is more than the sender may have kept.
async fn pour(
    channel: &dyn Channel,
    attachment: &Attachment,
    mut file: File,
    limit: u64,
    account: &Account,
) -> Result<(), Lost> {
    let broken = |error: std::io::Error| FetchError::Later(format!("it cannot be written: {error}"));
    let (mut inlet, mut outlet) = tokio::io::simplex(PIPE);
    let bring = async {
        let brought = channel.fetch(attachment, &mut outlet).await;
        // The end of what comes.
        let _ = outlet.shutdown().await;
        brought
    };
    let keep = async {
        let mut piece = vec![0; PIPE];
        let (mut kept, mut paid) = (0u64, 0u64);
        loop {
            let count = inlet.read(&mut piece).await.map_err(broken)? as u64;
            if count == 0 {
                break;
            }
            kept += count;
            if kept > limit {
                return Err(Lost::Fetch(FetchError::TooLarge { limit }));
            }
            if kept > paid {
                // A file takes whole blocks, however small it is.
                let needed = kept.next_multiple_of(BLOCK) - paid;
                // By the megabyte while there is so much: the store is not asked for every few bytes.
                let more = STEP.max(needed);
                match account.pay(&[(Resource::Bytes, more)]).await {
                    Ok(()) => paid += more,
                    Err(Lost::Exhausted(_)) => {
                        account.pay(&[(Resource::Bytes, needed)]).await?;
                        paid += needed;
                    }
                    Err(error) => return Err(error),
                }
            }
            file.write_all(&piece[..usize::try_from(count).unwrap_or_default()]).await.map_err(broken)?;
        }
        file.flush().await.map_err(broken)?;
        file.sync_all().await.map_err(broken)?;
        account.pay_back(paid.saturating_sub(kept.next_multiple_of(BLOCK))).await;
        Ok(())
    };
    tokio::pin!(bring, keep);
    tokio::select! {
        // What was kept first decides: it stops the channel, and it is done only after the channel is.
        kept = &mut keep => {
            kept?;
            bring.await.map(drop).map_err(Lost::Fetch)
        }
        brought = &mut bring => {
            brought?;
            keep.await
        }
    }
}

/// Keeps a file that a tool made, next to the uploads, and gives its path as the model is told it. One that was made of
/// foreign text is foreign.
pub(crate) async fn save_output(
    host: &Host,
    principal: &Principal,
    (name, data): (&str, &[u8]),
    foreign: bool,
) -> std::io::Result<String> {
    let (home, shown) = home_of(host, principal);
    let account = Account::of(host, principal);
    let size = (data.len() as u64).next_multiple_of(BLOCK).max(BLOCK);
    if account.pay(&[(Resource::Files, 1), (Resource::Bytes, size)]).await.is_err() {
        return Err(std::io::Error::other("this person has no more room for files today"));
    }
    let (name, data, place) = (safe_name(name), data.to_vec(), home.clone());
    let saved = blocking(move || {
        let folder = home.make()?.make_folder(MADE)?;
        let saved = unused_name(&folder, &name);
        folder.replace(&saved, &data)?;
        Ok(saved)
    });
    let path = format!("{MADE}/{}", saved.await?);
    if foreign && let Err(error) = host.plugins.catalogue().marks().mark_file(&place, &path).await {
        tracing::error!(%error, "a file that a tool made is not marked as foreign");
    }
    Ok(format!("{shown}{path}"))
}

/// Does file work off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// Deletes the files of these people that are older than that. Blocks.
pub(crate) fn forget(data: &Path, whose: &[PersonId], before: SystemTime) {
    for id in whose {
        for name in [UPLOADS, MADE] {
            let Ok(folder) = space::person_s(data, *id).open().and_then(|home| home.folder(name)) else { continue };
            for entry in folder.entries().unwrap_or_default() {
                // Of a link itself, not of what it leads to.
                let about = folder.link_metadata(entry.path());
                let old = about.is_ok_and(|about| !about.is_folder() && about.written() < before);
                if old && let Err(error) = folder.remove(entry.path()) {
                    tracing::warn!(%error, "an outsider's old file was not deleted");
                }
            }
        }
    }
}

/// Removes what files were left half fetched by a process that was killed. Blocks.
pub(crate) fn tidy(data: &Path, workspace: &Path) {
    let people = Place::below(data, PEOPLE).open().and_then(|people| people.entries()).unwrap_or_default();
    let people = people.into_iter().map(|one| Place::below(data, Path::new(PEOPLE).join(one.name)));
    for home in people.chain([Place::of(workspace)]) {
        for name in [UPLOADS, MADE] {
            if let Ok(folder) = home.open().and_then(|home| home.folder(name)) {
                tidy_folder(&folder);
            }
        }
    }
}

fn tidy_folder(folder: &Folder) {
    for entry in folder.entries().unwrap_or_default() {
        let half = entry.name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(PART));
        if half && let Err(error) = folder.remove(entry.path()) {
            tracing::warn!(%error, "half a file is left");
        }
    }
}

/// A file that is not whole yet, and the name it will have and the one it has until then.
fn begin_file(folder: &Folder, wanted: &str) -> std::io::Result<(String, String, std::fs::File)> {
    loop {
        let saved = unused_name(folder, wanted);
        let part = format!(".{saved}{PART}");
        match folder.create(&part).map_err(std::io::Error::from) {
            Ok(file) => return Ok((saved, part, file)),
            // Another one of that name began to come at this very moment.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

fn unused_name(folder: &Folder, name: &str) -> String {
    // Half a file is looked for first: it may get its name between the two looks.
    let is_taken =
        |name: &str| folder.link_metadata(format!(".{name}{PART}")).is_ok() || folder.link_metadata(name).is_ok();
    let mut tried = name.to_owned();
    let mut number = 1;
    while is_taken(&tried) {
        number += 1;
        tried = format!("{number}-{name}");
    }
    tried
}

/// The sender's name for a file as a name that can do no harm: no folders, no leading dots, at most 100 characters.
fn safe_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String =
        last.chars().map(|c| if c.is_alphanumeric() || "._- ()".contains(c) { c } else { '_' }).collect();
    let trimmed = kept.trim().trim_start_matches('.');
    let count = trimmed.chars().count();
    let name: String = trimmed.chars().skip(count.saturating_sub(100)).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests;
