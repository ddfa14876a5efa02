//! Shows an answer while it grows: one task for each run, which hands the newest text to the channel as fast as the
//! channel takes it and drops what came between.

use std::sync::{Arc, Weak};
use std::time::Duration;

use steward_agent::{Address, Draft, StreamEvent};
use steward_channel::Channel;
use steward_sandbox::Vault;
use steward_store::{RunId, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::sent::{Sent, SentLog};

/// Answer pieces that may wait; a model is never slowed down by a channel, as the shown text is replaced, not queued.
const PIECES: usize = 256;

/// What it takes to show an answer.
pub(crate) struct Shown {
    pub(crate) channel: Arc<dyn Channel>,
    pub(crate) store: Store,
    /// What no message may hold.
    pub(crate) vault: Arc<Vault>,
    /// Where it is noted at once that the message is there.
    pub(crate) sent: Arc<SentLog>,
}

/// When nothing comes for this long, the text so far is offered to the channel again, so often; what it shows already
/// it leaves as it is.
const PAUSE: Duration = Duration::from_millis(700);
const AGAIN: u32 = 8;

/// What is to be seen of an answer under way.
#[derive(Clone, Default)]
struct Growing {
    text: String,
    /// What the answer waits for. It is shown below the text and never becomes part of it.
    notice: Option<String>,
}

impl Growing {
    fn shown(&self) -> String {
        let notice = self.notice.as_deref().unwrap_or_default();
        [self.text.as_str(), notice].into_iter().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
    }
}

/// The growing answer of one run.
pub(crate) struct Stream {
    said: Vec<String>,
    text: Arc<watch::Sender<Growing>>,
    shower: JoinHandle<Option<Draft>>,
}

/// Where a tool call says what it waits for. It does not keep the answer from ending.
#[derive(Clone, Default)]
pub(crate) struct Notices(Weak<watch::Sender<Growing>>);

impl Notices {
    /// Shows a line until the answer grows, or `None` takes its place.
    pub(crate) fn show(&self, line: Option<String>) {
        if let Some(text) = self.0.upgrade() {
            text.send_if_modified(|growing| std::mem::replace(&mut growing.notice, line.clone()) != line);
        }
    }
}

impl Stream {
    /// `said` is what the run has said before a crash, `draft` the message that showed it.
    pub(crate) fn start(with: Shown, run: RunId, to: Address, draft: Option<Draft>, said: Vec<String>) -> Self {
        let (text, shown) = watch::channel(Growing::default());
        let shower = tokio::spawn(show(with, run, to, draft, shown));
        Self { said, text: Arc::new(text), shower }
    }

    pub(crate) fn notices(&self) -> Notices {
        Notices(Arc::downgrade(&self.text))
    }

    /// Collects the pieces of one answer. The returned task ends when the sender is dropped.
    pub(crate) fn listen(&self) -> (mpsc::Sender<StreamEvent>, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut events) = mpsc::channel(PIECES);
        let before = self.said.join("\n\n");
        let text = Arc::clone(&self.text);
        let collect = async move {
            let mut piece = String::new();
            while let Some(event) = events.recv().await {
                match event {
                    StreamEvent::Text(more) => piece.push_str(&more),
                    StreamEvent::Restart => piece.clear(),
                }
                let shown = if before.is_empty() { piece.clone() } else { format!("{before}\n\n{piece}") };
                text.send_replace(Growing { text: shown, notice: None });
            }
        };
        (sender, collect)
    }

    /// Keeps what was said in a step that goes on with tools, so that it stays in the message.
    pub(crate) fn keep(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.said.push(text.trim().to_owned());
        }
    }

    /// Everything said so far, the part under way included.
    pub(crate) fn so_far(&self) -> String {
        let shown = self.text.borrow().text.clone();
        if shown.is_empty() { self.said.join("\n\n") } else { shown }
    }

    /// What was said in the steps before the last one, and the message that shows it. Nothing is shown after that.
    pub(crate) async fn end(self) -> (Vec<String>, Option<Draft>) {
        drop(self.text);
        (self.said, self.shower.await.ok().flatten())
    }
}

async fn show(
    Shown { channel, store, vault, sent }: Shown,
    run: RunId,
    to: Address,
    mut draft: Option<Draft>,
    mut shown: watch::Receiver<Growing>,
) -> Option<Draft> {
    let mut again = 0;
    let mut held = draft.is_none().then(|| channel.draft_after());
    loop {
        tokio::select! {
            changed = shown.changed() => match changed {
                Ok(()) => again = AGAIN,
                Err(_) => return draft,
            },
            // A channel that throttles itself may have held the last piece back when the model paused.
            () = tokio::time::sleep(PAUSE), if again > 0 => again -= 1,
        }
        if shown.borrow_and_update().shown().is_empty() {
            continue;
        }
        let ended = match held.take() {
            Some(time) => ends_within(&mut shown, time).await,
            None => shown.has_changed().is_err(),
        };
        if ended {
            // What is left to be shown comes with the final message.
            return draft;
        }
        let text = shown.borrow_and_update().shown();
        let text = vault.known().redact(&text).into_owned();
        match channel.draft(&to, draft.as_ref(), &text).await {
            Ok(Some(now)) if draft.as_ref() != Some(&now) => {
                sent.note(&Sent::Draft(run, now.clone()));
                // On disk before the run ends, so that after a crash the answer replaces this message.
                if let Err(error) = store.set_draft(run, &now).await {
                    tracing::warn!(%error, "the growing message is not remembered");
                }
                sent.known();
                draft = Some(now);
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the growing answer is not shown"),
        }
    }
}

/// Whether nothing more will be shown before this time is over.
async fn ends_within<T>(shown: &mut watch::Receiver<T>, time: Duration) -> bool {
    let ended = async { while shown.changed().await.is_ok() {} };
    tokio::time::timeout(time, ended).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_soon_complete_is_not_shown_growing() {
        let (text, mut shown) = watch::channel(String::new());
        let writing = tokio::spawn(async move {
            for piece in ["One", "One, two", "One, two, three"] {
                tokio::time::sleep(Duration::from_millis(100)).await;
                text.send_replace(piece.to_owned());
            }
        });
        assert!(!ends_within(&mut shown, Duration::from_millis(250)).await, "it is still being written");
        assert!(ends_within(&mut shown, Duration::from_millis(250)).await);
        writing.await.unwrap();
        assert_eq!(*shown.borrow(), "One, two, three");
    }

    #[tokio::test]
    async fn a_notice_is_shown_below_the_text_and_is_not_part_of_it() {
        let (text, shown) = watch::channel(Growing::default());
        let stream =
            Stream { said: vec!["First.".to_owned()], text: Arc::new(text), shower: tokio::spawn(async { None }) };
        let notices = stream.notices();
        notices.show(Some("preparing…".to_owned()));
        assert_eq!(shown.borrow().shown(), "preparing…");
        let (pieces, collect) = stream.listen();
        pieces.send(StreamEvent::Text("Second".to_owned())).await.unwrap();
        drop(pieces);
        collect.await;
        assert_eq!(shown.borrow().shown(), "First.\n\nSecond");
        notices.show(Some("preparing…".to_owned()));
        assert_eq!(shown.borrow().shown(), "First.\n\nSecond\n\npreparing…");
        assert_eq!(stream.so_far(), "First.\n\nSecond");
        // Who still may show one does not keep the answer from ending.
        stream.end().await;
        notices.show(None);
        assert!(shown.has_changed().is_err());
    }
}
