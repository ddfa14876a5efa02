//! What an update of Telegram means: a message or a press on a button for the inbox, or nothing for us.
//!
//! Only private chats are read. An update teloxide cannot parse is read by hand as far as that goes, so that a new
//! field of the Bot API never costs anybody a message.

use jiff::Timestamp;
use serde_json::Value;
use steward_agent::{Address, Envelope, ForeignPart, Language, Part, Sender, Source};
use teloxide::types::{Message, MessageKind, Update, UpdateKind, User};

use super::Telegram;
use super::ask::{Press, read_press};
use super::attachment::{attachments, in_words, unknown_kind};
use super::links::{self, with_addresses};
use super::split::whole_characters;

/// How much of a message that is replied to is quoted, in characters.
const QUOTE: usize = 300;

/// What is to be done with an update.
#[derive(Debug, PartialEq)]
pub(super) enum Reading {
    Message(Box<Envelope>),
    /// An answer to a question.
    Press(Press),
    /// It is not for us; the word is for the log.
    Ignored(&'static str),
    /// Nothing can be made of it.
    Unreadable,
}

/// The number of an update; updates are confirmed by it.
pub(super) fn update_id(update: &Value) -> Option<i64> {
    update.get("update_id").and_then(Value::as_i64)
}

/// Reads an update. `bot` is our own username, without `@`.
pub(super) fn read(update: &Value, bot: &str) -> Reading {
    let Some(id) = update_id(update) else { return Reading::Unreadable };
    if update.get("callback_query").is_some() {
        return read_press(update, id).map_or(Reading::Ignored("it answers no question"), Reading::Press);
    }
    // From text and not from the value: teloxide finds the kind of an update only by borrowed keys.
    match serde_json::from_str::<Update>(&update.to_string()).map(|update| update.kind) {
        Ok(UpdateKind::Message(message)) => match read_message(&message, &update["message"], id, bot) {
            Some(reading) => reading,
            None => by_hand(update, id),
        },
        Ok(UpdateKind::Error(_)) | Err(_) => by_hand(update, id),
        Ok(_) => Reading::Ignored("it is not a new message"),
    }
}

/// `None` if teloxide knew the message only in part.
fn read_message(message: &Message, raw: &Value, id: i64, bot: &str) -> Option<Reading> {
    if !message.chat.is_private() {
        return Some(Reading::Ignored("it is from a group or a channel"));
    }
    let Some(from) = message.from.as_ref().filter(|from| !from.is_bot) else {
        return Some(Reading::Ignored("no person sent it"));
    };
    if matches!(message.kind, MessageKind::Empty {}) {
        return None;
    }
    if !matches!(message.kind, MessageKind::Common(_) | MessageKind::Dice(_)) {
        return Some(Reading::Ignored("it is a note of Telegram's own"));
    }
    let sender = sender(from);
    let language = sender.language.unwrap_or_default();
    let attachments = attachments(raw);
    let said = message.text().or(message.caption()).map(|said| with_addresses(said, links::of_message(raw)));
    let said = said.or_else(|| in_words(message, language));
    let context = Context::of(message, raw, language);
    let (text, foreign) = match said {
        Some(said) => context.with(without_bot_name(&said, bot)),
        None if attachments.is_empty() => context.with(unknown_kind(language).to_owned()),
        None => context.with(String::new()),
    };
    let envelope = Envelope { attachments, foreign, ..envelope(id, message.chat.id.0, sender, text) };
    Some(Reading::Message(Box::new(envelope)))
}

fn envelope(id: i64, chat: i64, sender: Sender, text: String) -> Envelope {
    Envelope {
        address: Address { channel: Telegram::NAME.to_owned(), chat: chat.to_string() },
        external_id: id.to_string(),
        sender,
        text,
        attachments: Vec::new(),
        foreign: None,
        part: Part::default(),
        received_at: Timestamp::now(),
    }
}

fn sender(user: &User) -> Sender {
    Sender {
        id: user.id.0.to_string(),
        name: user.full_name(),
        username: user.username.clone(),
        language: user.language_code.as_deref().map(Language::from_tag),
    }
}

/// What of a message its sender did not write: what was forwarded, and what is quoted of others.
struct Context {
    /// Who wrote it, if it is not the sender; nobody knows where Telegram keeps it back.
    forwarded: Option<Option<String>>,
    quote: Option<Quote>,
    language: Language,
}

struct Quote {
    text: String,
    /// The name of who wrote it; `None` if it was the sender.
    of: Option<String>,
}

impl Context {
    fn of(message: &Message, raw: &Value, language: Language) -> Self {
        let forwarded = is_foreign(raw).then(|| forwarded_from(message).or_else(|| via_bot(raw)));
        let quote = replied_to(message, raw).map(|text| Quote { text: shorten(&text), of: quoted(raw) });
        Self { forwarded, quote, language }
    }

    /// Of a message that is known only as JSON.
    fn by_hand(raw: &Value, language: Language) -> Self {
        let forwarded = is_foreign(raw).then(|| via_bot(raw));
        Self { forwarded, quote: None, language }
    }

