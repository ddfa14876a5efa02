//! `parse_mode` HTML: the tags the server knows, and its words for what is wrong with others.

use serde_json::{Value, json};

use super::chat::Version;
use super::text::units;

/// A tag that is open: its name, the byte and the UTF-16 unit where it begins, and what it becomes.
struct Open {
    tag: String,
    start: usize,
    entity: Value,
}

pub(crate) fn parse(html: &str) -> Result<Version, String> {
    let mut parser = Parser { html, at: 0, version: Version::default(), length: 0, open: Vec::new() };
    while let Some(next) = parser.rest().chars().next() {
        match next {
            '<' if parser.rest().starts_with("</") => parser.end_tag()?,
            '<' => parser.start_tag()?,
            '&' => parser.reference(),
            letter => {
                parser.at += letter.len_utf8();
                parser.push(letter);
            }
        }
    }
    match parser.open.last() {
        Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag)),
        None => Ok(parser.version),
    }
}

struct Parser<'a> {
    html: &'a str,
    at: usize,
    version: Version,
    /// UTF-16 units of the text so far.
    length: usize,
    open: Vec<Open>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.html[self.at..]
    }

    fn push(&mut self, letter: char) {
        self.version.text.push(letter);
        self.length += letter.len_utf16();
    }

    fn reference(&mut self) {
        let rest = self.rest();
        let end = rest.find(';').filter(|end| *end <= 10);
        let letter = end.and_then(|end| match &rest[1..end] {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "quot" => Some('"'),
            name => named_by_number(name),
        });
        match (letter, end) {
            (Some(letter), Some(end)) => {
                self.at += end + 1;
                self.push(letter);
            }
            _ => {
                self.at += 1;
                self.push('&');
            }
        }
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(end) = self.rest().find('>') else { return Err(format!("Unclosed start tag at byte offset {begin}")) };
        let inside = self.rest()[1..end].to_owned();
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((&inside, ""));
        let name = name.to_ascii_lowercase();
        let entity = entity(&name, attributes)
            .ok_or_else(|| format!("Unsupported start tag \"{name}\" at byte offset {begin}"))?;
        self.at += end + 1;
        self.open.push(Open { tag: name, start: self.length, entity });
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(end) = self.rest().find('>') else { return Err(format!("Unclosed end tag at byte offset {begin}")) };
        let name = self.rest()[2..end].trim_end().to_ascii_lowercase();
        self.at += end + 1;
        let Some(mut open) = self.open.pop() else { return Err(format!("Unexpected end tag at byte offset {begin}")) };
        if !name.is_empty() && name != open.tag {
            let expected = open.tag;
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{expected}>\", found \"</{name}>\""
            ));
        }
        let text: Vec<_> = self.version.text.encode_utf16().skip(open.start).collect();
        if open.entity["type"] == "text_link" && open.entity["url"] == "" {
            open.entity["url"] = json!(String::from_utf16_lossy(&text));
        }
        if self.length > open.start && open.entity != Value::Null {
            open.entity["offset"] = json!(open.start);
            open.entity["length"] = json!(units(&String::from_utf16_lossy(&text)));
            self.version.entities.push(open.entity);
        }
        Ok(())
    }
}

fn named_by_number(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|letter| *letter != '\0')
}

/// What a tag becomes, without its place; `None` for tags the server refuses.
fn entity(tag: &str, attributes: &str) -> Option<Value> {
    let kind = match tag {
        "b" | "strong" => "bold",
        "i" | "em" => "italic",
        "u" | "ins" => "underline",
        "s" | "strike" | "del" => "strikethrough",
        "tg-spoiler" => "spoiler",
        "span" if attributes.contains("tg-spoiler") => "spoiler",
        "blockquote" if attributes.contains("expandable") => "expandable_blockquote",
        "blockquote" => "blockquote",
        "code" => "code",
        "pre" => "pre",
        "a" => return Some(json!({ "type": "text_link", "url": attribute(attributes, "href") })),
        "tg-emoji" => {
            return Some(json!({ "type": "custom_emoji", "custom_emoji_id": attribute(attributes, "emoji-id") }));
        }
        _ => return None,
    };
    Some(json!({ "type": kind }))
}

fn attribute(attributes: &str, name: &str) -> String {
    let value = attributes.split_once(&format!("{name}=")).map_or("", |(_, value)| value);
    let quote = value.chars().next().filter(|quote| ['"', '\''].contains(quote));
    let value = match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split_whitespace().next(),
    };
    value.unwrap_or_default().replace("&amp;", "&")
}
