//! Files that people send: fetched into `workspace/uploads/` for owners and into a folder of each other person's own
//! in the data folder, for outsiders' files never share a folder with the owner's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{Attachment, Language, Principal, Role, Source};
use steward_channel::{Channel, FetchError};
use steward_store::StoreError;
use tokio::fs;
use tokio::io::AsyncWriteExt;

use crate::app::Host;
use crate::texts;

/// In the data folder: a folder for each person who is no owner, with their files and memory.
const PEOPLE: &str = "people";
const UPLOADS: &str = "uploads";
const MADE: &str = "made";
/// Ends the names of files that are not whole yet.
const PART: &str = ".part";
const FETCH_TIME: Duration = Duration::from_secs(180);

/// Where the files of a message went, and what to say of those that did not come.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// Paths as the model is given them.
    pub(crate) files: Vec<String>,
    /// Which of them may say something by their name: who wrote a file is not known, nor who named it.
    pub(crate) foreign: Vec<Source>,
    pub(crate) notes: Vec<String>,
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
    let (folder, shown) = folder_of(host, principal);
    for attachment in attachments {
        let name = safe_name(&attachment.name);
        if attachment.size.is_some_and(|size| size > limit) {
            fetched.notes.push(texts::file_too_large(language, &name, limit));
            continue;
        }
        match tokio::time::timeout(FETCH_TIME, fetch(channel, attachment, &folder, &name, limit)).await {
            Ok(Ok(saved)) => match mark(host, &folder.join(&saved)).await {
                Ok(()) => {
                    if !is_named_by_channel(&name) {
                        fetched.foreign.push(Source::File(name.clone()));
                    }
                    fetched.files.push(format!("{shown}/{saved}"));
                }
                Err(error) => fetched.notes.push(texts::file_lost(language, &name, &error.to_string())),
            },
            Ok(Err(FetchError::TooLarge { limit })) => {
                fetched.notes.push(texts::file_too_large(language, &name, limit));
            }
            Ok(Err(error)) => fetched.notes.push(texts::file_lost(language, &name, &error.to_string())),
            Err(_) => fetched.notes.push(texts::file_lost(language, &name, "it took too long")),
        }
    }
    fetched
}

/// A file that came is foreign, also when it is moved later, and so is its name in the folder.
async fn mark(host: &Host, file: &Path) -> Result<(), StoreError> {
    let (catalogue, came) = (host.plugins.catalogue(), Timestamp::now());
    catalogue.marks().mark_file(file).await?;
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

/// The folder of the folders of people who are no owners.
pub(crate) fn people(data: &Path) -> PathBuf {
    data.join(PEOPLE)
}

fn folder_of(host: &Host, principal: &Principal) -> (PathBuf, String) {
    match principal.role {
        Role::Owner => (host.config.workspace.join(UPLOADS), UPLOADS.to_owned()),
        _ => {
            let own = format!("{PEOPLE}/{}/{UPLOADS}", principal.person);
            (host.config.data.join(&own), own)
        }
    }
}

/// Fetches into a file that gets its name only when it is whole.
async fn fetch(
    channel: &dyn Channel,
    attachment: &Attachment,
    folder: &Path,
    name: &str,
    limit: u64,
) -> Result<String, FetchError> {
    let broken = |error: std::io::Error| FetchError::Later(format!("it cannot be written: {error}"));
    fs::create_dir_all(folder).await.map_err(broken)?;
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let saved = unused_name(folder, &format!("{stamp}-{name}")).await;
    let part = folder.join(format!(".{saved}{PART}"));
    let mut file = Capped { file: fs::File::create(&part).await.map_err(broken)?, left: limit };
    let result = channel.fetch(attachment, &mut file).await;
    let whole = match result {
        Ok(_) => match file.file.flush().await {
            Ok(()) => file.file.sync_all().await.map_err(broken),
            Err(error) => Err(broken(error)),
        },
        Err(_) if file.left == 0 => Err(FetchError::TooLarge { limit }),
        Err(error) => Err(error),
    };
    match whole {
        Ok(()) => fs::rename(&part, folder.join(&saved)).await.map_err(broken).map(|()| saved),
        Err(error) => {
            // What is left of it is of no use; the error that is told is the first one.
            let _ = fs::remove_file(&part).await;
            Err(error)
        }
    }
}

/// Keeps a file that a tool made, beside the uploads, and gives its path as the model is told it, and where it is.
pub(crate) async fn save_output(
    host: &Host,
    principal: &Principal,
    name: &str,
    data: &[u8],
) -> std::io::Result<(String, PathBuf)> {
    let (uploads, shown) = folder_of(host, principal);
    let folder = uploads.with_file_name(MADE);
    fs::create_dir_all(&folder).await?;
    let saved = unused_name(&folder, &safe_name(name)).await;
    let part = folder.join(format!(".{saved}{PART}"));
    fs::write(&part, data).await?;
    let file = folder.join(&saved);
    fs::rename(&part, &file).await?;
    Ok((format!("{}/{saved}", shown.replace(UPLOADS, MADE)), file))
}

/// Removes what files were left half fetched by a process that was killed. Blocks.
pub(crate) fn tidy(data: &Path, workspace: &Path) {
    let people = std::fs::read_dir(people(data)).into_iter().flatten().flatten().map(|entry| entry.path());
    for place in people.chain([workspace.to_owned()]) {
        for folder in [UPLOADS, MADE] {
            for file in std::fs::read_dir(place.join(folder)).into_iter().flatten().flatten() {
                let name = file.file_name();
                let half = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(PART));
                if half && let Err(error) = std::fs::remove_file(file.path()) {
                    tracing::warn!(file = %file.path().display(), %error, "half a file is left");
                }
            }
        }
    }
}

async fn unused_name(folder: &Path, name: &str) -> String {
    let mut tried = name.to_owned();
    let mut number = 1;
    while fs::try_exists(folder.join(&tried)).await.unwrap_or(false) {
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

/// A file that takes no more than it may, whatever the channel said the size was.
struct Capped {
    file: fs::File,
    left: u64,
}

impl tokio::io::AsyncWrite for Capped {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        if bytes.len() as u64 > self.left {
            self.left = 0;
            return std::task::Poll::Ready(Err(std::io::Error::other("the file is larger than allowed")));
        }
        let written = std::pin::Pin::new(&mut self.file).poll_write(context, bytes);
        if let std::task::Poll::Ready(Ok(count)) = written {
            self.left -= count as u64;
        }
        written
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.file).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.file).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_files_are_removed_and_whole_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (data, workspace) = (folder.path().join("data"), folder.path().join("workspace"));
        for file in ["data/people/7/uploads/.1-a.jpg.part", "workspace/uploads/.2-b.part", "workspace/uploads/2-b.part"]
        {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "half").unwrap();
        }
        tidy(&data, &workspace);
        assert!(!data.join("people/7/uploads/.1-a.jpg.part").exists());
        assert!(!workspace.join("uploads/.2-b.part").exists());
        assert!(workspace.join("uploads/2-b.part").exists(), "somebody's own file keeps its odd name");
    }

    #[test]
    fn a_file_name_cannot_leave_its_folder() {
        for (name, safe) in [
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("отчёт 2026 (1).pdf", "отчёт 2026 (1).pdf"),
            ("a\0b\n.txt", "a_b_.txt"),
            ("", "file"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
        assert_eq!(safe_name(&"x".repeat(500)).len(), 100);
    }
}
