//! The socket of the daemon: made, cleared of what a crash left behind, open to its own user only.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::ChannelError;

/// A socket that is being listened on, and the user it belongs to. Its file goes when it is dropped.
pub(super) struct Socket {
    pub(super) listener: tokio::net::UnixListener,
    /// Our own user.
    pub(super) owner: u32,
    _file: SocketFile,
}

struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens on the path.
///
/// # Errors
/// Another daemon listens there, something that is not a socket is there, or the folder cannot be written.
pub(super) async fn listen(path: &Path) -> Result<Socket, ChannelError> {
    let place = path.to_owned();
    let bound = tokio::task::spawn_blocking(move || bind(&place)).await;
    let (listener, owner) = bound.map_err(|error| failure(path, error))??;
    let file = SocketFile(path.to_owned());
    let listener = tokio::net::UnixListener::from_std(listener).map_err(|error| failure(path, error))?;
    Ok(Socket { listener, owner, _file: file })
}

fn bind(path: &Path) -> Result<(UnixListener, u32), ChannelError> {
    let failed = |error: std::io::Error| failure(path, error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    clear(path)?;
    let listener = UnixListener::bind(path).map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => failure(path, "its path is too long: choose a shorter STEWARD_DATA"),
        _ => failed(error),
    })?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let owner = std::fs::metadata(path).map_err(failed)?.uid();
    Ok((listener, owner))
}

/// Removes a socket nobody listens on any more.
fn clear(path: &Path) -> Result<(), ChannelError> {
    let Ok(there) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !there.file_type().is_socket() {
        return Err(failure(path, "something else is there: move it away"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(|error| failure(path, error))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failure(path, error)),
        Ok(_) => Err(ChannelError::AlreadyRunning(path.to_owned())),
    }
}

fn failure(path: &Path, reason: impl ToString) -> ChannelError {
    ChannelError::Socket { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/steward.sock");
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        let socket = listen(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(listen(&path).await, Err(ChannelError::AlreadyRunning(_))));
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        std::fs::write(&path, "mine").unwrap();
        let error = listen(&path).await.err().unwrap();
        assert!(error.to_string().contains("move it away"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        let long = folder.path().join("x".repeat(120));
        assert!(listen(&long).await.err().unwrap().to_string().contains("shorter"));
    }
}
