//! The chat of a script: each line is sent after the one before was answered, and the answers are printed as they
//! are. What is not an answer goes to standard error.

use std::io::BufRead as _;
use std::time::Duration;

use steward_agent::Language;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::ChatOptions;
use super::link::{Event, Link, Voice};
use super::protocol::{FromServer, VERSION};
use super::style::clean;
use super::words::Note;
use crate::ChannelError;

/// Reads standard input to its end and waits for the last answer.
pub(super) async fn run(link: Link, options: ChatOptions) -> Result<(), ChannelError> {
    let lines = read_input()?;
    let script = Script {
        out: tokio::io::stdout(),
        notes: tokio::io::stderr(),
        voice: link.voice.clone(),
        language: options.language,
        patience: options.patience,
    };
    converse(link, script, lines).await
}

/// Where the script's side of the chat goes.
pub(super) struct Script<Out, Notes> {
    pub(super) out: Out,
    pub(super) notes: Notes,
    pub(super) voice: Voice,
    pub(super) language: Language,
    pub(super) patience: Duration,
}

/// The lines of standard input. Its thread may wait for a line for ever; it ends with the process.
fn read_input() -> Result<mpsc::Receiver<Result<String, std::io::Error>>, ChannelError> {
    let (sender, lines) = mpsc::channel(1);
    let reader = move || {
        let mut input = std::io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = input.read_until(b'\n', &mut line);
            let line = match read {
                Ok(0) => return,
                Ok(_) => Ok(String::from_utf8_lossy(&line).into_owned()),
                Err(error) => Err(error),
            };
            let failed = line.is_err();
            if sender.blocking_send(line).is_err() || failed {
                return;
            }
        }
    };
    let spawned = std::thread::Builder::new().name("chat-input".to_owned()).spawn(reader);
    spawned.map_err(|error| ChannelError::Terminal(error.to_string()))?;
    Ok(lines)
}

/// Says the lines one after another.
pub(super) async fn converse<Out, Notes>(
    mut link: Link,
    mut script: Script<Out, Notes>,
    mut lines: mpsc::Receiver<Result<String, std::io::Error>>,
) -> Result<(), ChannelError>
where
    Out: AsyncWrite + Unpin,
    Notes: AsyncWrite + Unpin,
{
    loop {
        let line = tokio::select! {
            Some(event) = link.events.recv() => {
                script.heard(event).await?;
                continue;
            }
            line = lines.recv() => line,
        };
        let Some(line) = line else { break };
        let line = line.map_err(unusable)?;
        let line = line.trim_end_matches(['\n', '\r']);
        if line.trim().is_empty() {
            continue;
        }
        script.voice.say(line.to_owned()).await?;
        let answered = tokio::time::timeout(script.patience, script.answer(&mut link.events)).await;
        answered.map_err(|_| ChannelError::NoAnswer(script.patience))??;
    }
    drop(script);
    link.close().await;
    Ok(())
}

impl<Out: AsyncWrite + Unpin, Notes: AsyncWrite + Unpin> Script<Out, Notes> {
    /// Waits for the answer.
    async fn answer(&mut self, events: &mut mpsc::Receiver<Event>) -> Result<(), ChannelError> {
        while let Some(event) = events.recv().await {
            if self.heard(event).await? {
                return Ok(());
            }
        }
        Err(ChannelError::Terminal("the connection to Steward ended".to_owned()))
    }

    /// True if it was the answer.
    async fn heard(&mut self, event: Event) -> Result<bool, ChannelError> {
        match event {
            Event::Heard(FromServer::Message { number, text, unasked, .. }) => {
                let text = format!("{}\n", clean(text.trim_end()));
                self.out.write_all(text.as_bytes()).await.map_err(unusable)?;
                self.out.flush().await.map_err(unusable)?;
                self.voice.seen(number).await?;
                return Ok(!unasked);
            }
            Event::Heard(FromServer::Refused { reason, .. }) => return Err(ChannelError::NotTaken(reason)),
            Event::Version(theirs) => return Err(ChannelError::Version { ours: VERSION, theirs }),
            Event::Heard(FromServer::Tool { line }) => self.note(&line).await,
            Event::Lost => self.note(Note::Lost.text(self.language)).await,
            Event::Back => self.note(Note::Back.text(self.language)).await,
            Event::Heard(_) => {}
        }
        Ok(false)
    }

    /// Nobody may be reading these.
    async fn note(&mut self, text: &str) {
        let _ = self.notes.write_all(format!("{}\n", clean(text)).as_bytes()).await;
        let _ = self.notes.flush().await;
    }
}

fn unusable(error: std::io::Error) -> ChannelError {
    ChannelError::Terminal(error.to_string())
}
