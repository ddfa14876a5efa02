//! Whether an answer is what its case expects and, if not, where it differs.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::Case;

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub struct Got<'a> {
    /// `ok`, or the kind of failure.
    pub outcome: &'a str,
    /// What the model would be told.
    pub text: &'a str,
    /// The answer as JSON, where the tool gives one.
    pub structured: Option<&'a Value>,
    /// The names of the files handed out.
    pub attachments: &'a [String],
}

impl Case {
    /// What differs from what was expected, a paragraph each; nothing if the case passes.
    pub fn differences(&self, got: Got<'_>) -> Vec<String> {
        let expected = self.failure.as_deref().unwrap_or("ok");
        if got.outcome != expected {
            let words = got.text.trim_end();
            return vec![format!("expected the outcome {expected}, got {}: {words}", got.outcome)];
        }
        let found = [self.text(got), self.pieces(got), self.json(got), self.files(got)];
        found.into_iter().flatten().collect()
    }

    fn text(&self, got: Got<'_>) -> Option<String> {
        let expected = self.text.as_deref()?;
        // A last line break is nobody's concern.
        (expected.trim_end() != got.text.trim_end()).then(|| diff("the text", expected.trim_end(), got.text.trim_end()))
    }

    fn pieces(&self, got: Got<'_>) -> Option<String> {
        let missing: Vec<_> = self.contains.iter().filter(|piece| !got.text.contains(piece)).collect();
        let missing = missing.iter().map(|piece| format!("`{piece}`")).collect::<Vec<_>>().join(" and ");
        (!missing.is_empty()).then(|| format!("the text does not contain {missing}; it is:\n{}", got.text.trim_end()))
    }

    fn json(&self, got: Got<'_>) -> Option<String> {
        let expected = self.json.as_ref()?;
        let read = || serde_json::from_str(got.text).ok();
        let Some(found) = got.structured.cloned().or_else(read) else {
            return Some(format!("the answer is not JSON; its text is:\n{}", got.text.trim_end()));
        };
        (!same(expected, &found)).then(|| diff("the JSON", &pretty(expected), &pretty(&found)))
    }

    fn files(&self, got: Got<'_>) -> Option<String> {
        let expected = self.attachments.as_ref()?;
        (expected != got.attachments)
            .then(|| diff("the files handed out", &expected.join("\n"), &got.attachments.join("\n")))
    }
}

/// Equal as JSON: 1 and 1.0 are the same number.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Line by line: `-` was expected, `+` came.
fn diff(what: &str, expected: &str, got: &str) -> String {
    let mut text = format!("{what} differs (- expected, + got):");
    for change in TextDiff::from_lines(expected, got).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        text.push_str(&format!("\n{sign} {}", change.value().trim_end_matches('\n')));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Cases;
    use super::*;

    fn case(rest: &str) -> Case {
        let text = format!("[[case]]\ntool = \"t\"\n{rest}");
        toml::from_str::<Cases>(&text).unwrap().cases.remove(0)
    }

    fn ok(text: &str) -> Got<'_> {
        Got { outcome: "ok", text, structured: None, attachments: &[] }
    }

    #[test]
    fn what_fits_passes() {
        assert!(case("text = \"a\\nb\"").differences(ok("a\nb\n")).is_empty());
        assert!(case("contains = [\"a\", \"b\"]").differences(ok("b a")).is_empty());
        assert!(case("json = { n = 1, l = [\"x\"] }").differences(ok("{\"l\":[\"x\"],\"n\":1.0}")).is_empty());
        let structured = json!({"n": 1});
        let got = Got { structured: Some(&structured), ..ok("one") };
        assert!(case("json = { n = 1 }\ntext = \"one\"").differences(got).is_empty());
        let files = ["a.csv".to_owned()];
        assert!(case("attachments = [\"a.csv\"]").differences(Got { attachments: &files, ..ok("") }).is_empty());
        let failed = Got { outcome: "invalid", ..ok("`n` is missing") };
        assert!(case("failure = \"invalid\"\ncontains = \"n\"").differences(failed).is_empty());
    }

    #[test]
    fn what_differs_is_shown_line_by_line() {
        let shown = case("text = \"a\\nb\"").differences(ok("a\nc"));
        assert_eq!(shown, ["the text differs (- expected, + got):\n  a\n- b\n+ c"]);
        let shown = case("contains = [\"x\", \"a\"]\nattachments = [\"f\"]").differences(ok("a"));
        assert_eq!(shown.len(), 2);
        assert!(shown[0].contains("does not contain `x`; it is:\na"), "{shown:?}");
        let shown = case("json = { n = 1 }").differences(ok("{\"n\":2}")).remove(0);
        assert!(shown.contains("-   \"n\": 1") && shown.contains("+   \"n\": 2"), "{shown}");
        assert!(case("json = 1").differences(ok("one"))[0].contains("not JSON"));
        let shown = case("text = \"a\"").differences(Got { outcome: "failed", ..ok("no disk") });
        assert_eq!(shown, ["expected the outcome ok, got failed: no disk"]);
        assert_eq!(case("failure = \"denied\"").differences(ok("a")), ["expected the outcome denied, got ok: a"]);
    }
}
