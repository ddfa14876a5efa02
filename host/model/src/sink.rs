//! Hands the growing answer on to whoever listens, and remembers whether anything was shown. A listener that left is
//! no reason to stop.

use steward_agent::StreamEvent;
use tokio::sync::mpsc::Sender;

use crate::answer::Piece;

/// The listener of one run's answer.
pub(crate) struct Sink<'a> {
    events: &'a Sender<StreamEvent>,
    shown: bool,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(events: &'a Sender<StreamEvent>) -> Self {
        Self { events, shown: false }
    }

    /// Shows pieces of an answer; waits while the listener is behind.
    pub(crate) async fn show(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.text(text).await,
                Piece::Void => self.restart().await,
            }
        }
    }

    pub(crate) async fn text(&mut self, text: String) {
        if !text.is_empty() {
            self.shown = true;
            self.send(StreamEvent::Text(text)).await;
        }
    }

    /// Declares void what was shown, if anything was.
    pub(crate) async fn restart(&mut self) {
        if std::mem::take(&mut self.shown) {
            self.send(StreamEvent::Restart).await;
        }
    }

    async fn send(&self, event: StreamEvent) {
        if self.events.send(event).await.is_err() {
            tracing::trace!("nobody listens to the answer any more");
        }
    }
}
