//! The chat of a person at a terminal. The line editor always stands at the bottom and whatever arrives is printed
//! above it, so one can write while an answer grows.
//!
//! The editor blocks, so it has a separate thread; another one prints, for printing waits for the editor.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use tokio::sync::mpsc;

use super::ChatOptions;
use super::link::{Event, Link, Voice};
use super::protocol::FromServer;
use super::questions::{Asked, Questions};
use super::screen::Screen;
use super::words::Note;
use crate::ChannelError;

const PROMPT: &str = "> ";
const HISTORY: usize = 1000;

/// What the person did.
enum Typed {
    Line(String),
    Interrupt,
    End,
    Failed(String),
}

/// Text for the terminal, and the message it shows.
struct Print {
    text: String,
    seen: Option<u64>,
}

/// Chats until the person leaves.
pub(super) async fn run(link: Link, options: ChatOptions) -> Result<(), ChannelError> {
    let (typed, keys) = mpsc::channel(16);
    let (printer, prints) = mpsc::channel(256);
    let columns = Arc::new(AtomicUsize::new(80));
    let threads = start(options.history, typed, prints, link.voice.clone(), Arc::clone(&columns))?;
    let screen = Screen::new(options.language, has_color());
    let mut chat = Chat { screen, printer, columns, link, busy: false, questions: Questions::default() };
    let mut greeting = options.greeting.join("\n");
    if !greeting.is_empty() {
        greeting.push('\n');
        chat.print(greeting, None).await?;
    }
    let ended = chat.run(keys).await;
    let Chat { link, printer, .. } = chat;
    drop(printer);
    // After an error the editor still waits for a key; then the process ends with it.
    if ended.is_ok() {
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().try_for_each(JoinHandle::join)).await;
        if !matches!(joined, Ok(Ok(()))) {
            return Err(ChannelError::Terminal("a thread of the chat failed".to_owned()));
        }
    }
    link.close().await;
    ended
}

struct Chat {
    screen: Screen,
    printer: mpsc::Sender<Print>,
    columns: Arc<AtomicUsize>,
    link: Link,
    /// Something was said and not answered yet.
    busy: bool,
    questions: Questions,
}

impl Chat {
    async fn run(&mut self, mut keys: mpsc::Receiver<Typed>) -> Result<(), ChannelError> {
        loop {
            tokio::select! {
                Some(event) = self.link.events.recv() => self.heard(event).await?,
                typed = keys.recv() => match typed {
                    Some(Typed::Line(line)) if matches!(line.trim(), "/quit" | "/exit") => return Ok(()),
                    Some(Typed::Line(line)) if line.trim().is_empty() => {}
                    Some(Typed::Line(line)) => self.typed(line).await?,
                    Some(Typed::Interrupt) => self.interrupted().await?,
                    Some(Typed::Failed(reason)) => return Err(ChannelError::Terminal(reason)),
                    Some(Typed::End) | None => return Ok(()),
                },
            }
        }
    }

    async fn typed(&mut self, line: String) -> Result<(), ChannelError> {
        self.busy = true;
        let said = self.questions.answer(&line).unwrap_or(line);
        self.link.voice.say(said).await
    }

    async fn interrupted(&mut self) -> Result<(), ChannelError> {
        if !self.busy {
            return self.print(self.screen.note(Note::Leave), None).await;
        }
        self.link.voice.say("/stop".to_owned()).await?;
        self.print(self.screen.note(Note::Stopping), None).await
    }

    async fn heard(&mut self, event: Event) -> Result<(), ChannelError> {
        self.screen.resize(self.columns.load(Ordering::Relaxed));
        let (text, seen) = match event {
            Event::Lost => {
                // What still waits is told again by the daemon that comes back.
                self.questions = Questions::default();
                (self.screen.note(Note::Lost), None)
            }
            Event::Back => (self.screen.note(Note::Back), None),
            Event::Version(_) => (self.screen.note(Note::Version), None),
            Event::Heard(FromServer::Draft { id, text }) => {
                self.busy = true;
                (self.screen.draft(id, &text), None)
            }
            Event::Heard(FromServer::Tool { line }) => (self.screen.tool(&line), None),
            Event::Heard(FromServer::Question { code, text }) => match self.questions.ask(Asked { code, text }) {
                Some(asked) => (self.screen.question(&asked.text), None),
                None => return Ok(()),
            },
            Event::Heard(FromServer::Settled { code, verdict }) => {
                let mut text = self.screen.verdict(&verdict);
                if let Some(next) = self.questions.settled(&code) {
                    text.push_str(&self.screen.question(&next.text));
                }
                (text, None)
            }
            Event::Heard(FromServer::Message { number, draft, text, unasked }) => {
                self.busy &= unasked;
                (self.screen.message(draft, &text, unasked), Some(number))
            }
            Event::Heard(FromServer::Refused { reason, .. }) => {
                self.busy = false;
                (self.screen.refused(&reason), None)
            }
            Event::Heard(_) => return Ok(()),
        };
        self.print(text, seen).await
    }

