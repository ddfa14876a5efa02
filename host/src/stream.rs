//! Shows an answer while it grows: one task for each run, which hands the newest text to the channel as fast as the
//! channel takes it and drops what came between.

use std::sync::Arc;
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

/// The growing answer of one run.
pub(crate) struct Stream {
    said: Vec<String>,
    text: watch::Sender<String>,
    shower: JoinHandle<Option<Draft>>,
}

impl Stream {
    /// `said` is what the run has said before a crash, `draft` the message that showed it.
    pub(crate) fn start(with: Shown, run: RunId, to: Address, draft: Option<Draft>, said: Vec<String>) -> Self {
        let (text, shown) = watch::channel(String::new());
        let shower = tokio::spawn(show(with, run, to, draft, shown));
        Self { said, text, shower }
    }

    /// Collects the pieces of one answer. The returned task ends when the sender is dropped.
    pub(crate) fn listen(&self) -> (mpsc::Sender<StreamEvent>, impl Future<Output = ()> + Send + 'static) {
        let (sender, mut events) = mpsc::channel(PIECES);
        let before = self.said.join("\n\n");
        let text = self.text.clone();
        let collect = async move {
            let mut piece = String::new();
            while let Some(event) = events.recv().await {
                match event {
                    StreamEvent::Text(more) => piece.push_str(&more),
                    StreamEvent::Restart => piece.clear(),
                }
                let shown = if before.is_empty() { piece.clone() } else { format!("{before}\n\n{piece}") };
                text.send_replace(shown);
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
        let shown = self.text.borrow().clone();
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
    mut shown: watch::Receiver<String>,
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
        if shown.borrow_and_update().trim().is_empty() {
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
        let text = shown.borrow_and_update().clone();
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
async fn ends_within(shown: &mut watch::Receiver<String>, time: Duration) -> bool {
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
}
