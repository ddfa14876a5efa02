//! Files: sending them, and fetching those that people sent.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{ApiError, respond};
use super::chat::File;
use super::messages::{keyboard, reply_target};
use super::params::Params;
use super::text::{formatted, units};
use super::world::{NewMessage, World};

/// The largest file a bot may fetch from the cloud server.
pub(crate) const DOWNLOAD_LIMIT: usize = 20 * 1024 * 1024;
/// The largest file a bot may send.
const UPLOAD_LIMIT: usize = 50 * 1024 * 1024;
const PHOTO_LIMIT: usize = 10 * 1024 * 1024;
const CAPTION_LIMIT: usize = 1024;

/// `sendDocument` and `sendPhoto`: `kind` is the parameter that holds the file.
pub(crate) fn send_file(world: &mut World, params: &Params, kind: &'static str) -> Result<Value, ApiError> {
    let file = sent_file(world, params, kind)?;
    let version = formatted(params, "caption", "caption_entities")?;
    let markup = keyboard(params)?;
    let chat = world.open_chat(params.fields.get("chat_id"))?;
    let reply_to = reply_target(chat, params)?;
    if units(&version.text) > CAPTION_LIMIT {
        return Err(ApiError::bad("message caption is too long"));
    }
    let chat = chat.id;
    world.say(chat, NewMessage { from_bot: true, version, file: Some(file), markup, reply_to })
}

/// The file meant by the parameter: uploaded under its name, under another field by `attach://`, or known by its id.
fn sent_file(world: &World, params: &Params, kind: &'static str) -> Result<File, ApiError> {
    let named = params.text(kind);
    let field = named.and_then(|name| name.strip_prefix("attach://")).unwrap_or(kind);
    let Some(upload) = params.uploads.get(field) else {
        let known = named.and_then(|id| world.files.get(id));
        let missing = if named.is_none() { format!("there is no {kind} in the request") } else { wrong_file() };
        return known.map(|file| File { kind, ..file.clone() }).ok_or_else(|| ApiError::bad(missing));
    };
    let (name, size) = (upload.name.clone(), upload.bytes.len());
    if size == 0 {
        return Err(ApiError::bad("file must be non-empty"));
    }
    if size > UPLOAD_LIMIT {
        return Err(ApiError::new(413, "Request Entity Too Large"));
    }
    if kind == "photo" && size > PHOTO_LIMIT {
        return Err(ApiError::bad(format!("file \"{name}\" of size {size} bytes is too big for a photo")));
    }
    Ok(File { kind, id: new_file_id(world), name, mime: upload.mime.clone(), bytes: upload.bytes.clone() })
}

pub(crate) fn new_file_id(world: &World) -> String {
    format!("AgACAgIAAxkBAAM{:06}", world.files.len() + 1)
}

fn wrong_file() -> String {
    "wrong file identifier/HTTP URL specified".to_owned()
}

pub(crate) fn get_file(world: &World, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("file_id").unwrap_or_default();
    let file =
        world.files.get(id).ok_or_else(|| ApiError::bad("wrong file_id or the file is temporarily unavailable"))?;
    if file.bytes.len() > DOWNLOAD_LIMIT {
        return Err(ApiError::bad("file is too big"));
    }
    let path = format!("{}s/{}", file.kind, file.id);
    Ok(json!({ "file_id": id, "file_unique_id": format!("u{id}"), "file_size": file.bytes.len(), "file_path": path }))
}

/// The bytes behind a `file_path` that [`get_file`] gave.
pub(crate) fn download(world: &World, path: &str) -> Response {
    let file = path.rsplit('/').next().and_then(|id| world.files.get(id));
    match file {
        Some(file) if file.bytes.len() <= DOWNLOAD_LIMIT => Response::new(Body::from(file.bytes.clone())),
        _ => respond(Err(ApiError::new(404, "Not Found"))),
    }
}
