//! The people in the chats: what they do, and what they see of the bot.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Shared;
use super::chat::{Chat, ChatMessage, File, Version};
use super::media::new_file_id;
use super::world::{NewMessage, World};

/// Somebody who has a private chat with the bot. Clones are the same person.
#[derive(Clone)]
pub struct Person {
    shared: Arc<Shared>,
    id: i64,
}

impl Person {
    pub(crate) fn new(shared: Arc<Shared>, id: i64, name: &str) -> Self {
        shared.change(|world| world.chats.entry(id).or_insert_with(|| Chat::new(id, name)).name = name.to_owned());
        Self { shared, id }
    }

    /// Gives them a username, without `@`.
    #[must_use]
    pub fn username(self, username: &str) -> Self {
        self.change(|chat| chat.username = Some(username.to_owned()));
        self
    }

    /// Sets the language of their client, as an IETF tag.
    #[must_use]
    pub fn language(self, language: &str) -> Self {
        self.change(|chat| chat.language = Some(language.to_owned()));
        self
    }

    /// Their Telegram id, which is also their chat's.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// They write a message; gives its id.
    pub fn says(&self, text: &str) -> i64 {
        self.writes(NewMessage { version: typed(text), ..NewMessage::default() })
    }

    /// They answer a message of the chat.
    pub fn replies(&self, to: i64, text: &str) -> i64 {
        self.writes(NewMessage { version: typed(text), reply_to: Some(to), ..NewMessage::default() })
    }

    /// They send a photo; gives the message's id.
    pub fn sends_photo(&self, bytes: impl Into<Bytes>, caption: &str) -> i64 {
        self.sends_file("photo", "photo.jpg", None, bytes.into(), caption)
    }

    /// They send a file; gives the message's id.
    pub fn sends_document(&self, name: &str, mime: &str, bytes: impl Into<Bytes>, caption: &str) -> i64 {
        self.sends_file("document", name, Some(mime), bytes.into(), caption)
    }

    /// They send a voice message; gives its id.
    pub fn sends_voice(&self, bytes: impl Into<Bytes>) -> i64 {
        self.sends_file("voice", "voice.oga", Some("audio/ogg"), bytes.into(), "")
    }

