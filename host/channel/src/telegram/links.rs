//! Linked words hide their address; the model is to see where they lead, so it is put behind them. Telegram counts
//! places in UTF-16 units; what it says of a place that is not in the text is left out.

use serde_json::Value;

use super::rich::units;

/// The text with the address behind each of its linked words. `entities` are Telegram's, of this very text.
pub(super) fn with_addresses(text: &str, entities: &Value) -> String {
    let mut places: Vec<(usize, &str)> = entities
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entity| entity["type"] == "text_link")
        .filter_map(|entity| hidden(text, entity))
        .collect();
    places.sort_by_key(|(end, _)| *end);
    let (mut whole, mut done) = (String::with_capacity(text.len()), 0);
    for (end, address) in places {
        whole.push_str(&text[done..end]);
        whole.push_str(&format!(" ({address})"));
        done = end;
    }
    whole.push_str(&text[done..]);
    whole
}

/// The entities that belong to the text of a message, or to its caption.
pub(super) fn of_message(message: &Value) -> &Value {
    if message["text"].is_string() { &message["entities"] } else { &message["caption_entities"] }
}

/// Where linked words end and where they lead, unless they say so themselves.
fn hidden<'a>(text: &str, entity: &'a Value) -> Option<(usize, &'a str)> {
    let start = usize::try_from(entity["offset"].as_u64()?).ok()?;
    let length = usize::try_from(entity["length"].as_u64()?).ok()?;
    let (start, end) = (byte_at(text, start)?, byte_at(text, start.checked_add(length)?)?);
    let address = entity["url"].as_str()?;
    let words = &text[start..end];
    let bare = |text: &str| {
        let rest = text.trim().trim_start_matches("https://").trim_start_matches("http://");
        rest.trim_end_matches('/').to_lowercase()
    };
    let end = start + words.trim_end().len();
    (!address.chars().any(char::is_whitespace) && bare(words) != bare(address)).then_some((end, address))
}

/// The byte at a place in UTF-16 units. One inside of a character counts as behind it.
fn byte_at(text: &str, place: usize) -> Option<usize> {
    let mut seen = 0;
    let found = text.char_indices().find(|(_, c)| {
        let here = seen >= place;
        seen += c.len_utf16();
        here
    });
    found.map(|(byte, _)| byte).or_else(|| (place <= units(text)).then_some(text.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn link(offset: usize, length: usize, url: &str) -> Value {
        json!({"type": "text_link", "offset": offset, "length": length, "url": url})
    }

    #[test]
    fn the_address_stands_behind_the_words() {
        let entities = json!([link(12, 4, "https://b.example/2"), link(3, 4, "https://a.example/1?q=x")]);
        assert_eq!(
            with_addresses("🙂 this and that.", &entities),
            "🙂 this (https://a.example/1?q=x) and that (https://b.example/2)."
        );
        let bold = json!([{"type": "bold", "offset": 0, "length": 2}]);
        assert_eq!(with_addresses("no link", &bold), "no link");
    }

    #[test]
    fn words_that_are_the_address_are_not_told_twice_and_false_ones_are() {
        assert_eq!(with_addresses("x.example", &json!([link(0, 9, "https://x.example/")])), "x.example");
        let lie = json!([link(0, 16, "http://evil.example/")]);
        assert_eq!(with_addresses("https://bank.com", &lie), "https://bank.com (http://evil.example/)");
    }

    #[test]
    fn places_outside_of_the_text_are_left_out() {
        for wrong in [json!([link(2, 90, "https://a.example")]), json!([link(usize::MAX, 2, "x")]), json!("strange")] {
            assert_eq!(with_addresses("text", &wrong), "text");
        }
        assert_eq!(with_addresses("🙂x", &json!([link(0, 1, "https://a.example")])), "🙂 (https://a.example)x");
    }
}
