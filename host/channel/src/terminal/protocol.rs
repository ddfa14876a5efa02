//! What the two sides of the terminal say to each other: a JSON object a line.
//!
//! Each side begins with `hello`. A client's `say` is `accepted` once it is on disk, so a client that hears nothing
//! sends it again under the same id; the server's `message` is done once a client has `seen` it. After the greeting it
//! first sends what has waited for somebody to be there, and then `current`. A line of an unknown type is passed over.

use serde::{Deserialize, Serialize};
use steward_agent::Language;
use tokio::net::UnixStream;
use tokio_util::codec::{Framed, LinesCodec};

/// Raised when one side would misunderstand the other.
pub(super) const VERSION: u32 = 2;
/// The longest line, in bytes.
const MAX_LINE: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromClient {
    Hello {
        version: u32,
        language: Language,
        /// The name the person has on this machine.
        name: String,
    },
    /// Something the person typed. The id is random and stays the same when it is sent again.
    Say { id: String, text: String },
    /// The message of that number was shown.
    Seen { number: u64 },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum FromServer {
    Hello {
        version: u32,
    },
    /// It is on disk.
    Accepted {
        id: String,
    },
    /// It is not: the reason is for the person.
    Refused {
        id: String,
        reason: String,
    },
    /// Every message that waited before this client came was shown: none of them answers what it says from now on.
    Current,
    Typing,
    /// The answer as it has grown so far, from its beginning.
    Draft {
        id: u64,
        text: String,
    },
    /// A tool is being called.
    Tool {
        line: String,
    },
    /// A whole message; it takes the place of the draft of that id.
    Message {
        number: u64,
        draft: Option<u64>,
        text: String,
        /// Nobody waited for it.
        unasked: bool,
    },
    /// A tool call waits for a decision: the answer is the command `/approve`, `/deny` or `/show` with the code.
    Question {
        code: String,
        text: String,
    },
    /// The question of that code is decided.
    Settled {
        code: String,
        verdict: String,
    },
    #[serde(other)]
    Unknown,
}

/// A connection, a line at a time.
pub(super) type Lines = Framed<UnixStream, LinesCodec>;

pub(super) fn lines(stream: UnixStream) -> Lines {
    Framed::new(stream, LinesCodec::new_with_max_length(MAX_LINE))
}

/// The line for it. Nothing here can fail to be JSON.
pub(super) fn encode(item: &impl Serialize) -> String {
    serde_json::to_string(item).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_is_plain_json() {
        let said = FromClient::Say { id: "a".into(), text: "привет\n".into() };
        assert_eq!(encode(&said), r#"{"type":"say","id":"a","text":"привет\n"}"#);
        assert_eq!(serde_json::from_str::<FromClient>(&encode(&said)).unwrap(), said);
        let message = FromServer::Message { number: 7, draft: None, text: "x".into(), unasked: true };
        assert_eq!(serde_json::from_str::<FromServer>(&encode(&message)).unwrap(), message);
        assert_eq!(serde_json::from_str::<FromServer>(r#"{"type":"later"}"#).unwrap(), FromServer::Unknown);
    }
}
