//! The files that come with a message, and a few words for what comes with it and is not a file.

use serde::Deserialize;
use serde_json::Value;
use steward_agent::{Attachment, Language};
use teloxide::types::{Message, MessageKind};

/// The fields of a message that hold a file, the kind its made-up name begins with, and its type where none is told.
/// An animation is reported as a document as well, so it comes first.
const FILES: [(&str, &str, Option<&str>); 6] = [
    ("animation", "animation", Some("video/mp4")),
    ("document", "document", None),
    ("audio", "audio", Some("audio/mpeg")),
    ("video", "video", Some("video/mp4")),
    ("voice", "voice", Some("audio/ogg")),
    ("video_note", "video-note", Some("video/mp4")),
];

#[derive(Deserialize)]
struct File {
    file_id: String,
    file_unique_id: String,
    file_name: Option<String>,
    mime_type: Option<String>,
    file_size: Option<u64>,
}

/// The file of a message, if it has one, from its bare JSON: teloxide wants fields there that Telegram may leave out.
/// A sticker is not a file: it is told in words.
pub(super) fn attachments(message: &Value) -> Vec<Attachment> {
    // The sizes of a photo go up.
    let photo = message["photo"].as_array().and_then(|sizes| sizes.last());
    let photo = photo.and_then(|size| attachment(size, "photo", Some("image/jpeg")));
    let other = || FILES.iter().find_map(|(field, kind, mime)| attachment(message.get(field)?, kind, *mime));
    photo.or_else(other).into_iter().collect()
}

fn attachment(file: &Value, kind: &str, mime: Option<&str>) -> Option<Attachment> {
    let file = File::deserialize(file).ok()?;
    let mime = file.mime_type.or(mime.map(str::to_owned));
    let name = file.file_name.filter(|name| !name.trim().is_empty());
    Some(Attachment {
        name: name.unwrap_or_else(|| format!("{kind}-{}{}", file.file_unique_id, extension(mime.as_deref()))),
        remote_id: file.file_id,
        mime,
        size: file.file_size,
    })
}

fn extension(mime: Option<&str>) -> &'static str {
    match mime {
        Some("image/jpeg") => ".jpg",
        Some("image/png") => ".png",
        Some("image/gif") => ".gif",
        Some("image/webp") => ".webp",
        Some("video/mp4") => ".mp4",
        Some("audio/ogg") => ".ogg",
        Some("audio/mpeg") => ".mp3",
        Some("audio/mp4" | "audio/x-m4a") => ".m4a",
        Some("application/pdf") => ".pdf",
        Some("text/plain") => ".txt",
        _ => "",
    }
}

/// What a message without text or file is about, in brackets: so nothing a person sends is dropped in silence.
pub(super) fn in_words(message: &Message, language: Language) -> Option<String> {
    let ru = language == Language::Ru;
    let told = if let Some(it) = message.venue() {
        let place = format!("{}, {} ({}, {})", it.title, it.address, it.location.latitude, it.location.longitude);
        format!("{}: {place}", if ru { "место" } else { "place" })
    } else if let Some(it) = message.location() {
        format!("{}: {}, {}", if ru { "геопозиция" } else { "location" }, it.latitude, it.longitude)
    } else if let Some(it) = message.contact() {
        let name = [Some(it.first_name.as_str()), it.last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        format!("{}: {}, {}", if ru { "контакт" } else { "contact" }, name.join(" "), it.phone_number)
    } else if let Some(it) = message.sticker() {
        format!("{}: {}", if ru { "стикер" } else { "sticker" }, it.emoji.as_deref().unwrap_or("?"))
    } else if let Some(it) = message.poll() {
        let options: Vec<&str> = it.options.iter().map(|option| option.text.as_str()).collect();
        format!("{}: {} ({})", if ru { "опрос" } else { "poll" }, it.question, options.join("; "))
    } else if let MessageKind::Dice(it) = &message.kind {
        format!("{}: {}", if ru { "кубик" } else { "dice" }, it.dice.value)
    } else {
        return None;
    };
    Some(format!("[{told}]"))
}

/// Says that a message could not be read.
pub(super) fn unknown_kind(language: Language) -> &'static str {
    match language {
        Language::En => "[a message of a kind that cannot be read here]",
        Language::Ru => "[сообщение такого вида здесь прочитать нельзя]",
    }
}