    /// Puts before the text what it is about: where it was forwarded from, what it replies to, and says which part is not
    /// the sender's. A command of the sender's own stays as it is; what was forwarded is none.
    fn with(self, text: String) -> (String, Option<ForeignPart>) {
        if text.starts_with('/') && self.forwarded.is_none() {
            return (text, None);
        }
        let mut lines = Vec::new();
        if let Some(name) = &self.forwarded {
            let from = name.as_deref().map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
            lines.push(match (self.language, from) {
                (Language::En, Some(name)) => format!("[forwarded from {name}]"),
                (Language::Ru, Some(name)) => format!("[переслано от {name}]"),
                (Language::En, None) => "[forwarded]".to_owned(),
                (Language::Ru, None) => "[переслано]".to_owned(),
            });
        }
        let mut of = None;
        if let Some(quote) = self.quote {
            lines.extend(quote.text.lines().map(|line| format!("> {line}")));
            of = quote.of;
            lines.push(String::new());
        }
        let before = lines.iter().map(|line| line.len() + 1).sum();
        lines.push(text);
        let text = lines.join("\n").trim_end().to_owned();
        let foreign = match (self.forwarded, of) {
            (Some(name), _) => Some(ForeignPart::whole(&text, Source::Forwarded(name.unwrap_or_default()))),
            (None, Some(name)) => Some(ForeignPart { from: 0, to: before, sources: vec![Source::Forwarded(name)] }),
            (None, None) => None,
        };
        (text, foreign)
    }
}

/// Whether somebody else wrote the message than the one who sent it. Any sign counts, also one that comes with a kind of
/// message that is not known here.
fn is_foreign(message: &Value) -> bool {
    let signs = ["forward_", "via_bot", "is_automatic_forward"];
    let is_set = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
    let fields = message.as_object().into_iter().flatten();
    fields.into_iter().any(|(name, value)| signs.iter().any(|sign| name.starts_with(sign)) && is_set(value))
}

fn via_bot(message: &Value) -> Option<String> {
    message["via_bot"]["username"].as_str().map(|name| format!("@{name}"))
}

/// Who wrote what a message quotes, if it was not its sender. What we said ourselves is theirs, too, where it passes on
/// what others wrote, so it counts as others'.
fn quoted(message: &Value) -> Option<String> {
    let replied = &message["reply_to_message"];
    let own = replied["from"]["id"].is_i64() && replied["from"]["id"] == message["from"]["id"] && !is_foreign(replied);
    if own && message.get("external_reply").is_none() {
        return None;
    }
    let name = [&replied["from"]["username"], &replied["from"]["first_name"]].into_iter().find_map(Value::as_str);
    Some(name.unwrap_or_default().to_owned())
}

fn forwarded_from(message: &Message) -> Option<String> {
    let user = message.forward_from_user().map(User::full_name);
    let chat = || message.forward_from_chat().and_then(|chat| chat.title()).map(str::to_owned);
    user.or_else(|| message.forward_from_sender_name().map(str::to_owned)).or_else(chat)
}

fn replied_to(message: &Message, raw: &Value) -> Option<String> {
    let other = &raw["reply_to_message"];
    let whole = || message.reply_to_message().and_then(|other| other.text().or(other.caption()));
    let whole = || whole().map(|text| with_addresses(text, links::of_message(other)));
    let quote = message.quote().map(|quote| with_addresses(&quote.text, &raw["quote"]["entities"]));
    quote.or_else(whole).filter(|text| !text.trim().is_empty())
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", text[..whole_characters(text, end)].trim_end()),
        None => text.to_owned(),
    }
}

/// `/help@our_bot` is `/help`.
fn without_bot_name(text: &str, bot: &str) -> String {
    let (command, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    match command.split_once('@') {
        Some((command, name)) if command.starts_with('/') && name.eq_ignore_ascii_case(bot) => {
            format!("{command}{rest}")
        }
        _ => text.to_owned(),
    }
}

/// The same from the bare JSON, with as little as possible taken for granted.
fn by_hand(update: &Value, id: i64) -> Reading {
    let Some(message) = update.get("message") else { return Reading::Unreadable };
    let chat = &message["chat"];
    let from = &message["from"];
    let (Some(kind), Some(chat), Some(person)) = (chat["type"].as_str(), chat["id"].as_i64(), from["id"].as_i64())
    else {
        return Reading::Unreadable;
    };
    if kind != "private" || from["is_bot"] == Value::Bool(true) {
        return Reading::Ignored("it is not from a person in a private chat");
    }
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let name = [from["first_name"].as_str(), from["last_name"].as_str()].into_iter().flatten().collect::<Vec<_>>();
    let sender = Sender {
        id: person.to_string(),
        name: name.join(" "),
        username: word(&from["username"]),
        language: from["language_code"].as_str().map(Language::from_tag),
    };
    let said = word(&message["text"]).or_else(|| word(&message["caption"]));
    let said = said.map(|said| with_addresses(&said, links::of_message(message)));
    let attachments = attachments(message);
    let language = sender.language.unwrap_or_default();
    let text = match said {
        Some(said) => said,
        None if attachments.is_empty() => unknown_kind(language).to_owned(),
        None => String::new(),
    };
    let (text, foreign) = Context::by_hand(message, language).with(text);
    Reading::Message(Box::new(Envelope { attachments, foreign, ..envelope(id, chat, sender, text) }))
}

#[cfg(test)]
mod tests;
