//! A client of Steward's socket, as `steward chat` is one. The terminal knows no limit on messages, so here the path
//! itself shows.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec};

use crate::crowd::ANSWER;

/// Nobody waits this long in a run that goes well.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Chat {
    lines: Framed<UnixStream, LinesCodec>,
    said: usize,
}

impl Chat {
    pub(crate) async fn open(socket: &Path) -> anyhow::Result<Self> {
        let lines = Framed::new(UnixStream::connect(socket).await?, LinesCodec::new());
        let mut chat = Self { lines, said: 0 };
        chat.send(json!({ "type": "hello", "version": 2, "language": "en", "name": "Olga" })).await?;
        Ok(chat)
    }

    /// Says something and waits for the final message: how long that took.
    pub(crate) async fn ask(&mut self, text: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let answer = self.say(text).await?;
        let took = started.elapsed();
        anyhow::ensure!(answer.contains(ANSWER), "answered: {answer}");
        Ok(took)
    }

    /// Begins a new conversation, for with a long one each message is more work.
    pub(crate) async fn clear(&mut self) -> anyhow::Result<()> {
        self.say("/clear").await.map(drop)
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<String> {
        self.said += 1;
        self.send(json!({ "type": "say", "id": format!("bench-{}", self.said), "text": text })).await?;
        let message = tokio::time::timeout(PATIENCE, self.message()).await.context("no answer in the terminal")??;
        self.send(json!({ "type": "seen", "number": message["number"] })).await?;
        Ok(message["text"].as_str().unwrap_or_default().to_owned())
    }

    async fn message(&mut self) -> anyhow::Result<Value> {
        loop {
            let line = self.lines.next().await.context("the terminal was closed")??;
            let line: Value = serde_json::from_str(&line)?;
            if line["type"] == "message" {
                return Ok(line);
            }
        }
    }

    async fn send(&mut self, line: Value) -> anyhow::Result<()> {
        Ok(self.lines.send(line.to_string()).await?)
    }
}
