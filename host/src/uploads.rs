//! Files that people send: fetched into `workspace/uploads/` for owners and into a folder of each other person's own
//! in the data folder, for outsiders' files never share a folder with the owner's.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use steward_agent::{Attachment, Language, Principal, Role};
use steward_beneath::{Folder, Place};
use steward_channel::{Channel, FetchError};
use tokio::io::AsyncWriteExt;

use crate::app::Host;
use crate::space::{self, PEOPLE};
use crate::texts;

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
    let (home, shown) = home_of(host, principal);
    for attachment in attachments {
        let name = safe_name(&attachment.name);
        if attachment.size.is_some_and(|size| size > limit) {
            fetched.notes.push(texts::file_too_large(language, &name, limit));
            continue;
        }
        match tokio::time::timeout(FETCH_TIME, fetch(channel, attachment, home.clone(), &name, limit)).await {
            Ok(Ok(saved)) => fetched.files.push(format!("{shown}{UPLOADS}/{saved}")),
            Ok(Err(FetchError::TooLarge { limit })) => {
                fetched.notes.push(texts::file_too_large(language, &name, limit));
            }
            Ok(Err(error)) => fetched.notes.push(texts::file_lost(language, &name, &error.to_string())),
            Err(_) => fetched.notes.push(texts::file_lost(language, &name, "it took too long")),
        }
    }
    fetched
}

/// Whose folder the files of a run go into, and what it is called before the names of the files there.
fn home_of(host: &Host, principal: &Principal) -> (Place, String) {
    match principal.role {
        Role::Owner => (Place::of(&host.config.workspace), String::new()),
        _ => (space::person_s(&host.config.data, principal.person), format!("{PEOPLE}/{}/", principal.person)),
    }
}

/// Fetches into a file that gets its name only when it is whole.
async fn fetch(
    channel: &dyn Channel,
    attachment: &Attachment,
    home: Place,
    name: &str,
    limit: u64,
) -> Result<String, FetchError> {
    let broken = |error: std::io::Error| FetchError::Later(format!("it cannot be written: {error}"));
    let stamp = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    let wanted = format!("{stamp}-{name}");
    let begun = blocking(move || {
        let folder = home.make()?.make_folder(UPLOADS)?;
        let saved = unused_name(&folder, &wanted);
        let part = format!(".{saved}{PART}");
        let file = folder.create(&part)?;
        Ok((folder, saved, part, file))
    });
    let (folder, saved, part, file) = begun.await.map_err(broken)?;
    let mut file = Capped { file: tokio::fs::File::from_std(file), left: limit };
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
        Ok(()) => blocking(move || Ok(folder.rename(part, &saved).map(|()| saved)?)).await.map_err(broken),
        Err(error) => {
            // What is left of it is of no use; the error that is told is the first one.
            let _ = blocking(move || Ok(folder.remove(part)?)).await;
            Err(error)
        }
    }
}

/// Keeps a file that a tool made, beside the uploads, and gives its path as the model is told it.
pub(crate) async fn save_output(
    host: &Host,
    principal: &Principal,
    name: &str,
    data: &[u8],
) -> std::io::Result<String> {
    let (home, shown) = home_of(host, principal);
    let (name, data) = (safe_name(name), data.to_vec());
    let saved = blocking(move || {
        let folder = home.make()?.make_folder(MADE)?;
        let saved = unused_name(&folder, &name);
        folder.replace(&saved, &data)?;
        Ok(saved)
    });
    Ok(format!("{shown}{MADE}/{}", saved.await?))
}

/// Does file work off the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
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

fn unused_name(folder: &Folder, name: &str) -> String {
    let mut tried = name.to_owned();
    let mut number = 1;
    while folder.link_metadata(&tried).is_ok() {
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
    file: tokio::fs::File,
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

        let outside = folder.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join(".x.part"), "of somebody else").unwrap();
        std::os::unix::fs::symlink("../outside", workspace.join("made")).unwrap();
        std::os::unix::fs::symlink(folder.path(), data.join("people/8")).unwrap();
        tidy(&data, &workspace);
        assert!(outside.join(".x.part").exists(), "nothing is removed by way of a link");
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
