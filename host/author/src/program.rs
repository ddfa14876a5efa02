//! Compilers and installers as child processes, in the developer's own environment. One that is no longer waited for is
//! ended together with whatever it has started.

use std::path::Path;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use crate::error::AuthorError;

/// The most of what a failed program said that is repeated, in bytes.
const WORDS: usize = 16 << 10;

/// What becomes of what programs say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// The terminal shows it at once.
    Live,
    /// It is kept, and shown when the program fails.
    #[default]
    OnFailure,
}

/// A program that works in this folder, reads nothing, and is the head of a process group of its own.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
    command
}

/// Runs it to its end and gives its standard output.
///
/// # Errors
/// It cannot be started or fails.
pub(crate) async fn run(mut command: Command, show: Show) -> Result<Vec<u8>, AuthorError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stderr(if show == Show::Live { Stdio::inherit() } else { Stdio::piped() });
    let child = command.spawn().map_err(|source| AuthorError::Start { program: program.clone(), source })?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let output =
        child.wait_with_output().await.map_err(|source| AuthorError::Start { program: program.clone(), source })?;
    group.0 = None;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(AuthorError::Failed { program, status: output.status, said: said(&output, show) })
}

/// The end of what it said.
fn said(output: &Output, show: Show) -> String {
    let bytes = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(WORDS)..]);
    match (text.trim(), show) {
        ("", Show::OnFailure) => " and says no more".to_owned(),
        ("", Show::Live) => ": what is wrong stands above".to_owned(),
        (text, _) => format!(":\n{text}"),
    }
}

/// The processes of a program that runs. Dropping it ends them.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that they have ended by themselves.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = command(Path::new("sh"), Path::new("/"));
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn a_program_that_fails_is_repeated() {
        assert_eq!(run(shell("echo made"), Show::OnFailure).await.unwrap(), b"made\n");
        let error = run(shell("echo 'no such word' >&2; exit 3"), Show::OnFailure).await.unwrap_err().to_string();
        assert!(error.contains("no such word") && error.contains('3'), "{error}");
        let missing = run(command(Path::new("no-such-compiler"), Path::new("/")), Show::OnFailure).await;
        assert!(missing.unwrap_err().to_string().contains("no-such-compiler"));
    }

    #[tokio::test]
    async fn a_build_that_is_given_up_ends_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(run(shell(&format!("mkfifo {}", pipe.display())), Show::OnFailure).await.is_ok());
        // The grandchild holds the pipe open for as long as it lives.
        let script = format!("sleep 600 > {} & wait", pipe.display());
        let build = tokio::spawn(run(shell(&script), Show::OnFailure));
        let (opened, started) = tokio::sync::oneshot::channel();
        let reader = tokio::task::spawn_blocking(move || {
            let mut pipe = std::fs::File::open(pipe).unwrap();
            opened.send(()).unwrap();
            std::io::copy(&mut pipe, &mut std::io::sink()).unwrap()
        });
        started.await.unwrap();
        build.abort();
        assert_eq!(reader.await.unwrap(), 0);
    }
}
