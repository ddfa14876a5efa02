//! The schema of a tool's arguments as a model is shown it: without what tells it nothing, for every request carries the
//! schemas of all tools. What an argument is, means and may be stays; the plugin still checks what it is called with.

use serde_json::{Map, Value};

/// Keywords that say something to a program and nothing to a model.
const SILENT: [&str; 4] = ["$schema", "$id", "$comment", "title"];

/// The largest numbers of the types that plugins count with.
const WORDS: [u64; 5] = [u16::MAX as u64, i32::MAX as u64, u32::MAX as u64, i64::MAX as u64, u64::MAX];

/// The schema without what tells a model nothing.
pub(crate) fn compact(schema: &Value) -> Value {
    let mut schema = schema.clone();
    thin(&mut schema);
    schema
}

fn thin(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    for keyword in SILENT {
        schema.remove(keyword);
    }
    // Models give the arguments that are named and no others, and one that does not is answered by the plugin.
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
    if schema.get("required").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        schema.remove("required");
    }
    if schema.get("default") == Some(&Value::Array(Vec::new())) || schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
    if is_integer(schema) {
        let natural = |bound: &Value| bound.as_u64() == Some(0);
        // The name and the bounds of the type the plugin counts with; bounds that somebody wrote stay.
        schema.remove("format");
        if schema.get("minimum").is_some_and(natural) {
            schema.remove("minimum");
        }
        if schema.get("maximum").and_then(Value::as_u64).is_some_and(|most| WORDS.contains(&most)) {
            schema.remove("maximum");
        }
    }
    within(schema);
}

fn is_integer(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("integer")
}

/// The schemas within a schema; an argument may be called `title`, so names are not keywords.
fn within(schema: &mut Map<String, Value>) {
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().for_each(thin);
            }
            ("items" | "additionalProperties" | "not", inner @ Value::Object(_)) => thin(inner),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(options)) => {
                options.iter_mut().for_each(thin);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_tells_a_model_nothing_is_left_out_and_all_else_stays() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Arguments", "type": "object",
            "additionalProperties": false, "required": ["title"],
            "properties": {
                "title": {"title": "Title", "type": "string", "description": "What.", "pattern": "^a"},
                "depth": {"type": "integer", "format": "uint32", "minimum": 0, "maximum": 4_294_967_295_u64},
                "level": {"type": "integer", "minimum": 1, "maximum": 8},
                "kind": {"enum": ["a", "b"], "default": "a"},
                "paths": {"type": "array", "default": [], "items": {"type": "string", "title": "Path"}},
                "more": {"type": "object", "properties": {}, "required": [], "additionalProperties": {"type": "string"}},
                "at": {"anyOf": [{"$ref": "#/$defs/At", "title": "At"}, {"type": "string", "format": "date-time"}]},
            },
            "$defs": {"At": {"title": "At", "type": "integer"}},
        });
        assert_eq!(
            compact(&schema),
            json!({
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": {"type": "string", "description": "What.", "pattern": "^a"},
                    "depth": {"type": "integer"},
                    "level": {"type": "integer", "minimum": 1, "maximum": 8},
                    "kind": {"enum": ["a", "b"], "default": "a"},
                    "paths": {"type": "array", "items": {"type": "string"}},
                    "more": {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
                    "at": {"anyOf": [{"$ref": "#/$defs/At"}, {"type": "string", "format": "date-time"}]},
                },
                "$defs": {"At": {"type": "integer"}},
            })
        );
    }
}
