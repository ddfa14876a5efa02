//! The table of a plugin's tools: what the host is told of each, and how one is called by name.

use serde_json::Value;

use crate::bindings::exports::steward::plugin::tool as export;
use crate::{Effect, Failure, Output};

/// One tool, as [`plugin!`](crate::plugin) declares it.
pub struct Tool {
    /// Letters, digits and `_`, at most 64.
    pub name: &'static str,
    /// The lines of the doc comment it was declared with.
    pub docs: &'static [&'static str],
    pub effect: Effect,
    /// Capabilities without which it is useless: `memory`, `files:write`.
    pub requires: &'static [&'static str],
    /// Makes the JSON Schema of the arguments.
    pub schema: fn() -> Value,
    /// Reads the arguments from JSON and does it.
    pub function: fn(&str) -> Result<Output, Failure>,
}

impl Tool {
    /// The doc comment as running text: lines of one paragraph or list item joined, paragraphs apart.
    pub fn description(&self) -> String {
        let mut text = String::new();
        for line in self.docs.iter().flat_map(|block| block.split('\n')).map(str::trim) {
            let starts_item = line.starts_with("- ") || line.starts_with("* ");
            match line {
                "" if !text.is_empty() && !text.ends_with("\n\n") => text.push_str("\n\n"),
                "" => {}
                _ if text.is_empty() || text.ends_with('\n') => text.push_str(line),
                _ => {
                    text.push(if starts_item { '\n' } else { ' ' });
                    text.push_str(line);
                }
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// What the host is told of the tools when it loads the plugin.
pub fn specs(tools: &[Tool]) -> Vec<export::Spec> {
    let spec = |tool: &Tool| export::Spec {
        name: tool.name.to_owned(),
        description: tool.description(),
        input_schema: (tool.schema)().to_string(),
        requires: tool.requires.iter().map(|&requirement| requirement.to_owned()).collect(),
        effect: tool.effect,
    };
    tools.iter().map(spec).collect()
}

/// Calls the tool of that name. `input` is a JSON object.
pub fn call(tools: &[Tool], name: &str, input: &str) -> Result<Output, Failure> {
    let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
        let names: Vec<_> = tools.iter().map(|tool| tool.name).collect();
        return Err(Failure::NotFound(format!("there is no tool `{name}` here; there are: {}", names.join(", "))));
    };
    (tool.function)(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoArguments;

    crate::plugin! {
        /// Says hello. Use it
        /// on arrival.
        ///
        /// Examples:
        /// - one
        ///   more
        /// - two
        hello: read, requires [] => hello;
        /// Erases everything.
        erase: destructive, requires ["files:write", "memory"] => erase;
    }

    fn hello(_: NoArguments) -> Result<&'static str, Failure> {
        Ok("hello")
    }

    fn erase(_: NoArguments) -> Result<Output, String> {
        Err("no eraser".to_owned())
    }

    #[test]
    fn a_doc_comment_becomes_the_description() {
        assert_eq!(TOOLS[0].description(), "Says hello. Use it on arrival.\n\nExamples:\n- one more\n- two");
    }

    #[test]
    fn the_specs_say_what_was_declared() {
        let specs = specs(TOOLS);
        assert_eq!(specs[1].name, "erase");
        assert_eq!(specs[1].effect, Effect::Destructive);
        assert_eq!(specs[1].requires, ["files:write", "memory"]);
        assert_eq!(specs[0].input_schema, r#"{"additionalProperties":false,"properties":{},"type":"object"}"#);
    }

    #[test]
    fn tools_are_called_by_name() {
        assert_eq!(call(TOOLS, "hello", "{}").unwrap().text, "hello");
        assert_eq!(call(TOOLS, "erase", "{}").unwrap_err(), Failure::failed("no eraser"));
        assert!(matches!(call(TOOLS, "nope", "{}").unwrap_err(), Failure::NotFound(text) if text.contains("erase")));
    }
}
