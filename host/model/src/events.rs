//! Splits the bytes of an answer into events, as servers really send them: comments and fields nobody knows, `data:` with
//! and without a blank, any line ends, a mark at the beginning, no empty line at the end, or bare JSON on its lines.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// The most bytes of lines that belong to no event.
const STRAY_BYTES: usize = 64 * 1024;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// What it is called, where it is.
    pub(crate) name: Option<String>,
    pub(crate) data: String,
}

/// The events of one answer on their way.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Bytes of the line that is arriving.
    line: Vec<u8>,
    began: bool,
    /// The last line ended in a carriage return, to which a line feed may belong.
    returned: bool,
    name: Option<String>,
    data: Option<String>,
    /// Lines outside of events: JSON without its frame, or a text.
    stray: String,
    ready: Vec<Event>,
}

impl Events {
    /// Takes the next bytes; gives the events that are whole by now.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Vec<Event> {
        while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let feeds = bytes[at] == b'\n';
            self.line.extend_from_slice(&bytes[..at]);
            bytes = &bytes[at + 1..];
            let belongs = feeds && self.returned && at == 0 && self.line.is_empty();
            self.returned = !feeds;
            if !belongs {
                self.end_line();
            }
        }
        if !bytes.is_empty() {
            self.returned = false;
            self.line.extend_from_slice(bytes);
        }
        std::mem::take(&mut self.ready)
    }

    /// The bytes are over: gives what is whole, though its end is missing.
    pub(crate) fn finish(&mut self) -> Vec<Event> {
        if !self.line.is_empty() {
            self.end_line();
        }
        if self.data.as_deref().is_some_and(|data| is_whole(data) || !like_json(data)) {
            self.dispatch();
        }
        if !self.stray.trim().is_empty() && (is_whole(&self.stray) || !like_json(&self.stray)) {
            let data = std::mem::take(&mut self.stray);
            self.ready.push(Event { name: None, data });
        }
        std::mem::take(&mut self.ready)
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let line = if std::mem::replace(&mut self.began, true) { &*text } else { text.trim_start_matches('\u{feff}') };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field.trim_start().to_ascii_lowercase().as_str() {
            // A comment, or a field that is nothing to us.
            "" | "id" | "retry" => {}
            "event" => self.name = Some(value.trim().to_owned()),
            "data" => self.add(value),
            _ => self.add_stray(line),
        }
    }

    fn add(&mut self, value: &str) {
        // A page or a text of some proxy in the middle of a stream takes nothing of the answer with it.
        if is_whole(value) && self.data.as_deref().is_some_and(|data| !like_json(data)) {
            self.dispatch();
        }
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        // Some servers leave the empty line between events out.
        if self.data.as_deref().is_some_and(is_whole) {
            self.dispatch();
        }
    }

    fn add_stray(&mut self, line: &str) {
        let room = if line.starts_with(['{', '[']) { usize::MAX } else { STRAY_BYTES };
        if self.stray.len() < room {
            self.stray.push_str(line);
            self.stray.push('\n');
        }
        if is_whole(&self.stray) {
            let data = std::mem::take(&mut self.stray);
            self.ready.push(Event { name: None, data });
        }
    }

    fn dispatch(&mut self) {
        let name = self.name.take();
        if let Some(data) = self.data.take().filter(|data| !data.trim().is_empty()) {
            self.ready.push(Event { name, data });
        }
    }
}

fn like_json(data: &str) -> bool {
    data.trim_start().starts_with(['{', '['])
}

/// Whether a text is one or several whole values of JSON, or the mark of the end.
fn is_whole(text: &str) -> bool {
    let text = text.trim();
    if is_done(text) {
        return true;
    }
    if !text.starts_with(['{', '[']) || !text.ends_with(['}', ']']) {
        return false;
    }
    Deserializer::from_str(text).into_iter::<IgnoredAny>().all(|value| value.is_ok())
}

/// The mark with which chat completions end.
pub(crate) fn is_done(data: &str) -> bool {
    data.trim().trim_matches('"').eq_ignore_ascii_case("[DONE]")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut events = Events::default();
        let (mut found, mut rest) = (Vec::new(), bytes);
        for cut in cuts {
            let (part, later) = rest.split_at((*cut).min(rest.len()));
            found.extend(events.push(part));
            rest = later;
        }
        found.extend(events.push(rest));
        found.extend(events.finish());
        found.into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn events_come_in_many_frames() {
        let cases: [(&str, &[&str]); 15] = [
            ("data: {\"a\":1}\n\ndata: [DONE]\n\n", &["{\"a\":1}", "[DONE]"]),
            ("\u{feff}data: {\"a\":1}\r\n\r\n", &["{\"a\":1}"]),
            ("data:{\"a\":1}\r\rdata:{\"b\":1}\r\r", &["{\"a\":1}", "{\"b\":1}"]),
            (": OPENROUTER PROCESSING\n\ndata: {\"a\":1}\n\n", &["{\"a\":1}"]),
            ("event: x\nid: 7\nretry: 3\ndata: {\"a\":1}\n\n", &["{\"a\":1}"]),
            ("data: {\"a\":1}\ndata: {\"b\":1}\n\n", &["{\"a\":1}", "{\"b\":1}"]),
            ("data: {\"a\":1}", &["{\"a\":1}"]),
            ("data: {\ndata: \"a\":1}\n\n", &["{\n\"a\":1}"]),
            ("{\"a\":1}\n{\"b\":1}\n", &["{\"a\":1}\n", "{\"b\":1}\n"]),
            ("{\n \"a\": 1\n}", &["{\n \"a\": 1\n}\n"]),
            ("data: {\"a\":", &[]),
            ("data:\n\ndata: \n\n", &[]),
            ("data: {\"a\":1}{\"b\":1}\n\n", &["{\"a\":1}{\"b\":1}"]),
            ("data: <html>\ndata: {\"a\":1}\n\n", &["<html>", "{\"a\":1}"]),
            ("Internal Server Error", &["Internal Server Error\n"]),
        ];
        for (bytes, expected) in cases {
            assert_eq!(read(bytes.as_bytes(), &[]), expected, "{bytes:?}");
            for at in 0..=bytes.len() {
                assert_eq!(read(bytes.as_bytes(), &[at]), expected, "{bytes:?} at {at}");
            }
        }
    }

    #[test]
    fn the_name_of_an_event_is_kept() {
        let mut events = Events::default();
        let found = events.push(b"event: error\ndata: {\"message\":\"x\"}\n\ndata: {}\n\n");
        assert_eq!((found[0].name.as_deref(), found[1].name.as_deref()), (Some("error"), None));
    }

    proptest! {
        #[test]
        fn bytes_may_be_cut_anywhere(
            lines in proptest::collection::vec(prop_oneof![
                Just("data: {\"a\":\"é\"}"), Just("data:[DONE]"), Just(": ping"), Just(""), Just("event: x"),
                Just("{\"b\":1}"), Just("nonsense"), Just("data: half {")
            ], 0..12),
            end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")],
            cuts in proptest::collection::vec(0usize..9, 0..20),
        ) {
            let bytes = lines.join(end);
            prop_assert_eq!(read(bytes.as_bytes(), &cuts), read(bytes.as_bytes(), &[]));
        }

        #[test]
        fn any_bytes_are_borne(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            read(&bytes, &[3, 5]);
        }
    }
}
