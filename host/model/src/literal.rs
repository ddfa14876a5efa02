//! Reads values that a model wrote in the way of Python or JavaScript instead of JSON: single quotes, `True`, bare keys,
//! commas at the end, line breaks within texts. What could be read in two ways is not read, and nothing that is missing
//! is made up.

use std::iter::Peekable;
use std::str::CharIndices;

use serde_json::{Map, Number, Value};

/// Deeper nesting is nobody's arguments.
const DEPTH: u8 = 32;

/// The value at the beginning of a text, and the bytes it takes.
pub(crate) fn read(text: &str) -> Option<(Value, usize)> {
    let mut reader = Reader { text, letters: text.char_indices().peekable() };
    let value = reader.value(0)?;
    let end = reader.at();
    Some((value, end))
}

struct Reader<'a> {
    text: &'a str,
    letters: Peekable<CharIndices<'a>>,
}

impl Reader<'_> {
    fn at(&mut self) -> usize {
        self.letters.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn peek(&mut self) -> Option<char> {
        self.letters.peek().map(|(_, letter)| *letter)
    }

    fn blanks(&mut self) {
        while self.letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
    }

    fn take(&mut self, wanted: char) -> bool {
        self.blanks();
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }

    fn value(&mut self, depth: u8) -> Option<Value> {
        self.blanks();
        match self.peek()? {
            _ if depth > DEPTH => None,
            '{' => self.object(depth),
            '[' => self.list(depth),
            '"' | '\'' => self.string().map(Value::String),
            '-' | '0'..='9' => self.number(),
            _ => match self.word()?.as_str() {
                "true" | "True" => Some(Value::Bool(true)),
                "false" | "False" => Some(Value::Bool(false)),
                "null" | "None" => Some(Value::Null),
                _ => None,
            },
        }
    }

    fn object(&mut self, depth: u8) -> Option<Value> {
        self.letters.next();
        let mut fields = Map::new();
        loop {
            if self.take('}') {
                return Some(Value::Object(fields));
            }
            let key = match self.peek()? {
                '"' | '\'' => self.string()?,
                _ => self.word()?,
            };
            if !self.take(':') {
                return None;
            }
            let value = self.value(depth + 1)?;
            if fields.insert(key, value).is_some() {
                return None;
            }
            if !self.take(',') && {
                self.blanks();
                self.peek()? != '}'
            } {
                return None;
            }
        }
    }

    fn list(&mut self, depth: u8) -> Option<Value> {
        self.letters.next();
        let mut items = Vec::new();
        loop {
            if self.take(']') {
                return Some(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            if !self.take(',') && {
                self.blanks();
                self.peek()? != ']'
            } {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let (_, quote) = self.letters.next()?;
        let mut text = String::new();
        loop {
            match self.letters.next()?.1 {
                letter if letter == quote => return Some(text),
                '\\' => text.push(self.escape()?),
                letter => text.push(letter),
            }
        }
    }

    /// The escapes of JSON, and the quote of Python. Any other, as in `C:\docs`, could mean two things.
    fn escape(&mut self) -> Option<char> {
        Some(match self.letters.next()?.1 {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            letter @ ('"' | '\'' | '\\' | '/') => letter,
            'u' => {
                let first = self.unit()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                let marks = (self.letters.next()?.1, self.letters.next()?.1);
                let second = if marks == ('\\', 'u') { self.unit()? } else { return None };
                char::from_u32(0x10000 + ((first - 0xd800) << 10) + second.checked_sub(0xdc00)?)?
            }
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.letters.next()?.1.to_digit(16)?))
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.at();
        while self.letters.next_if(|(_, c)| c.is_ascii_digit() || "+-.eE".contains(*c)).is_some() {}
        let end = self.at();
        self.text[start..end].parse::<Number>().ok().map(Value::Number)
    }

    fn word(&mut self) -> Option<String> {
        let mut word = String::new();
        while let Some((_, letter)) = self.letters.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
            word.push(letter);
        }
        (!word.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_one_reading_is_read() {
        let cases = [
            ("{'path': 'a', 'all': True, 'x': None}", json!({"path": "a", "all": true, "x": null})),
            ("{path: \"a\", n: -1.5,}", json!({"path": "a", "n": -1.5})),
            ("{\"text\": \"one\ntwo\"}", json!({"text": "one\ntwo"})),
            ("{'it': 'isn\\'t', \"so\": 'a \"b\"'}", json!({"it": "isn't", "so": "a \"b\""})),
            ("{'e': '\\u00e9\\ud83d\\ude00'}", json!({"e": "é😀"})),
            ("[1, [2], {}]", json!([1, [2], {}])),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Some((value, text.len())), "{text}");
        }
    }

    #[test]
    fn what_has_none_or_two_is_not() {
        for text in
            ["{'a': 'don't'}", "{'a': 1", "{'a': 'C:\\docs'}", "{'a': 1, 'a': 2}", "{'a' 'b'}", "maybe", "{a: b}"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"[".repeat(100_000)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "\\PC{0,60}") {
            let _ = read(&text);
        }

        #[test]
        fn json_is_read_as_json(text in "[a-z\"\\\\'é\n]{0,12}", number in any::<i32>()) {
            let value = json!({"text": text, "list": [number, null, true]});
            prop_assert_eq!(read(&value.to_string()).map(|(value, _)| value), Some(value));
        }
    }
}
