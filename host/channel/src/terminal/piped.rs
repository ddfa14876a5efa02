//! The chat of a script: each line is sent after the one before was answered, and the answers are printed as they
//! are. What is not an answer goes to standard error. Messages that waited for somebody are printed before the first
//! line is sent, so that none of them is taken for its answer.

use std::io::BufRead as _;
use std::time::Duration;

use steward_agent::{Decision, Language};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

use super::ChatOptions;
use super::link::{Event, Link, Voice};
use super::protocol::{FromServer, VERSION};
use super::questions::{Asked, Questions};
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
        input: Input::new(lines),
        questions: Questions::default(),
        decided: false,
        current: false,
    };
    match converse(link, script).await {
        // What it did not read waits for the next chat.
        Err(ChannelError::NobodyReads) => Ok(()),
        ended => ended,
    }
}

/// Where the script's side of the chat comes from and goes to.
pub(super) struct Script<Out, Notes> {
    pub(super) out: Out,
    pub(super) notes: Notes,
    pub(super) voice: Voice,
    pub(super) language: Language,
    pub(super) patience: Duration,
    pub(super) input: Input,
    pub(super) questions: Questions,
    /// The question that is shown was answered; the verdict is on its way.
    pub(super) decided: bool,
    /// All that waited before this chat was heard.
    pub(super) current: bool,
}

/// The lines still to be said.
pub(super) struct Input {
    lines: mpsc::Receiver<Result<String, std::io::Error>>,
    /// Read already, as a possible answer to a question, and not said yet.
    held: Option<String>,
    over: bool,
}

impl Input {
    pub(super) fn new(lines: mpsc::Receiver<Result<String, std::io::Error>>) -> Self {
        Self { lines, held: None, over: false }
    }

    /// The next line with something on it; `None` at the end. What was read is not lost when this is dropped.
    async fn next(&mut self) -> Result<Option<String>, ChannelError> {
        if let Some(line) = self.held.take() {
            return Ok(Some(line));
        }
        while let Some(line) = self.lines.recv().await {
            let line = line.map_err(unusable)?;
            let line = line.trim_end_matches(['\n', '\r']);
            if !line.trim().is_empty() {
                return Ok(Some(line.to_owned()));
            }
        }
        self.over = true;
        Ok(None)
    }
}

/// What a line of the other side is to a script.
#[derive(PartialEq)]
enum Heard {
    Answer,
    /// A question was decided.
    Verdict,
    Other,
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
pub(super) async fn converse<Out, Notes>(mut link: Link, mut script: Script<Out, Notes>) -> Result<(), ChannelError>
where
    Out: AsyncWrite + Unpin,
    Notes: AsyncWrite + Unpin,
{
    let caught_up = tokio::time::timeout(script.patience, script.catch_up(&mut link.events)).await;
    caught_up.map_err(|_| ChannelError::NoAnswer(script.patience))??;
    loop {
        let line = tokio::select! {
            Some(event) = link.events.recv() => {
                script.heard(event).await?;
                continue;
            }
            line = script.input.next() => line?,
        };
        let Some(line) = line else { break };
        if let Some(command) = script.questions.answer(&line) {
            script.decide(command).await?;
            continue;
        }
        // A decision is answered by its verdict.
        let wanted = match Decision::read(&line) {
            Some((Decision::Approve | Decision::Deny, _)) => Heard::Verdict,
            _ => Heard::Answer,
        };
        script.voice.say(line).await?;
        let answered = tokio::time::timeout(script.patience, script.answer(&mut link.events, &wanted)).await;
        answered.map_err(|_| ChannelError::NoAnswer(script.patience))??;
    }
    drop(script);
    link.close().await;
    Ok(())
}

impl<Out: AsyncWrite + Unpin, Notes: AsyncWrite + Unpin> Script<Out, Notes> {
    /// Prints what waited for somebody to be there.
    async fn catch_up(&mut self, events: &mut mpsc::Receiver<Event>) -> Result<(), ChannelError> {
        while !self.current {
            self.heard(events.recv().await.ok_or_else(gone)?).await?;
        }
        Ok(())
    }

