//! Reads a streamed answer to its end, whatever provider it comes from. It knows when an answer is whole and when the
//! stream was cut.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use sse_stream::SseByteStream;

use crate::fault::Failure;
use crate::reasoning::Piece;
use crate::sink::Sink;

/// How long the usage figures are waited for once the answer itself is whole.
const AFTERWORD: Duration = Duration::from_secs(5);

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Going,
    /// The model has ended; figures may follow.
    Answered,
    /// Nothing more will come.
    Over,
}

/// Puts an answer together from a provider's events.
pub(crate) trait Assembly: Send {
    /// Takes the data of one event; gives what it adds to the text.
    fn take(&mut self, data: &str) -> Result<Vec<Piece>, Failure>;

    fn progress(&self) -> Progress;
}

/// Reads until the answer is whole. An end before that is a failure worth another attempt.
pub(crate) async fn read(
    bytes: impl Stream<Item = Result<Bytes, io::Error>> + Send,
    assembly: &mut impl Assembly,
    address: &str,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let mut events = pin!(SseByteStream::new(bytes));
    loop {
        let next = match assembly.progress() {
            Progress::Over => return Ok(()),
            Progress::Going => events.next().await,
            Progress::Answered => tokio::time::timeout(AFTERWORD, events.next()).await.unwrap_or(None),
        };
        let cut = match next {
            Some(Ok(event)) => {
                if let Some(data) = event.data.filter(|data| !data.trim().is_empty()) {
                    sink.show(assembly.take(&data)?).await;
                }
                continue;
            }
            Some(Err(sse_stream::Error::Body(error))) => format!("the answer broke off: {error}"),
            Some(Err(error)) => format!("the answer broke off: {error}"),
            None => "the answer broke off in the middle".to_owned(),
        };
        return if assembly.progress() == Progress::Answered {
            Ok(())
        } else {
            Err(Failure::unreachable(address, cut))
        };
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;
    use serde_json::json;
    use steward_agent::{ModelReply, StreamEvent};
    use tokio::sync::mpsc;
    use url::Url;

    use super::*;
    use crate::config::GatewayConfig;
    use crate::http::{self, Server};
    use crate::{anthropic, openai};

    const OPENAI: &str = concat!(
        ": a comment\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"<think>не</think>Да, «é»\"}}]}\r\n\r\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"list\",",
        "\"arguments\":\"{\\\"path\\\":\\\"ж\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\n",
        "data: [DONE]\n\n",
    );
    const ANTHROPIC: &str = concat!(
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":",
        "{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":",
        "{\"type\":\"text_delta\",\"text\":\"Да, «é»\"}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",",
        "\"name\":\"list\",\"input\":{}}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",",
        "\"partial_json\":\"{\\\"path\\\":\\\"ж\\\"}\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );

    fn server() -> Server {
        let client = http::client(&GatewayConfig::default()).unwrap();
        Server::new(client, &Url::parse("http://127.0.0.1:1").unwrap(), None, Duration::from_secs(1))
    }

    fn in_two(text: &str, at: usize) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        let (one, two) = text.as_bytes().split_at(at);
        iter([Ok(Bytes::copy_from_slice(one)), Ok(Bytes::copy_from_slice(two))])
    }

    async fn read_openai(server: &Server, at: usize) -> (ModelReply, String) {
        let (events, heard) = mpsc::channel(64);
        let (mut answer, mut sink) = (openai::Answer::new(server, "m"), Sink::new(&events));
        read(in_two(OPENAI, at), &mut answer, "a", &mut sink).await.unwrap();
        (answer.finish().0, shown(heard))
    }

    async fn read_anthropic(server: &Server, at: usize) -> (ModelReply, String) {
        let (events, heard) = mpsc::channel(64);
        let (mut answer, mut sink) = (anthropic::Answer::new(server, "m"), Sink::new(&events));
        read(in_two(ANTHROPIC, at), &mut answer, "a", &mut sink).await.unwrap();
        (answer.finish().0, shown(heard))
    }

    fn shown(mut heard: mpsc::Receiver<StreamEvent>) -> String {
        let mut shown = String::new();
        while let Ok(StreamEvent::Text(text)) = heard.try_recv() {
            shown.push_str(&text);
        }
        shown
    }

    fn assert_whole((reply, shown): (ModelReply, String), at: usize) {
        assert_eq!((reply.text.as_str(), shown.as_str()), ("Да, «é»", "Да, «é»"), "split at {at}");
        assert_eq!((reply.calls[0].id.as_str(), &reply.calls[0].input), ("a", &json!({"path": "ж"})), "split at {at}");
    }

    #[tokio::test]
    async fn the_bytes_may_be_split_anywhere() {
        let server = server();
        for at in 0..=OPENAI.len() {
            assert_whole(read_openai(&server, at).await, at);
        }
        for at in 0..=ANTHROPIC.len() {
            assert_whole(read_anthropic(&server, at).await, at);
        }
    }

    #[tokio::test]
    async fn an_end_before_the_answer_is_whole_is_a_failure_worth_a_repetition() {
        let server = server();
        let (events, _heard) = mpsc::channel(64);
        let reason = OPENAI.find("\"finish_reason\"").unwrap();
        for at in [0, 40, reason] {
            let mut answer = openai::Answer::new(&server, "m");
            let bytes = iter([Ok(Bytes::copy_from_slice(&OPENAI.as_bytes()[..at]))]);
            let failure = read(bytes, &mut answer, "a", &mut Sink::new(&events)).await.unwrap_err();
            assert_eq!(failure.again, crate::fault::Again::Soon, "cut at {at}");
        }
        // Only the last line is missing: nothing of the answer is.
        let done = OPENAI.find("data: [DONE]").unwrap();
        let mut answer = openai::Answer::new(&server, "m");
        let bytes = iter([Ok(Bytes::copy_from_slice(&OPENAI.as_bytes()[..done]))]);
        read(bytes, &mut answer, "a", &mut Sink::new(&events)).await.unwrap();
    }
}
