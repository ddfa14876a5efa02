//! Messages on their way in and out, as they are in the inbox and the outbox.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::foreign::ForeignPart;
use crate::language::Language;
use crate::principal::{Origin, PersonId};

/// Where a conversation takes place: a channel and a chat on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// `telegram`, `terminal`.
    pub channel: String,
    /// The chat's id in the channel's own words.
    pub chat: String,
}

/// A message that came in by a channel, before anyone knows what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub address: Address,
    /// The channel's own id of this message; with the channel it is unique, so a repeated delivery is known.
    pub external_id: String,
    pub sender: Sender,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The part of the text that the sender did not write: all of it where it was forwarded. Such a message is never a
    /// command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignPart>,
    #[serde(default, skip_serializing_if = "Part::is_alone")]
    pub part: Part,
    pub received_at: Timestamp,
}

/// What a channel can tell of messages that belong together: photos of an album, pieces of a text that is too long for
/// one message, what was forwarded at once and the word that goes with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// The channel's own id of the album it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// About as long as a message may be, so the rest is likely to come in the next one.
    pub long: bool,
    pub forwarded: bool,
    /// Known to be the word that goes with the forwarded messages behind it.
    pub comment: bool,
}

impl Part {
    pub fn is_alone(&self) -> bool {
        *self == Self::default()
    }

    /// Looks as if more is coming.
    pub fn goes_on(&self) -> bool {
        self.album.is_some() || self.long || self.forwarded || self.comment
    }

    /// Whether the next message of the chat belongs with this one.
    pub fn goes_on_in(&self, next: &Self) -> bool {
        let album = self.album.is_some() && self.album == next.album;
        let text = self.long && next.album.is_none() && next.forwarded == self.forwarded;
        album || text || self.forwarded || (self.comment && next.forwarded)
    }
}

/// Who wrote, as the channel knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The channel's own id of the person, authenticated by the channel.
    pub id: String,
    /// As they call themselves: not to be trusted.
    pub name: String,
    /// Without `@`.
    pub username: Option<String>,
    pub language: Option<Language>,
}

/// A file that came with a message and is still at the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// By which the channel fetches it.
    pub remote_id: String,
    /// As the sender named it, or a name made up by the channel: not to be trusted.
    pub name: String,
    pub mime: Option<String>,
    /// Bytes, where the channel told.
    pub size: Option<u64>,
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    pub to: Address,
    /// Markdown.
    pub text: String,
    /// The message that showed the answer while it grew; it becomes the final one instead of a new message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// A reminder or other message nobody is waiting for.
    #[serde(default)]
    pub unasked: bool,
}

/// A message that grows while the answer streams: the channel's own id of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draft(pub String);

/// Work that nobody wrote a message for: a scheduled prompt that is due, a heartbeat, an event that fired. It is in
/// the inbox like a message and is handled by the person's session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wake {
    /// For whom the assistant works.
    pub person: PersonId,
    pub origin: Origin,
    /// Where the answer goes.
    pub address: Address,
    pub prompt: String,
    /// The model asked for by name.
    pub model: Option<String>,
    /// The part of the prompt that others wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<ForeignPart>,
}

/// What is in the inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Incoming {
    Message(Envelope),
    Wake(Wake),
}
