//! JSON Schemas of argument structs, in the plain form that every model provider understands: no references, no titles,
//! no `null` beside an optional type, closed objects.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// The schema of the argument of `_function`.
#[doc(hidden)]
pub fn schema_for<A: JsonSchema, R>(_function: impl Fn(A) -> R) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>().to_value();
    if let Value::Object(root) = &mut schema {
        // The tool has a description of its own.
        root.remove("description");
        root.entry("properties").or_insert_with(|| Value::Object(Map::new()));
        simplify(root);
    }
    schema
}

fn simplify(schema: &mut Map<String, Value>) {
    schema.remove("title");
    // Rust's `uint32` and the like are no formats of JSON Schema; the bounds are kept.
    if schema
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|name| name.starts_with("uint") || name.starts_with("int"))
    {
        schema.remove("format");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(drop_null);
        schema.entry("additionalProperties").or_insert(Value::Bool(false));
    }
    for (keyword, value) in schema.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(named)) => {
                named.values_mut().filter_map(Value::as_object_mut).for_each(simplify);
            }
            ("items" | "additionalProperties" | "not", Value::Object(inner)) => simplify(inner),
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(options)) => {
                options.iter_mut().filter_map(Value::as_object_mut).for_each(simplify);
            }
            _ => {}
        }
    }
}

/// An argument that may be left out needs no `null` for that.
fn drop_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = schema.get_mut("anyOf") {
        options.retain(|option| option["type"] != "null");
        if let [Value::Object(only)] = options.as_slice() {
            let mut only = only.clone();
            schema.remove("anyOf");
            only.append(schema);
            *schema = only;
        }
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Not for the model.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Trip {
        /// Where to.
        to: String,
        /// How many go.
        people: Option<u8>,
        /// What comes first.
        order: Option<Order>,
        /// Places on the way.
        #[serde(default)]
        stops: Vec<Stop>,
        title: Option<Vec<String>>,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Order {
        Price,
        Time,
    }

    /// A place.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Stop {
        title: Option<i64>,
        r#type: String,
    }

    #[test]
    fn a_schema_is_plain_and_closed() {
        let schema = schema_for(|_: Trip| ());
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": ["to"],
                "properties": {
                    "to": {"type": "string", "description": "Where to."},
                    "people": {"type": "integer", "minimum": 0, "maximum": 255, "description": "How many go."},
                    "order": {"type": "string", "enum": ["price", "time"], "description": "What comes first."},
                    "stops": {
                        "type": "array",
                        "description": "Places on the way.",
                        "items": {
                            "type": "object",
                            "description": "A place.",
                            "additionalProperties": false,
                            "required": ["type"],
                            "properties": {"type": {"type": "string"}, "title": {"type": "integer"}},
                        },
                    },
                    "title": {"type": "array", "items": {"type": "string"}},
                },
            })
        );
    }
}
