//! Everything the server knows: chats, files, the queue of updates, the failures ordered by the test.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Call;
use super::answer::ApiError;
use super::chat::{Chat, ChatMessage, File, Version};
use super::failure::Failure;

/// Kinds of updates that are sent only to bots that ask for them by name.
const ONLY_ON_REQUEST: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

#[derive(Default)]
pub(crate) struct World {
    /// What the bot has not confirmed, oldest first.
    pub(crate) updates: VecDeque<Value>,
    last_update: i64,
    /// The kinds asked for by the last `getUpdates` that named any.
    pub(crate) allowed: Option<Vec<String>>,
    /// Counts the calls of `getUpdates`; a newer one ends an older one that still waits.
    pub(crate) poll: u64,
    pub(crate) polls_waiting: usize,
    pub(crate) chats: BTreeMap<i64, Chat>,
    last_message: i64,
    pub(crate) files: HashMap<String, File>,
    pub(crate) calls: Vec<Call>,
    pub(crate) failures: HashMap<String, VecDeque<Failure>>,
    /// Ids of callback queries that are not answered yet.
    pub(crate) callbacks: HashSet<String>,
    last_callback: u64,
    pub(crate) commands: HashMap<String, Vec<(String, String)>>,
    pub(crate) offline: bool,
}

impl World {
    /// Queues an update of a person, unless the bot does not want its kind.
    pub(crate) fn push(&mut self, kind: &str, content: Value) {
        let wanted = match &self.allowed {
            Some(kinds) => kinds.iter().any(|allowed| allowed == kind),
            None => !ONLY_ON_REQUEST.contains(&kind),
        };
        if wanted {
            self.push_raw(json!({ kind: content }));
        }
    }

    /// Queues an update as it is and gives its id.
    pub(crate) fn push_raw(&mut self, mut update: Value) -> i64 {
        if let Some(id) = update.get("update_id").and_then(Value::as_i64) {
            self.last_update = id;
        } else {
            self.last_update = (self.last_update + 1).max(500_000_001);
            update["update_id"] = json!(self.last_update);
        }
        self.updates.push_back(update);
        self.last_update
    }

    /// The id of a callback query that waits for its answer.
    pub(crate) fn new_callback(&mut self) -> String {
        self.last_callback += 1;
        let id = format!("4{:018}", self.last_callback);
        self.callbacks.insert(id.clone());
        id
    }

    /// Adds a message to a chat and gives it.
    pub(crate) fn add_message(&mut self, chat: i64, message: NewMessage) -> Option<ChatMessage> {
        self.last_message = (self.last_message + 1).max(101);
        if let Some(file) = &message.file {
            self.files.insert(file.id.clone(), file.clone());
        }
        let message = ChatMessage {
            id: self.last_message,
            from_bot: message.from_bot,
            date: Timestamp::now().as_second(),
            versions: vec![message.version],
            file: message.file,
            markup: message.markup,
            reply_to: message.reply_to,
            deleted: false,
        };
        let chat = self.chats.get_mut(&chat)?;
        chat.started |= !message.from_bot;
        chat.messages.push(message.clone());
        Some(message)
    }

    /// The chat the bot wants to write to.
    pub(crate) fn open_chat(&mut self, id: Option<&Value>) -> Result<&mut Chat, ApiError> {
        let id = match id {
            None => return Err(ApiError::bad("chat_id is empty")),
            Some(Value::String(text)) if text.is_empty() => return Err(ApiError::bad("chat_id is empty")),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_i64(),
        };
        let chat = id.and_then(|id| self.chats.get_mut(&id)).filter(|chat| chat.started);
        let chat = chat.ok_or_else(|| ApiError::bad("chat not found"))?;
        match &chat.forbidden {
            Some(reason) => Err(ApiError::new(403, reason.clone())),
            None => Ok(chat),
        }
    }

    /// What has happened so far, for the message of a test that fails.
    pub(crate) fn story(&self) -> String {
        let mut story = String::from("What Telegram saw:\n");
        for chat in self.chats.values() {
            for message in &chat.messages {
                let who = if message.from_bot { "bot" } else { &chat.name };
                let fate = if message.deleted { " (deleted)" } else { "" };
                let edits = message.edits();
                story +=
                    &format!("  chat {} #{} {who}, {edits} edits{fate}: {:?}\n", chat.id, message.id, message.text());
            }
        }
        let calls: Vec<_> = self.calls.iter().map(|call| call.method.as_str()).collect();
        story + &format!("  calls: {}\n  unconfirmed updates: {}\n", calls.join(" "), self.updates.len())
    }
}

/// A message that has no id yet.
#[derive(Default)]
pub(crate) struct NewMessage {
    pub(crate) from_bot: bool,
    pub(crate) version: Version,
    pub(crate) file: Option<File>,
    pub(crate) markup: Option<Value>,
    pub(crate) reply_to: Option<i64>,
}
