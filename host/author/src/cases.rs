//! The test cases of a project, tests.toml: what to call a tool with and what to expect of its answer. They are read
//! and judged here; who runs the tools does so elsewhere.

mod judge;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::AuthorError;

pub use judge::Got;

/// The kinds of failure a case may expect: those a tool itself can give, and what the sandbox answers.
const FAILURES: &[&str] = &[
    "invalid",
    "denied",
    "not_found",
    "unavailable",
    "failed",
    "trapped",
    "timed_out",
    "out_of_memory",
    "output_too_large",
    "unknown_tool",
];

/// All of tests.toml.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// Files of the workspace before the first case: path → text.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What stands in for other machines: while plugins are tested no request leaves.
    #[serde(default)]
    pub http: Vec<Reply>,
    /// What the model answers, one question after the other; the last answer is given again and again.
    #[serde(default)]
    pub model: Vec<String>,
    /// In the order in which they are run: what a tool keeps in one case is there in the next.
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

/// The answer to a request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The method of the request, in capitals.
    #[serde(default = "Reply::get")]
    pub method: String,
    /// The whole address of the request.
    pub url: String,
    /// The body of the request; without it any will do.
    pub sent: Option<String>,
    /// Of the answer; 200 unless it is said.
    #[serde(default = "Reply::ok")]
    pub status: u16,
    /// Of the answer.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Of the answer.
    #[serde(default)]
    pub body: String,
}

impl Reply {
    fn get() -> String {
        "GET".to_owned()
    }

    fn ok() -> u16 {
        200
    }
}

/// One call and what is expected of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, for people; without it the tool and its input are shown.
    name: Option<String>,
    /// The tool that is called.
    pub tool: String,
    /// The arguments: a table, or JSON as text where TOML cannot say it.
    #[serde(default)]
    input: Input,
    /// The whole text of the answer.
    text: Option<String>,
    /// Pieces of the text.
    #[serde(default)]
    contains: Words,
    /// The whole structured answer; of an answer without one, the text read as JSON.
    json: Option<Value>,
    /// The kind of failure; without it the call must succeed.
    failure: Option<String>,
    /// The names of the files handed out, all of them.
    attachments: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Table(Map<String, Value>),
    Json(String),
}

impl Default for Input {
    fn default() -> Self {
        Self::Table(Map::new())
    }
}

/// One word or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Words {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let words = match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Several(words) => words,
        };
        words.iter().map(String::as_str)
    }
}

impl Cases {
    /// Reads the cases of a project.
    ///
    /// # Errors
    /// There are none, or what is wrong in them.
    pub fn read(path: &Path) -> Result<Self, AuthorError> {
        let wrong = |problem: String| AuthorError::Cases { path: path.to_owned(), problem };
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => wrong(format!("there are no test cases; begin with\n\n{EXAMPLE}")),
            _ => AuthorError::Io { path: path.to_owned(), source: error },
        })?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let cases: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if cases.cases.is_empty() {
            return Err(format!("there is no case in it; begin with\n\n{EXAMPLE}"));
        }
        for case in &cases.cases {
            case.check().map_err(|problem| format!("case `{}`: {problem}", case.title()))?;
        }
        Ok(cases)
    }
}

/// For those who have not written any.
const EXAMPLE: &str = "[[case]]\ntool = \"greet\"\ninput = { name = \"Ann\" }\ncontains = \"Ann\"";

impl Case {
    /// What it is called when its result is shown.
    pub fn title(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("{} {}", self.tool, self.input()))
    }

    /// The arguments, as from a model: text that is not JSON is handed on as it is.
    pub fn input(&self) -> Value {
        match &self.input {
            Input::Table(table) => Value::Object(table.clone()),
            Input::Json(text) => Value::String(text.clone()),
        }
    }

    fn check(&self) -> Result<(), String> {
        let expects =
            self.text.is_some() || self.json.is_some() || self.failure.is_some() || self.attachments.is_some();
        if !expects && self.contains.iter().next().is_none() {
            return Err("it expects nothing: add `text`, `contains`, `json`, `failure` or `attachments`".to_owned());
        }
        match self.failure.as_deref().filter(|kind| !FAILURES.contains(kind)) {
            Some(kind) => Err(format!("there is no failure `{kind}`: use one of {}", FAILURES.join(", "))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cases_are_read_in_their_order() {
        let text = "model = [\"yes\"]\n[files]\n\"a/b.txt\" = \"x\"\n[[case]]\ntool = \"a\"\ntext = \"b\"\n\
                    [[case]]\nname = \"none\"\ntool = \"b\"\ninput = '{\"c\":null}'\n\
                    failure = \"invalid\"\ncontains = \"c\"";
        let read = Cases::parse(text).unwrap();
        assert_eq!(read.cases[0].title(), "a {}");
        assert_eq!((read.cases[1].title().as_str(), read.cases[1].input()), ("none", json!("{\"c\":null}")));
        assert_eq!(read.files["a/b.txt"], "x");
    }

    #[test]
    fn what_is_wrong_in_them_is_named() {
        let problem = |text: &str| Cases::parse(text).unwrap_err();
        assert!(problem("").contains("[[case]]"));
        assert!(problem("[[case]]\ntool = \"a\"").contains("case `a {}`: it expects nothing"));
        assert!(problem("[[case]]\ntool = \"a\"\nfailure = \"bad\"").contains("no failure `bad`: use one of invalid"));
        assert!(problem("[[case]]\ntool = \"a\"\ntxt = \"b\"").contains("txt"));
        let missing = Cases::read(Path::new("/nowhere/tests.toml")).unwrap_err().to_string();
        assert!(missing.contains("begin with"), "{missing}");
    }
}
