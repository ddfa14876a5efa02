//! Texts as the server takes them: entities checked, offsets counted in UTF-16 units, spaces at the ends removed.

use serde_json::Value;

use super::answer::ApiError;
use super::chat::Version;
use super::html;
use super::params::Params;

const KINDS: [&str; 20] = [
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "date_time",
];

/// Reads a text with its formatting from the parameters `text`/`entities` or `caption`/`caption_entities`.
pub(crate) fn formatted(params: &Params, text: &str, entities: &str) -> Result<Version, ApiError> {
    let raw = params.text(text).unwrap_or_default();
    let mode = params.text("parse_mode").unwrap_or_default().to_ascii_lowercase();
    let mut version = match mode.as_str() {
        "" => Version { text: raw.to_owned(), entities: read_entities(params.structure(entities))? },
        "html" => html::parse(raw).map_err(|reason| ApiError::bad(format!("can't parse entities: {reason}")))?,
        "markdown" | "markdownv2" => return Err(ApiError::bad("can't parse entities: the stand-in knows HTML only")),
        _ => return Err(ApiError::bad("unsupported parse_mode")),
    };
    check(&version)?;
    trim(&mut version);
    Ok(version)
}

/// UTF-16 units, in which all lengths of the Bot API are counted.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn read_entities(list: Option<Value>) -> Result<Vec<Value>, ApiError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let Value::Array(list) = list else { return Err(ApiError::bad("can't parse entities JSON object")) };
    let empty = |entity: &Value| entity.get("length").and_then(Value::as_i64) == Some(0);
    for entity in &list {
        let kind = entity.get("type").and_then(Value::as_str).unwrap_or_default();
        if !KINDS.contains(&kind) {
            return Err(ApiError::bad("can't parse MessageEntity: Unsupported type specified"));
        }
        if kind == "text_link" {
            check_link(entity.get("url").and_then(Value::as_str).unwrap_or_default())?;
        }
    }
    Ok(list.into_iter().filter(|entity| !empty(entity)).collect())
}

fn check_link(link: &str) -> Result<(), ApiError> {
    let wrong = |reason| Err(ApiError::bad(format!("entity URL '{link}' is invalid: {reason}")));
    if link.is_empty() {
        return wrong("URL host is empty");
    }
    match url::Url::parse(link) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => match url.host_str() {
            Some(host) if host.contains('.') || host.contains(':') || host == "localhost" => Ok(()),
            _ => wrong("Wrong HTTP URL"),
        },
        Ok(url) if ["tg", "ton", "mailto"].contains(&url.scheme()) => Ok(()),
        Ok(_) => wrong("Unsupported URL protocol"),
        Err(_) if link.contains('.') && !link.contains(char::is_whitespace) => Ok(()),
        Err(_) => wrong("Wrong HTTP URL"),
    }
}

/// Every entity is within the text, on whole characters, and inside another one or next to it.
fn check(version: &Version) -> Result<(), ApiError> {
    let bounds = Bounds::of(&version.text);
    let mut spans = Vec::new();
    for entity in &version.entities {
        let (offset, length) = (number(entity, "offset"), number(entity, "length"));
        let Ok(start) = usize::try_from(offset) else {
            return Err(ApiError::bad(format!("receive an entity with incorrect offset {offset}")));
        };
        let Ok(length) = usize::try_from(length) else {
            return Err(ApiError::bad(format!("receive an entity with incorrect length {length}")));
        };
        spans.push(bounds.check(start, start + length)?);
    }
    for (index, &(start, end)) in spans.iter().enumerate() {
        let crosses = |&&(other, other_end): &&(usize, usize)| start < other && other < end && end < other_end;
        if let Some((other, other_end)) =
            spans.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, s)| s).find(crosses)
        {
            let reason = format!(
                "entity beginning at UTF-16 offset {other} ends after the end of the text at UTF-16 \
                                  offset {other_end}"
            );
            return Err(ApiError::bad(reason));
        }
    }
    Ok(())
}

/// Where the characters of a text begin, in UTF-16 units.
struct Bounds {
    /// For every unit: does a character begin there, and at which byte.
    starts: Vec<(bool, usize)>,
}

impl Bounds {
    fn of(text: &str) -> Self {
        let mut starts = Vec::with_capacity(text.len() + 1);
        for (byte, letter) in text.char_indices() {
            starts.push((true, byte));
            if letter.len_utf16() == 2 {
                starts.push((false, byte));
            }
        }
        starts.push((true, text.len()));
        Self { starts }
    }

    fn check(&self, start: usize, end: usize) -> Result<(usize, usize), ApiError> {
        let reason = match (self.starts.get(start), self.starts.get(end)) {
            _ if start + 1 >= self.starts.len() => {
                format!("entity begins after the end of the text at UTF-16 offset {start}")
            }
            (Some((false, byte)), _) => format!("entity begins in a middle of a UTF-16 symbol at byte offset {byte}"),
            (_, Some((false, byte))) => {
                format!(
                    "entity beginning at UTF-16 offset {start} ends in a middle of a UTF-16 symbol at byte offset \
                     {byte}"
                )
            }
            (_, None) => {
                format!(
                    "entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
                )
            }
            _ => return Ok((start, end)),
        };
        Err(ApiError::bad(reason))
    }
}

/// Removes white space at both ends and moves the entities along.
fn trim(version: &mut Version) {
    let led = version.text.trim_start();
    let gone = units(&version.text) - units(led);
    let kept = led.trim_end();
    let length = units(kept);
    version.entities.retain_mut(|entity| {
        let span = |name| usize::try_from(number(entity, name)).unwrap_or_default();
        let (start, end) = (span("offset"), span("offset") + span("length"));
        let (start, end) = (start.saturating_sub(gone).min(length), end.saturating_sub(gone).min(length));
        entity["offset"] = start.into();
        entity["length"] = (end - start).into();
        end > start
    });
    version.text = kept.to_owned();
}

fn number(entity: &Value, name: &str) -> i64 {
    entity.get(name).and_then(Value::as_i64).unwrap_or_default()
}
