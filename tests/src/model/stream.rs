//! The body of an answer: frames made as they are asked for, so that a gate holds the stream and a client that
//! leaves is noticed.

use std::collections::VecDeque;
use std::io;

use axum::body::Bytes;
use futures::Stream;
use futures::stream::unfold;

use super::Dropped;
use super::anthropic::AnthropicWire;
use super::asked::Provider;
use super::openai::OpenAiWire;
use super::reply::{Reply, Step};

/// Turns the steps of a reply into the server-sent events of a provider.
pub(crate) trait Wire: Send {
    fn open(&mut self, reply: &Reply) -> Vec<String>;
    fn step(&mut self, step: &Step) -> Vec<String>;
    fn close(&mut self, reply: &Reply) -> Vec<String>;
}

struct Streaming {
    wire: Box<dyn Wire>,
    reply: Reply,
    steps: VecDeque<Step>,
    frames: VecDeque<String>,
    closed: bool,
    dropped: Dropped,
}

pub(crate) fn frames(
    provider: Provider,
    reply: Reply,
    dropped: Dropped,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
    let mut wire: Box<dyn Wire> = match provider {
        Provider::OpenAi => Box::new(OpenAiWire::new(&dropped.asked)),
        Provider::Anthropic => Box::new(AnthropicWire::default()),
    };
    let frames = wire.open(&reply).into();
    let steps = reply.steps.clone().into();
    unfold(Streaming { wire, reply, steps, frames, closed: false, dropped }, |mut streaming| async move {
        let frame = streaming.next().await?;
        Some((frame, streaming))
    })
}

impl Streaming {
    async fn next(&mut self) -> Option<Result<Bytes, io::Error>> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(Ok(Bytes::from(frame)));
            }
            match self.steps.pop_front() {
                Some(Step::Wait(gate)) => gate.pass().await,
                Some(step) => self.frames = self.wire.step(&step).into(),
                None if self.closed => {
                    self.dropped.finished = true;
                    return None;
                }
                None if self.reply.cut => {
                    self.closed = true;
                    self.dropped.finished = true;
                    return Some(Err(io::Error::other("cut by the test")));
                }
                None => {
                    self.closed = true;
                    self.frames = self.wire.close(&self.reply).into();
                }
            }
        }
    }
}

/// A text in pieces of a few characters, as models stream arguments.
pub(crate) fn morsels(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(9).map(|piece| piece.iter().collect()).collect()
}
