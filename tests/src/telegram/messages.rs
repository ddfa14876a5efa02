//! Messages of text: sending, editing, deleting, drafts, and what is shown while the bot works.

use serde_json::{Value, json};

use super::answer::ApiError;
use super::chat::Chat;
use super::params::Params;
use super::text::{formatted, units};
use super::world::{NewMessage, World};

/// UTF-16 units of a text.
const TEXT_LIMIT: usize = 4096;
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the \
                            same as a current content and reply markup of the message";
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

type Answer = Result<Value, ApiError>;

pub(crate) fn send_message(world: &mut World, params: &Params) -> Answer {
    if params.text("text").unwrap_or_default().is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    let version = formatted(params, "text", "entities")?;
    let markup = keyboard(params)?;
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let reply_to = reply_target(chat, params)?;
    if version.text.is_empty() {
        return Err(ApiError::bad("text must be non-empty"));
    }
    if units(&version.text) > TEXT_LIMIT {
        return Err(ApiError::bad("message is too long"));
    }
    let chat = chat.id;
    world.say(chat, NewMessage { from_bot: true, version, markup, reply_to, file: None })
}

pub(crate) fn edit_message_text(world: &mut World, params: &Params) -> Answer {
    if params.text("text").unwrap_or_default().is_empty() {
        return Err(ApiError::bad("message text is empty"));
    }
    let version = formatted(params, "text", "entities")?;
    let markup = keyboard(params)?;
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let message = find_own(chat, params, "message to edit not found", "message can't be edited")?;
    let message = chat.find_mut(message).ok_or_else(|| ApiError::bad("message to edit not found"))?;
    if message.file.is_some() {
        return Err(ApiError::bad("there is no text in the message to edit"));
    }
    if version.text.is_empty() {
        return Err(ApiError::bad("text must be non-empty"));
    }
    if units(&version.text) > TEXT_LIMIT {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    if message.versions.last() == Some(&version) && message.markup == markup {
        return Err(ApiError::bad(NOT_MODIFIED));
    }
    message.versions.push(version);
    message.markup = markup;
    let message = message.clone();
    Ok(chat.message_json(&message))
}

pub(crate) fn delete_message(world: &mut World, params: &Params) -> Answer {
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let number = params.number("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    let message = chat.find_mut(number).ok_or_else(|| ApiError::bad("message to delete not found"))?;
    message.deleted = true;
    Ok(json!(true))
}

/// `sendMessageDraft`: a text that is shown while it grows and that no message comes of by itself.
pub(crate) fn send_message_draft(world: &mut World, params: &Params) -> Answer {
    let version = formatted(params, "text", "entities")?;
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let Some(draft) = params.number("draft_id").filter(|id| *id != 0) else {
        return Err(ApiError::bad("draft_id must be non-zero"));
    };
    if units(&version.text) > TEXT_LIMIT {
        return Err(ApiError::bad("message is too long"));
    }
    chat.drafts.entry(draft).or_default().push(version.text);
    Ok(json!(true))
}

pub(crate) fn send_chat_action(world: &mut World, params: &Params) -> Answer {
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let action = params.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action) {
        return Err(ApiError::bad("wrong parameter action in request"));
    }
    chat.actions.push(action.to_owned());
    Ok(json!(true))
}

pub(crate) fn answer_callback_query(world: &mut World, params: &Params) -> Answer {
    let id = params.text("callback_query_id").unwrap_or_default();
    if world.callbacks.remove(id) {
        return Ok(json!(true));
    }
    Err(ApiError::bad("query is too old and response timeout expired or query ID is invalid"))
}

pub(crate) fn set_my_commands(world: &mut World, params: &Params) -> Answer {
    let Some(Value::Array(list)) = params.structure("commands") else {
        return Err(ApiError::bad("can't parse commands JSON object"));
    };
    let mut commands = Vec::new();
    for entry in &list {
        let field = |name| entry.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let (command, description) = (field("command").trim_start_matches('/').to_owned(), field("description"));
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if command.is_empty() || command.len() > 32 || !command.chars().all(plain) {
            return Err(ApiError::bad("BOT_COMMAND_INVALID"));
        }
        if description.is_empty() || units(&description) > 256 {
            return Err(ApiError::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
        commands.push((command, description));
    }
    world.commands.insert(params.text("language_code").unwrap_or_default().to_owned(), commands);
    Ok(json!(true))
}

pub(crate) fn get_my_commands(world: &World, params: &Params) -> Answer {
    let commands = world.commands.get(params.text("language_code").unwrap_or_default());
    let object = |(command, description): &(String, String)| json!({ "command": command, "description": description });
    Ok(commands.into_iter().flatten().map(object).collect())
}

impl World {
    /// Adds a message of the bot and gives its `Message` object.
    pub(crate) fn say(&mut self, chat: i64, message: NewMessage) -> Answer {
        let message = self.add_message(chat, message).ok_or_else(|| ApiError::bad("chat not found"))?;
        self.chats.get(&chat).map(|chat| chat.message_json(&message)).ok_or_else(|| ApiError::bad("chat not found"))
    }
}

fn find_own(chat: &Chat, params: &Params, missing: &str, foreign: &str) -> Result<i64, ApiError> {
    let number = params.number("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    match chat.find(number) {
        None => Err(ApiError::bad(missing)),
        Some(message) if !message.from_bot => Err(ApiError::bad(foreign)),
        Some(message) => Ok(message.id),
    }
}

/// The message that is answered, if it is to be found.
pub(crate) fn reply_target(chat: &Chat, params: &Params) -> Result<Option<i64>, ApiError> {
    let Some(reply) = params.structure("reply_parameters") else { return Ok(None) };
    let found = reply.get("message_id").and_then(Value::as_i64).and_then(|id| chat.find(id)).map(|message| message.id);
    let optional = reply.get("allow_sending_without_reply").and_then(Value::as_bool).unwrap_or(false);
    if found.is_none() && !optional {
        return Err(ApiError::bad("message to be replied not found"));
    }
    Ok(found)
}

/// The inline keyboard, checked; other keyboards leave nothing in the message.
pub(crate) fn keyboard(params: &Params) -> Result<Option<Value>, ApiError> {
    let Some(markup) = params.structure("reply_markup").filter(|markup| markup.get("inline_keyboard").is_some()) else {
        return Ok(None);
    };
    let rows = markup["inline_keyboard"].as_array().into_iter().flatten();
    for button in rows.flat_map(|row| row.as_array().into_iter().flatten()) {
        check_button(button)?;
    }
    Ok(Some(markup))
}

fn check_button(button: &Value) -> Result<(), ApiError> {
    let data = button.get("callback_data").and_then(Value::as_str);
    let fields = button.as_object().map_or(0, serde_json::Map::len);
    if data.is_some_and(|data| data.len() > 64) {
        return Err(ApiError::bad("BUTTON_DATA_INVALID"));
    }
    if data == Some("") || fields < 2 {
        let reason = "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard";
        return Err(ApiError::bad(reason));
    }
    Ok(())
}