    /// They send photos at once; each is a separate message, the caption under the first.
    pub fn sends_album(&self, photos: &[&'static [u8]], caption: &str) {
        self.shared.change(|world| {
            let album = json!({ "media_group_id": format!("14{}", new_file_id(world)) });
            for (at, bytes) in photos.iter().enumerate() {
                let (kind, id, name) = ("photo", new_file_id(world), "photo.jpg".to_owned());
                let file = File { kind, id, name, mime: None, bytes: Bytes::from_static(bytes) };
                let version = if at == 0 { typed(caption) } else { Version::default() };
                write(world, self.id, NewMessage { version, file: Some(file), ..NewMessage::default() }, &album);
            }
        });
    }

    /// They forward messages of somebody and write a comment, which goes before them.
    pub fn forwards(&self, comment: &str, of: &str, texts: &[&str]) {
        self.shared.change(|world| {
            let origin = json!({ "type": "hidden_user", "sender_user_name": of, "date": 1_700_000_000 });
            let fields = json!({ "forward_origin": origin });
            write(world, self.id, NewMessage { version: typed(comment), ..NewMessage::default() }, &Value::Null);
            for text in texts {
                write(world, self.id, NewMessage { version: typed(text), ..NewMessage::default() }, &fields);
            }
        });
    }

    /// They change a message of theirs.
    pub fn edits(&self, message: i64, text: &str) {
        self.shared.change(|world| {
            let Some(chat) = world.chats.get_mut(&self.id) else { return };
            let Some(known) = chat.find_mut(message) else { return };
            known.versions.push(typed(text));
            let known = known.clone();
            let object = chat.message_json(&known);
            world.push("edited_message", object);
        });
    }

    /// They press a button under a message of the bot; gives the id of the callback query.
    pub fn presses(&self, message: i64, data: &str) -> String {
        self.shared.change(|world| {
            let id = world.new_callback();
            if let Some(chat) = world.chats.get(&self.id) {
                let message = chat.find(message).map(|message| chat.message_json(message));
                let query = json!({ "id": id, "from": chat.user_json(), "message": message,
                                    "chat_instance": "4242", "data": data });
                world.push("callback_query", query);
            }
            id
        })
    }

    /// From now on the bot cannot write to them.
    /// They block the bot: it can send them nothing.
    pub fn blocks_bot(&self) {
        self.change(|chat| chat.forbidden = Some("Forbidden: bot was blocked by the user".to_owned()));
    }

    /// They take the bot back.
    pub fn unblocks_bot(&self) {
        self.change(|chat| chat.forbidden = None);
    }

    /// They delete a message of the chat, the bot's too.
    pub fn deletes(&self, message: i64) {
        self.change(|chat| {
            if let Some(message) = chat.find_mut(message) {
                message.deleted = true;
            }
        });
    }

    /// Waits for a message of the bot that fits as it stands and was not heard before; edits count.
    pub async fn hears(&self, fits: impl Fn(&str) -> bool) -> ChatMessage {
        let find = |world: &mut World| {
            let chat = world.chats.get_mut(&self.id)?;
            let new =
                |message: &&ChatMessage| message.from_bot && !message.deleted && !chat.heard.contains(&message.id);
            let message = chat.messages.iter().filter(new).find(|message| fits(message.text()))?.clone();
            chat.heard.insert(message.id);
            Some(message)
        };
        self.shared.until(find, World::story).await
    }

    /// Waits until that message of the bot fits.
    pub async fn reads(&self, message: i64, fits: impl Fn(&ChatMessage) -> bool) -> ChatMessage {
        let find = |world: &mut World| {
            let message = world.chats.get(&self.id)?.messages.iter().find(|known| known.id == message)?;
            fits(message).then(|| message.clone())
        };
        self.shared.until(find, World::story).await
    }

    /// All that the bot has written and not deleted, in order, as it stands.
    pub fn sees(&self) -> Vec<ChatMessage> {
        let shown = |chat: &Chat| chat.messages.iter().filter(|m| m.from_bot && !m.deleted).cloned().collect();
        self.shared.look().chats.get(&self.id).map(shown).unwrap_or_default()
    }

    /// How many messages of the bot fit as they stand.
    pub fn count(&self, fits: impl Fn(&str) -> bool) -> usize {
        self.sees().iter().filter(|message| fits(message.text())).count()
    }

    /// What `sendChatAction` has shown: `typing`.
    pub fn actions(&self) -> Vec<String> {
        self.shared.look().chats.get(&self.id).map(|chat| chat.actions.clone()).unwrap_or_default()
    }

    /// The texts a message draft has shown, by the draft's id.
    pub fn drafts(&self) -> Vec<(i64, Vec<String>)> {
        let drafts = |chat: &Chat| chat.drafts.iter().map(|(id, texts)| (*id, texts.clone())).collect();
        self.shared.look().chats.get(&self.id).map(drafts).unwrap_or_default()
    }

    fn change(&self, how: impl FnOnce(&mut Chat)) {
        self.shared.change(|world| world.chats.get_mut(&self.id).map(how));
    }

    fn sends_file(&self, kind: &'static str, name: &str, mime: Option<&str>, bytes: Bytes, caption: &str) -> i64 {
        let id = new_file_id(&self.shared.look());
        let file = File { kind, id, name: name.to_owned(), mime: mime.map(str::to_owned), bytes };
        self.writes(NewMessage { version: typed(caption), file: Some(file), ..NewMessage::default() })
    }

    fn writes(&self, message: NewMessage) -> i64 {
        self.shared.change(|world| write(world, self.id, message, &Value::Null))
    }
}

/// A message of the person with these fields besides; gives its id.
fn write(world: &mut World, chat: i64, message: NewMessage, fields: &Value) -> i64 {
    let message = world.add_message(chat, message);
    let object = message.as_ref().zip(world.chats.get(&chat)).map(|(message, chat)| chat.message_json(message));
    if let Some(mut object) = object {
        for (name, value) in fields.as_object().into_iter().flatten() {
            object[name.as_str()] = value.clone();
        }
        world.push("message", object);
    }
    message.map_or(0, |message| message.id)
}

/// A text as a client sends it: a command at its beginning is marked.
fn typed(text: &str) -> Version {
    let command = text.split_whitespace().next().filter(|word| word.starts_with('/') && word.len() > 1);
    let mark = |word: &str| json!({ "type": "bot_command", "offset": 0, "length": word.encode_utf16().count() });
    let entities: Vec<Value> = command.map(mark).into_iter().collect();
    Version { text: text.to_owned(), entities }
}
