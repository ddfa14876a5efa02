//! Reads a streamed answer to its end, whatever provider it comes from. It knows when an answer is whole and when the
//! stream was cut.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use steward_agent::ModelReply;

use crate::answer::Piece;
use crate::events::{Event, Events};
use crate::fault::Failure;
use crate::sink::Sink;
use crate::wording::shorten;

/// How long the usage figures are waited for once the answer itself is whole.
const AFTERWORD: Duration = Duration::from_secs(5);
/// Characters of a text that is no event, for people.
const STRAY_CHARS: usize = 200;

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
    /// Takes one event; gives what it adds to the text.
    fn take(&mut self, event: &Event) -> Result<Vec<Piece>, Failure>;

    /// What an event that is called an error means.
    fn failed(&self, data: &str) -> Failure;

    fn progress(&self) -> Progress;

    /// All that was begun is complete, though nothing said that the answer has ended.
    fn is_whole(&self) -> bool;

    fn said_something(&self) -> bool;
}

/// Reads until the answer is whole. An end before that is a failure worth another attempt.
pub(crate) async fn read(
    bytes: impl Stream<Item = Result<Bytes, io::Error>> + Send,
    assembly: &mut impl Assembly,
    address: &str,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    let (mut bytes, mut events, mut stray) = (pin!(bytes), Events::default(), None);
    loop {
        let next = match assembly.progress() {
            Progress::Over => return ended(None, assembly, address, stray),
            Progress::Going => bytes.next().await,
            Progress::Answered => tokio::time::timeout(AFTERWORD, bytes.next()).await.unwrap_or(None),
        };
        let (ready, end) = match next {
            Some(Ok(bytes)) => (events.push(&bytes), None),
            Some(Err(error)) => (events.finish(), Some(Some(error))),
            None => (events.finish(), Some(None)),
        };
        for event in ready {
            take(&event, assembly, &mut stray, sink).await?;
        }
        if let Some(error) = end {
            return ended(error, assembly, address, stray);
        }
    }
}

/// Takes the events of an answer that came in one piece.
pub(crate) async fn read_text(
    text: &str,
    assembly: &mut impl Assembly,
    address: &str,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    read(futures::stream::iter([Ok(Bytes::copy_from_slice(text.as_bytes()))]), assembly, address, sink).await
}

async fn take(
    event: &Event,
    assembly: &mut impl Assembly,
    stray: &mut Option<String>,
    sink: &mut Sink<'_>,
) -> Result<(), Failure> {
    if assembly.progress() == Progress::Over {
        return Ok(());
    }
    if event.name.as_deref() == Some("error") {
        return Err(assembly.failed(&event.data));
    }
    let data = event.data.trim_start();
    if !data.starts_with(['{', '[', '"']) {
        tracing::info!(data = shorten(data, STRAY_CHARS), "a piece of the stream that is not JSON is left out");
        *stray = Some(shorten(data, STRAY_CHARS));
    }
    sink.show(assembly.take(event)?).await;
    Ok(())
}

/// The bytes are over, properly or not.
fn ended(
    error: Option<io::Error>,
    assembly: &impl Assembly,
    address: &str,
    stray: Option<String>,
) -> Result<(), Failure> {
    match (error, stray) {
        // Also where the stream says that the answer has ended: this tells more than that it is empty.
        (None, Some(stray)) if !assembly.said_something() => {
            Err(Failure::garbled(address, format!("it answered with a text that is not a model's answer: {stray}")))
        }
        _ if assembly.progress() != Progress::Going => Ok(()),
        (None, _) if assembly.is_whole() => Ok(()),
        (None, _) => {
            let failure = Failure::broke_off(address, "the stream ended before the answer did");
            Err(Failure { unmarked: assembly.said_something(), ..failure })
        }
        (Some(error), _) => Err(Failure::broke_off(address, error.to_string())),
    }
}

