//! JSON Schema of WIT types. A component can name types that grow beyond all bounds when written out, and name them in any
//! number of functions, so the number of parts is limited; types that JSON cannot carry are refused with the reason.

use serde_json::{Map, Value, json};
use wasmtime::component::Type;

use super::lift::is_bytes;

/// The most parts one schema may have.
const PARTS: usize = 1000;
/// The most parts that all schemas of a component may have.
const ALL: usize = 100_000;

/// Writes schemas down until there are too many parts.
pub(super) struct Shapes {
    left: usize,
}

impl Default for Shapes {
    fn default() -> Self {
        Self { left: PARTS }
    }
}

/// What is left of the parts that all functions of a component may have.
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(ALL)
    }
}

impl Budget {
    /// Writes something down, on account of all; each function costs one part in any case.
    ///
    /// # Errors
    /// As it says itself, or there were too many parts before.
    pub(super) fn charge<T>(&mut self, write: impl FnOnce(&mut Shapes) -> Result<T, String>) -> Result<T, String> {
        self.0 = self.0.checked_sub(1).ok_or("the functions before it have as many types as can be written out")?;
        let given = PARTS.min(self.0);
        let mut shapes = Shapes { left: given };
        let written = write(&mut shapes);
        self.0 -= given - shapes.left;
        written
    }
}

impl Shapes {
    /// The schema of a function's arguments: one closed object.
    ///
    /// # Errors
    /// Why no JSON can be made for them.
    pub(super) fn arguments(&mut self, params: &[(String, Type)]) -> Result<Value, String> {
        self.object(params.iter().map(|(name, ty)| (name.as_str(), ty.clone())))
    }

    /// The schema of one type.
    ///
    /// # Errors
    /// Why no JSON can be made for it.
    pub(super) fn of(&mut self, ty: &Type) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or("its types are too large to be written out")?;
        Ok(match ty {
            Type::Bool => json!({ "type": "boolean" }),
            Type::S8 => whole(i8::MIN, i8::MAX),
            Type::U8 => whole(u8::MIN, u8::MAX),
            Type::S16 => whole(i16::MIN, i16::MAX),
            Type::U16 => whole(u16::MIN, u16::MAX),
            Type::S32 => whole(i32::MIN, i32::MAX),
            Type::U32 => whole(u32::MIN, u32::MAX),
            Type::S64 => json!({ "anyOf": [{ "type": "integer" }, { "type": "string", "pattern": "^-?[0-9]+$" }] }),
            Type::U64 => {
                json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": "^[0-9]+$" }] })
            }
            Type::Float32 | Type::Float64 => json!({ "type": "number" }),
            Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Type::String => json!({ "type": "string" }),
            Type::List(list) if is_bytes(&list.ty()) => json!({ "type": "string", "contentEncoding": "base64" }),
            Type::List(list) => json!({ "type": "array", "items": self.of(&list.ty())? }),
            Type::FixedLengthList(list) => {
                let (items, number) = (self.of(&list.ty())?, list.len());
                json!({ "type": "array", "items": items, "minItems": number, "maxItems": number })
            }
            Type::Map(map) => json!({ "type": "array", "items": self.tuple([map.key(), map.value()].into_iter())? }),
            Type::Record(record) => self.object(record.fields().map(|field| (field.name, field.ty)))?,
            Type::Tuple(tuple) => self.tuple(tuple.types())?,
            Type::Variant(variant) => self.cases(variant.cases().map(|case| (case.name, case.ty)))?,
            Type::Enum(names) => json!({ "type": "string", "enum": names.names().collect::<Vec<_>>() }),
            Type::Option(option) => json!({ "anyOf": [self.some(&option.ty())?, { "type": "null" }] }),
            Type::Result(result) => {
                let (ok, err) = (self.payload(result.ok())?, self.payload(result.err())?);
                json!({ "oneOf": [only("ok", ok), only("err", err)] })
            }
            Type::Flags(flags) => {
                let names: Vec<_> = flags.names().collect();
                json!({ "type": "array", "items": { "type": "string", "enum": names }, "uniqueItems": true })
            }
            Type::Own(_) | Type::Borrow(_) => {
                return Err("it hands over a resource, which JSON cannot carry".to_owned());
            }
            Type::Future(_) => return Err("it hands over a future, which JSON cannot carry".to_owned()),
            Type::Stream(_) => return Err("it hands over a stream, which JSON cannot carry".to_owned()),
            Type::ErrorContext => return Err("it hands over an error context, which JSON cannot carry".to_owned()),
        })
    }

    /// The schema of an option that is there. Within another option it is told from `null` by a name.
    fn some(&mut self, ty: &Type) -> Result<Value, String> {
        let inner = self.of(ty)?;
        Ok(if matches!(ty, Type::Option(_)) { only("some", inner) } else { inner })
    }

    fn payload(&mut self, ty: Option<Type>) -> Result<Value, String> {
        ty.map_or_else(|| Ok(json!({ "type": "null" })), |ty| self.of(&ty))
    }

    fn object<'a>(&mut self, fields: impl Iterator<Item = (&'a str, Type)>) -> Result<Value, String> {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, ty) in fields {
            let schema = if let Type::Option(option) = &ty {
                self.some(&option.ty())?
            } else {
                required.push(name);
                self.of(&ty)?
            };
            properties.insert(name.to_owned(), schema);
        }
        Ok(json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": false
        }))
    }

    fn tuple(&mut self, types: impl Iterator<Item = Type>) -> Result<Value, String> {
        let items: Vec<_> = types.map(|ty| self.of(&ty)).collect::<Result<_, _>>()?;
        let number = items.len();
        Ok(json!({ "type": "array", "prefixItems": items, "minItems": number, "maxItems": number }))
    }

    fn cases<'a>(&mut self, cases: impl Iterator<Item = (&'a str, Option<Type>)>) -> Result<Value, String> {
        let (mut bare, mut schemas) = (Vec::new(), Vec::new());
        for (name, ty) in cases {
            match ty {
                None => bare.push(name),
                Some(ty) => schemas.push(only(name, self.of(&ty)?)),
            }
        }
        if !bare.is_empty() {
            schemas.insert(0, json!({ "type": "string", "enum": bare }));
        }
        Ok(json!({ "oneOf": schemas }))
    }
}

fn whole<N: Into<i64>>(least: N, most: N) -> Value {
    let (least, most): (i64, i64) = (least.into(), most.into());
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

/// An object with this one field.
fn only(name: &str, schema: Value) -> Value {
    let properties = Map::from_iter([(name.to_owned(), schema)]);
    json!({ "type": "object", "properties": properties, "required": [name], "additionalProperties": false })
}
