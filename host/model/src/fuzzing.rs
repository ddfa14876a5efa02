//! Where fuzzing gets at the readers of answers. Nothing else calls this.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::iter;
use serde_json::json;
use steward_agent::{ModelError, ModelRequest, ToolSpec};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use url::Url;

use crate::config::GatewayConfig;
use crate::http::{self, Server};
use crate::reading::{Assembly, read};
use crate::sink::Sink;
use crate::{anthropic, openai};

/// What the streams are read with.
pub struct Reader {
    server: Server,
    request: ModelRequest,
    runtime: Runtime,
}

impl Reader {
    /// # Errors
    /// There is no client of HTTP, or no runtime.
    pub fn new() -> Result<Self, ModelError> {
        let wrong = |reason: String| ModelError::Unreachable { address: "nothing".to_owned(), reason };
        let base = Url::parse("http://127.0.0.1:1").map_err(|error| wrong(error.to_string()))?;
        let server = Server::new(http::client(&GatewayConfig::default())?, &base, None, Duration::from_millis(1));
        let schema =
            json!({"type": "object", "properties": {"path": {"type": "string"}, "content": {"type": "string"}}});
        let tool = |name: &str| ToolSpec { name: name.to_owned(), description: String::new(), schema: schema.clone() };
        let tools = [tool("read"), tool("write")].into();
        let request = ModelRequest { system: String::new(), messages: Vec::new(), tools, max_tokens: 100, model: None };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { server, request, runtime })
    }

    /// A stream of chat completions.
    pub fn openai(&self, bytes: &[u8]) {
        let mut answer = openai::Answer::new(&self.server, "m", &self.request, "fuzz m".to_owned());
        self.read(bytes, &mut answer);
        answer.finish();
    }

    /// A stream of Anthropic's messages.
    pub fn anthropic(&self, bytes: &[u8]) {
        let mut answer = anthropic::Answer::new(&self.server, "m", &self.request, "fuzz m".to_owned());
        self.read(bytes, &mut answer);
        answer.finish();
    }

    /// Reads the bytes in two pieces, for a listener that has left. That they are no answer is no failure.
    fn read(&self, bytes: &[u8], answer: &mut impl Assembly) {
        let (one, two) = bytes.split_at(bytes.len() / 2);
        let pieces = [one, two].map(|piece| Ok::<_, io::Error>(Bytes::copy_from_slice(piece)));
        let (events, _) = mpsc::channel(1);
        let mut sink = Sink::new(&events);
        let _ = self.runtime.block_on(read(pin!(iter(pieces)), answer, "nothing", &mut sink));
    }
}
