//! A bot with nothing in it, to compare with: it polls Telegram and answers every message with the same text. It keeps
//! nothing, asks no model and knows no limits.

use std::time::Duration;

use anyhow::ensure;
use futures::StreamExt as _;
use serde_json::{Value, json};
use steward_tests::Telegram;
use steward_tests::telegram::TOKEN;
use tokio_util::task::AbortOnDropHandle;

/// Answers on their way at the same time, as many as Steward has.
const AT_ONCE: usize = 32;

/// A running bot; it ends with this handle.
pub(crate) struct Bare(#[expect(dead_code, reason = "held for its drop")] AbortOnDropHandle<()>);

impl Bare {
    pub(crate) fn start(telegram: &Telegram, answer: &str) -> Self {
        let (base, answer) = (format!("{}/bot{TOKEN}", telegram.url()), answer.to_owned());
        let run = async move {
            let error = answer_everybody(&base, &answer).await;
            eprintln!("the bare bot has ended: {error:?}");
        };
        Self(AbortOnDropHandle::new(tokio::spawn(run)))
    }
}

async fn answer_everybody(base: &str, answer: &str) -> anyhow::Result<()> {
    let client = steward_tests::http::client();
    let post = async |method: &str, body: Value| -> anyhow::Result<Value> {
        let request = client.post(format!("{base}/{method}")).json(&body).timeout(Duration::from_secs(60));
        let answer: Value = request.send().await?.json().await?;
        ensure!(answer["ok"] == true, "{method}: {answer}");
        Ok(answer)
    };
    let mut offset = 0;
    loop {
        let polled = post("getUpdates", json!({ "offset": offset, "limit": 100, "timeout": 50 })).await?;
        let updates = polled["result"].as_array().cloned().unwrap_or_default();
        let last = updates.last().and_then(|update| update["update_id"].as_i64());
        offset = last.map_or(offset, |last| last + 1);
        let mut answers = Vec::with_capacity(updates.len());
        for update in &updates {
            answers.push(post("sendMessage", json!({ "chat_id": update["message"]["chat"]["id"], "text": answer })));
        }
        let sent = futures::stream::iter(answers).buffer_unordered(AT_ONCE);
        sent.collect::<Vec<_>>().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    }
}
