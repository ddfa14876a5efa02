//! Reading a tool's arguments from JSON so that every mistake is named: which argument, what is wrong with it, and
//! which arguments there are. Unknown arguments are refused, for a misspelt one must not be silently left out.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

use crate::{Failure, Output};

/// The argument struct of a tool that takes none.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub struct NoArguments {}

/// Reads the arguments and calls the function with them.
#[doc(hidden)]
pub fn invoke<A, O, E>(input: &str, function: impl Fn(A) -> Result<O, E>) -> Result<Output, Failure>
where
    A: DeserializeOwned,
    O: Into<Output>,
    E: Into<Failure>,
{
    let arguments = read(input).map_err(|error| Failure::Invalid(error.0))?;
    function(arguments).map(Into::into).map_err(Into::into)
}

fn read<A: DeserializeOwned>(input: &str) -> Result<A, Problem> {
    match serde_json::from_str(input) {
        Ok(Value::Object(given)) => A::deserialize(Arguments(given)),
        Ok(other) => Err(Problem(format!("the arguments must be a JSON object, not {}", kind(&other)))),
        Err(error) => Err(Problem(format!("the arguments are not JSON: {error}"))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// What is wrong with the arguments.
#[derive(Debug)]
struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl Error for Problem {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("the argument `{field}` is missing"))
    }
}

/// The argument object as a source for serde that knows the name it is at.
struct Arguments(Map<String, Value>);

impl<'de> Deserializer<'de> for Arguments {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(Entries { rest: self.0.into_iter(), current: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if let Some(unknown) = self.0.keys().find(|&name| !fields.contains(&name.as_str())) {
            return Err(unknown_argument(unknown, fields));
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn unknown_argument(name: &str, known: &[&str]) -> Problem {
    if known.is_empty() {
        return Problem(format!("there is no argument `{name}`: the tool takes none"));
    }
    let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    Problem(format!("there is no argument `{name}`; the tool takes {}", known.join(", ")))
}

struct Entries {
    rest: serde_json::map::IntoIter,
    current: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Entries {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        self.current = self.rest.next();
        match &self.current {
            Some((name, _)) => seed.deserialize(StringDeserializer::new(name.clone())).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let Some((name, value)) = self.current.take() else {
            return Err(Problem("a value was asked for before its name".to_owned()));
        };
        seed.deserialize(value).map_err(|error| Problem(format!("the argument `{name}` does not fit: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Walk {
        to: String,
        steps: Option<u32>,
        #[serde(default)]
        along: Vec<String>,
    }

    fn check(input: &str) -> String {
        read::<Walk>(input).unwrap_err().to_string()
    }

    #[test]
    fn arguments_are_read_and_optional_ones_may_be_null_or_left_out() {
        let walk = Walk { to: "park".to_owned(), steps: None, along: Vec::new() };
        assert_eq!(read::<Walk>(r#"{"to":"park"}"#).unwrap(), walk);
        assert_eq!(read::<Walk>(r#"{"to":"park","steps":null}"#).unwrap(), walk);
        assert_eq!(read::<Walk>(r#"{"to":"park","steps":9}"#).unwrap().steps, Some(9));
    }

    #[test]
    fn every_mistake_names_the_argument() {
        assert_eq!(check("{}"), "the argument `to` is missing");
        assert_eq!(
            check(r#"{"to":"a","pace":1}"#),
            "there is no argument `pace`; the tool takes `to`, `steps`, `along`"
        );
        assert_eq!(
            check(r#"{"to":"a","steps":"many"}"#),
            "the argument `steps` does not fit: invalid type: string \"many\", expected u32"
        );
        assert_eq!(
            check(r#"{"to":"a","along":["b",3]}"#),
            "the argument `along` does not fit: invalid type: integer `3`, expected a string"
        );
        assert_eq!(check("[]"), "the arguments must be a JSON object, not an array");
        assert!(check("{").starts_with("the arguments are not JSON"));
    }

    #[test]
    fn a_tool_without_arguments_takes_none() {
        assert!(read::<NoArguments>("{}").is_ok());
        let error = read::<NoArguments>(r#"{"x":1}"#).unwrap_err();
        assert_eq!(error.to_string(), "there is no argument `x`: the tool takes none");
    }
}
