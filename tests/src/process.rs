//! Child processes whose output is kept line by line. They end with their handle, killed by their id.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::patience::{PATIENCE, wait_at_most, wait_for};

/// The lines a process has printed, standard output and standard error together. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<watch::Sender<Vec<String>>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    pub(crate) fn told(&self) -> String {
        self.all().join("\n")
    }

    pub(crate) fn push(&self, line: String) {
        self.0.send_modify(|lines| lines.push(line));
    }

    /// Waits for a line after the first `skip` ones from which `pick` takes something; gives its number too.
    pub(crate) async fn find<T>(&self, skip: usize, pick: impl Fn(&str) -> Option<T>) -> (usize, T) {
        let mut seen = self.0.subscribe();
        loop {
            let found = {
                let lines = seen.borrow_and_update();
                lines.iter().enumerate().skip(skip).find_map(|(at, line)| pick(line).map(|found| (at, found)))
            };
            match found {
                Some(found) => return found,
                // The sender is a field of `self`, so it cannot be gone.
                None => drop(seen.changed().await),
            }
        }
    }
}

/// A running child process.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines,
    readers: Vec<AbortOnDropHandle<()>>,
}

impl Process {
    /// Starts it with its output going to `lines`.
    ///
    /// # Panics
    /// When it cannot be started, with `remedy`.
    pub(crate) fn spawn(mut command: Command, lines: Lines, remedy: &str) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{:?} could not be started: {error}. {remedy}", command.as_std().get_program()),
        };
        let mut readers = Vec::new();
        if let Some(output) = child.stdout.take() {
            readers.push(read(output, lines.clone()));
        }
        if let Some(errors) = child.stderr.take() {
            readers.push(read(errors, lines.clone()));
        }
        let input = child.stdin.take();
        Self { child, input, lines, readers }
    }

    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for a line after the first `skip` ones from which `pick` takes something.
    ///
    /// # Panics
    /// When the process ends first or it takes too long, with all it has printed.
    pub(crate) async fn until_line<T>(&mut self, skip: usize, pick: impl Fn(&str) -> Option<T>) -> T {
        let lines = self.lines.clone();
        let search = async {
            tokio::select! {
                (_, found) = lines.find(skip, &pick) => Ok(found),
                status = self.child.wait() => Err(status),
            }
        };
        match wait_for(search, || format!("It printed:\n{}", lines.told())).await {
            Ok(found) => found,
            Err(status) => {
                self.finish_reading().await;
                panic!("it ended too early ({status:?}). It printed:\n{}", lines.told())
            }
        }
    }

    /// Writes a line to its standard input.
    pub(crate) async fn type_line(&mut self, line: &str) {
        let Some(input) = &mut self.input else { panic!("its standard input is closed") };
        let written = async {
            input.write_all(format!("{line}\n").as_bytes()).await?;
            input.flush().await
        };
        if let Err(error) = written.await {
            panic!("it does not read its input: {error}. It printed:\n{}", self.lines.told());
        }
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    /// Kills it as `kill -9` does and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill().await;
        self.finish_reading().await;
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.ended_within(PATIENCE).await
    }

    /// The same with another patience.
    pub(crate) async fn ended_within(&mut self, time: Duration) -> ExitStatus {
        let lines = self.lines.clone();
        let story = || format!("It does not end. It printed:\n{}", lines.told());
        let ended = wait_at_most(time, self.child.wait(), story).await;
        self.finish_reading().await;
        match ended {
            Ok(status) => status,
            Err(error) => panic!("it cannot be waited for: {error}"),
        }
    }

    /// Reads what is still in the pipes of a process that has ended.
    async fn finish_reading(&mut self) {
        for reader in self.readers.drain(..) {
            // A grandchild may hold the pipe open: what came so far will do.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(2), reader).await;
        }
    }
}

fn read(pipe: impl AsyncRead + Send + Unpin + 'static, lines: Lines) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
            lines.push(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            line.clear();
        }
    }))
}
