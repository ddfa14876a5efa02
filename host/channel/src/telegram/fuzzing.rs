//! Where fuzzing gets at what reads updates and makes messages. Nothing else calls this.

use serde_json::Value;

use super::receive::read;
use super::render::render;
use super::rich::{Rich, units};
use super::split::{first, split};

/// An update as JSON.
pub fn update(bytes: &[u8]) {
    if let Ok(update) = serde_json::from_slice::<Value>(bytes) {
        read(&update, "steward_bot");
    }
}

/// Markdown as messages that Telegram takes.
///
/// # Panics
/// A message is too long, or a mark is not within its text.
pub fn markdown(text: &str) {
    let rich = render(text);
    check(&rich);
    for limit in [4096, 20] {
        for part in split(&rich, limit) {
            assert!(units(&part.text) <= limit, "a part of {} units for {limit}", units(&part.text));
            check(&part);
        }
        if let Some(part) = first(&rich, limit) {
            assert!(units(&part.text) <= limit, "a preview of {} units for {limit}", units(&part.text));
            check(&part);
        }
    }
}

fn check(rich: &Rich) {
    let length = units(&rich.text);
    for entity in rich.entities() {
        let end = entity.offset + entity.length;
        assert!(entity.length > 0 && end <= length, "a mark ends at {end} of {length}");
    }
}