    /// Waits for the answer. A question on the way to it is answered by the next line, if that is a yes or a no.
    async fn answer(&mut self, events: &mut mpsc::Receiver<Event>, wanted: &Heard) -> Result<(), ChannelError> {
        loop {
            let asked = !self.questions.is_empty() && !self.decided;
            if asked && (self.input.over || self.input.held.is_some()) {
                self.nobody_decides().await?;
                continue;
            }
            tokio::select! {
                event = events.recv() => {
                    let heard = self.heard(event.ok_or_else(gone)?).await?;
                    if heard == Heard::Answer || heard == *wanted {
                        return Ok(());
                    }
                }
                line = self.input.next(), if asked => {
                    match line?.map(|line| (self.questions.answer(&line), line)) {
                        Some((Some(command), _)) => self.decide(command).await?,
                        Some((None, line)) => self.input.held = Some(line),
                        None => {}
                    }
                }
            }
        }
    }

    async fn decide(&mut self, command: String) -> Result<(), ChannelError> {
        self.decided = true;
        self.voice.say(command).await
    }

    /// A script that does not know of a question is not to be taken for one that agrees.
    async fn nobody_decides(&mut self) -> Result<(), ChannelError> {
        self.note(Note::Nobody.text(self.language)).await;
        match self.questions.deny() {
            Some(command) => self.decide(command).await,
            None => Ok(()),
        }
    }

    async fn heard(&mut self, event: Event) -> Result<Heard, ChannelError> {
        match event {
            Event::Heard(FromServer::Message { number, text, unasked, .. }) => {
                let text = format!("{}\n", clean(text.trim_end()));
                self.out.write_all(text.as_bytes()).await.map_err(unwritable)?;
                self.out.flush().await.map_err(unwritable)?;
                self.voice.seen(number).await?;
                return Ok(if unasked { Heard::Other } else { Heard::Answer });
            }
            Event::Heard(FromServer::Refused { reason, .. }) => return Err(ChannelError::NotTaken(reason)),
            Event::Version(theirs) => return Err(ChannelError::Version { ours: VERSION, theirs }),
            Event::Heard(FromServer::Question { code, text }) => {
                let shown = self.questions.ask(Asked { code, text }).cloned();
                self.show(shown).await;
            }
            Event::Heard(FromServer::Settled { code, verdict }) => {
                self.note(&verdict).await;
                self.decided = false;
                let next = self.questions.settled(&code).cloned();
                self.show(next).await;
                return Ok(Heard::Verdict);
            }
            Event::Heard(FromServer::Tool { line }) => self.note(&line).await,
            Event::Lost => {
                (self.questions, self.decided) = (Questions::default(), false);
                self.note(Note::Lost.text(self.language)).await;
            }
            Event::Heard(FromServer::Current) => self.current = true,
            Event::Back => self.note(Note::Back.text(self.language)).await,
            Event::Heard(_) => {}
        }
        Ok(Heard::Other)
    }

    async fn show(&mut self, asked: Option<Asked>) {
        if let Some(asked) = asked {
            self.note(&format!("{}\n{}", asked.text.trim_end(), Note::Decide.text(self.language))).await;
        }
    }

    /// Nobody may be reading these.
    async fn note(&mut self, text: &str) {
        let _ = self.notes.write_all(format!("{}\n", clean(text)).as_bytes()).await;
        let _ = self.notes.flush().await;
    }
}

fn gone() -> ChannelError {
    ChannelError::Terminal("the connection to Steward ended".to_owned())
}

fn unwritable(error: std::io::Error) -> ChannelError {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => ChannelError::NobodyReads,
        _ => unusable(error),
    }
}

fn unusable(error: std::io::Error) -> ChannelError {
    ChannelError::Terminal(error.to_string())
}
