//! What is in a private chat: messages with all their versions, files, drafts and what the bot showed meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The account of the bot, in the id of which the token begins.
pub(crate) const BOT_ID: i64 = 7_000_000_001;

/// The private chat of one person with the bot; its id is the person's.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    pub(crate) language: Option<String>,
    /// They have written to the bot, so the bot may write to them.
    pub(crate) started: bool,
    /// Why the bot cannot write to them: the description of the 403.
    pub(crate) forbidden: Option<String>,
    pub(crate) messages: Vec<ChatMessage>,
    /// The texts each draft has shown, by the draft's id.
    pub(crate) drafts: BTreeMap<i64, Vec<String>>,
    /// What `sendChatAction` showed, in order.
    pub(crate) actions: Vec<String>,
    /// Messages the test has already heard.
    pub(crate) heard: BTreeSet<i64>,
}

/// A message with its history.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// Counts the messages of the chat, from 1.
    pub id: i64,
    /// Whether the bot sent it.
    pub from_bot: bool,
    /// Unix seconds.
    pub date: i64,
    /// The text or caption as sent and after each edit, oldest first; never empty.
    pub versions: Vec<Version>,
    /// What came with it.
    pub file: Option<File>,
    /// The inline keyboard.
    pub markup: Option<Value>,
    /// The message it answers.
    pub reply_to: Option<i64>,
    /// Whether the bot deleted it.
    pub deleted: bool,
}

/// The text of a message at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Version {
    /// Without formatting.
    pub text: String,
    /// `MessageEntity` objects, offsets in UTF-16 units.
    pub entities: Vec<Value>,
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The field of the message that holds it: `document`, `photo`, `voice`.
    pub kind: &'static str,
    /// Telegram's `file_id`.
    pub id: String,
    /// As whoever sent it called it.
    pub name: String,
    /// Its type, where one is told.
    pub mime: Option<String>,
    /// The content.
    pub bytes: Bytes,
}

impl ChatMessage {
    /// The text or caption as it stands now.
    pub fn text(&self) -> &str {
        self.versions.last().map_or("", |version| &version.text)
    }

    /// The formatting as it stands now.
    pub fn entities(&self) -> &[Value] {
        self.versions.last().map_or(&[], |version| &version.entities)
    }

    /// How often it was edited.
    pub fn edits(&self) -> usize {
        self.versions.len().saturating_sub(1)
    }
}

impl Chat {
    pub(crate) fn new(id: i64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            username: None,
            language: None,
            started: false,
            forbidden: None,
            messages: Vec::new(),
            drafts: BTreeMap::new(),
            actions: Vec::new(),
            heard: BTreeSet::new(),
        }
    }

    pub(crate) fn find(&self, message: i64) -> Option<&ChatMessage> {
        self.messages.iter().find(|known| known.id == message && !known.deleted)
    }

    pub(crate) fn find_mut(&mut self, message: i64) -> Option<&mut ChatMessage> {
        self.messages.iter_mut().find(|known| known.id == message && !known.deleted)
    }

    /// The `User` object of the person.
    pub(crate) fn user_json(&self) -> Value {
        let mut user = self.names();
        user.insert("is_bot".to_owned(), json!(false));
        if let Some(language) = &self.language {
            user.insert("language_code".to_owned(), json!(language));
        }
        Value::Object(user)
    }

    /// The `Message` object.
    pub(crate) fn message_json(&self, message: &ChatMessage) -> Value {
        let mut object = self.bare_message_json(message);
        if let Some(original) = message.reply_to.and_then(|id| self.find(id)) {
            object["reply_to_message"] = self.bare_message_json(original);
        }
        object
    }

    fn bare_message_json(&self, message: &ChatMessage) -> Value {
        let from = if message.from_bot { bot_json() } else { self.user_json() };
        let mut chat = self.names();
        chat.insert("type".to_owned(), json!("private"));
        let mut object = json!({ "message_id": message.id, "from": from, "chat": chat, "date": message.date });
        let (text, entities) = match &message.file {
            Some(file) => {
                object[file.kind] = file.json();
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };
        if !message.text().is_empty() {
            object[text] = json!(message.text());
        }
        if !message.entities().is_empty() {
            object[entities] = json!(message.entities());
        }
        if message.edits() > 0 {
            object["edit_date"] = json!(message.date);
        }
        if let Some(markup) = &message.markup {
            object["reply_markup"] = markup.clone();
        }
        object
    }

    fn names(&self) -> Map<String, Value> {
        let mut names = Map::new();
        names.insert("id".to_owned(), json!(self.id));
        names.insert("first_name".to_owned(), json!(self.name));
        if let Some(username) = &self.username {
            names.insert("username".to_owned(), json!(username));
        }
        names
    }
}

impl File {
    fn json(&self) -> Value {
        let unique = format!("u{}", self.id);
        let size = self.bytes.len();
        match self.kind {
            "photo" => json!([
                { "file_id": format!("{}s", self.id), "file_unique_id": format!("{unique}s"), "file_size": 900,
                  "width": 90, "height": 60 },
                { "file_id": self.id, "file_unique_id": unique, "file_size": size, "width": 1280, "height": 853 },
            ]),
            "voice" => json!({ "file_id": self.id, "file_unique_id": unique, "duration": 3,
                               "mime_type": self.mime, "file_size": size }),
            _ => json!({ "file_id": self.id, "file_unique_id": unique, "file_name": self.name,
                         "mime_type": self.mime, "file_size": size }),
        }
    }
}

/// The `User` object of the bot.
pub(crate) fn bot_json() -> Value {
    json!({ "id": BOT_ID, "is_bot": true, "first_name": "Steward", "username": "steward_test_bot" })
}