    async fn print(&self, text: String, seen: Option<u64>) -> Result<(), ChannelError> {
        let gone = |_| ChannelError::Terminal("nothing can be printed any more".to_owned());
        self.printer.send(Print { text, seen }).await.map_err(gone)
    }
}

/// Starts the editor and the printer. They end when the person leaves and when there is nothing more to print.
fn start(
    history: Option<PathBuf>,
    typed: mpsc::Sender<Typed>,
    prints: mpsc::Receiver<Print>,
    voice: Voice,
    columns: Arc<AtomicUsize>,
) -> Result<Vec<JoinHandle<()>>, ChannelError> {
    let failed = |error: ReadlineError| ChannelError::Terminal(error.to_string());
    let config = Config::builder().max_history_size(HISTORY).map_err(failed)?.auto_add_history(true).build();
    let mut editor = Editor::<(), FileHistory>::with_history(config, FileHistory::new()).map_err(failed)?;
    // A terminal without cursor movement has no place above the line.
    let printer: Option<Box<dyn ExternalPrinter + Send>> = match editor.create_external_printer() {
        Ok(printer) => Some(Box::new(printer)),
        Err(_) => None,
    };
    let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
    let spawned = |error: std::io::Error| ChannelError::Terminal(error.to_string());
    let printing = thread("chat-print").spawn(move || print_all(printer, prints, &voice)).map_err(spawned)?;
    let editing = thread("chat-edit").spawn(move || edit(editor, history, &typed, &columns)).map_err(spawned)?;
    Ok(vec![editing, printing])
}

fn edit(
    mut editor: Editor<(), FileHistory>,
    history: Option<PathBuf>,
    typed: &mpsc::Sender<Typed>,
    columns: &AtomicUsize,
) {
    if let Some(file) = &history {
        // The first chat has none yet.
        let _ = editor.load_history(file);
    }
    loop {
        if let Some((width, _)) = editor.dimensions() {
            columns.store(usize::from(width), Ordering::Relaxed);
        }
        let (what, last) = match editor.readline(PROMPT) {
            Ok(line) => {
                let last = matches!(line.trim(), "/quit" | "/exit");
                (Typed::Line(line), last)
            }
            Err(ReadlineError::Interrupted) => (Typed::Interrupt, false),
            Err(ReadlineError::Eof) => (Typed::End, true),
            Err(error) => (Typed::Failed(error.to_string()), true),
        };
        if let (Typed::Line(_), Some(file)) = (&what, &history)
            && let Err(error) = editor.append_history(file)
        {
            tracing::debug!(%error, "the history of the chat was not kept");
        }
        if typed.blocking_send(what).is_err() || last {
            return;
        }
    }
}

fn print_all(mut printer: Option<Box<dyn ExternalPrinter + Send>>, mut prints: mpsc::Receiver<Print>, voice: &Voice) {
    while let Some(Print { text, seen }) = prints.blocking_recv() {
        if !text.is_empty() && !print_one(&mut printer, text) {
            return;
        }
        if let Some(number) = seen {
            voice.seen_blocking(number);
        }
    }
}

/// False when the terminal is gone. What the editor no longer prints is printed directly.
fn print_one(printer: &mut Option<Box<dyn ExternalPrinter + Send>>, text: String) -> bool {
    use std::io::Write as _;
    if let Some(editor) = printer {
        if editor.print(text.clone()).is_ok() {
            return true;
        }
        *printer = None;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// See no-color.org.
fn has_color() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}