/// The answer of an attempt. One whose stream ended properly but without the mark of its end is kept with the failure:
/// there are servers that never send it.
pub(crate) async fn settle(
    read: Result<(), Failure>,
    reply: ModelReply,
    rest: Vec<Piece>,
    sink: &mut Sink<'_>,
) -> Result<ModelReply, Failure> {
    match read {
        Ok(()) => {
            sink.show(rest).await;
            Ok(reply)
        }
        Err(failure) if failure.unmarked => Err(Failure { reply: Some(Box::new((reply, rest))), ..failure }),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;
    use serde_json::json;
    use steward_agent::{ModelError, ModelReply, ModelRequest, StreamEvent};
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

    fn request() -> ModelRequest {
        ModelRequest { system: String::new(), messages: Vec::new(), tools: [].into(), max_tokens: 100, model: None }
    }

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
        let request = request();
        let (mut answer, mut sink) = (openai::Answer::new(server, "m", &request, "a m".into()), Sink::new(&events));
        read(in_two(OPENAI, at), &mut answer, "a", &mut sink).await.unwrap();
        (answer.finish().0, shown(heard))
    }

    async fn read_anthropic(server: &Server, at: usize) -> (ModelReply, String) {
        let (events, heard) = mpsc::channel(64);
        let request = request();
        let (mut answer, mut sink) = (anthropic::Answer::new(server, "m", &request, "a m".into()), Sink::new(&events));
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

    async fn read_all(text: &str) -> Result<ModelReply, Failure> {
        let (server, request) = (server(), request());
        let (events, _heard) = mpsc::channel(64);
        let mut answer = openai::Answer::new(&server, "m", &request, "a m".into());
        read(in_two(text, 0), &mut answer, "a", &mut Sink::new(&events)).await?;
        Ok(answer.finish().0)
    }

    #[tokio::test]
    async fn a_piece_that_is_not_json_is_left_out_and_told_of_if_nothing_else_came() {
        let (one, two) = OPENAI.split_at(OPENAI.find("data: {\"choices\":[{\"delta\":{\"tool_calls").unwrap());
        for page in ["data: <html>502</html>\n\n", "data: <html>502</html>\n"] {
            let reply = read_all(&format!("{one}{page}{two}")).await.unwrap();
            assert_eq!((reply.text.as_str(), reply.calls.len()), ("Да, «é»", 1), "{page}");
            let end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
            for rest in ["data: [DONE]\n\n", end, ""] {
                let failure = read_all(&format!("{page}{rest}")).await.unwrap_err();
                assert!(failure.error.to_string().contains("<html>502"), "{rest}: {failure:?}");
            }
        }
    }

    #[tokio::test]
    async fn an_end_before_the_answer_is_whole_is_a_failure_worth_a_repetition() {
        let (server, request) = (server(), request());
        let (events, _heard) = mpsc::channel(64);
        let reason = OPENAI.find("\"finish_reason\"").unwrap();
        for at in [0, 40, reason] {
            let mut answer = openai::Answer::new(&server, "m", &request, "a m".into());
            let bytes = iter([Ok(Bytes::copy_from_slice(&OPENAI.as_bytes()[..at]))]);
            let failure = read(bytes, &mut answer, "a", &mut Sink::new(&events)).await.unwrap_err();
            assert_eq!(failure.again, crate::fault::Again::Soon, "cut at {at}");
            assert!(matches!(failure.error, ModelError::BrokeOff { .. }), "{failure:?}");
        }
        // Only the last line is missing: nothing of the answer is.
        let done = OPENAI.find("data: [DONE]").unwrap();
        let mut answer = openai::Answer::new(&server, "m", &request, "a m".into());
        let bytes = iter([Ok(Bytes::copy_from_slice(&OPENAI.as_bytes()[..done]))]);
        read(bytes, &mut answer, "a", &mut Sink::new(&events)).await.unwrap();
    }
}
