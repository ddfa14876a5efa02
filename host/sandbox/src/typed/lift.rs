//! Values of WIT types to JSON. What comes out is what `lower` takes in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};
use wasmtime::component::{Type, Val};

/// Whole numbers up to here are the same in every reader of JSON; larger ones go as decimal strings.
pub(super) const EXACT: i128 = (1 << 53) - 1;

/// Whether a list of this type is bytes, which go as base64.
pub(super) fn is_bytes(ty: &Type) -> bool {
    *ty == Type::U8
}

/// A value as JSON.
///
/// # Errors
/// The value is of another type, or of one JSON cannot carry.
pub(crate) fn json(ty: &Type, value: &Val) -> Result<Value, String> {
    Ok(match (ty, value) {
        (Type::Bool, Val::Bool(value)) => Value::Bool(*value),
        (Type::S8, Val::S8(value)) => (*value).into(),
        (Type::U8, Val::U8(value)) => (*value).into(),
        (Type::S16, Val::S16(value)) => (*value).into(),
        (Type::U16, Val::U16(value)) => (*value).into(),
        (Type::S32, Val::S32(value)) => (*value).into(),
        (Type::U32, Val::U32(value)) => (*value).into(),
        (Type::S64, Val::S64(value)) if i128::from(*value).abs() <= EXACT => (*value).into(),
        (Type::S64, Val::S64(value)) => value.to_string().into(),
        (Type::U64, Val::U64(value)) if i128::from(*value) <= EXACT => (*value).into(),
        (Type::U64, Val::U64(value)) => value.to_string().into(),
        (Type::Float32, Val::Float32(value)) => float((*value).into()),
        (Type::Float64, Val::Float64(value)) => float(*value),
        (Type::Char, Val::Char(value)) => value.to_string().into(),
        (Type::String, Val::String(value)) => value.as_str().into(),
        (Type::Enum(_), Val::Enum(name)) => name.as_str().into(),
        (Type::Flags(_), Val::Flags(names)) => names.clone().into(),
        (Type::List(list), Val::List(values)) if is_bytes(&list.ty()) => bytes(values)?.into(),
        (Type::List(list), Val::List(values)) => all(&list.ty(), values)?,
        (Type::FixedLengthList(list), Val::FixedLengthList(values)) => all(&list.ty(), values)?,
        (Type::Map(map), Val::Map(pairs)) => {
            let (key, value) = (map.key(), map.value());
            let pair = |(k, v): &(Val, Val)| Ok::<_, String>(Value::Array(vec![json(&key, k)?, json(&value, v)?]));
            Value::Array(pairs.iter().map(pair).collect::<Result<_, _>>()?)
        }
        (Type::Tuple(tuple), Val::Tuple(values)) => {
            let items = tuple.types().zip(values).map(|(ty, value)| json(&ty, value));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        (Type::Record(record), Val::Record(values)) => {
            let fields = record.fields().zip(values);
            let there = fields.filter(|(_, (_, value))| !matches!(value, Val::Option(None)));
            let fields =
                there.map(|(field, (_, value))| Ok::<_, String>((field.name.to_owned(), json(&field.ty, value)?)));
            Value::Object(fields.collect::<Result<Map<_, _>, _>>()?)
        }
        (Type::Variant(variant), Val::Variant(name, payload)) => {
            let ty = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
            case(name, ty, payload.as_deref())?
        }
        (Type::Option(_), Val::Option(None)) => Value::Null,
        (Type::Option(option), Val::Option(Some(value))) => {
            let inner = json(&option.ty(), value)?;
            if matches!(option.ty(), Type::Option(_)) { only("some", inner) } else { inner }
        }
        (Type::Result(result), Val::Result(Ok(value))) => only("ok", payload(result.ok(), value.as_deref())?),
        (Type::Result(result), Val::Result(Err(value))) => only("err", payload(result.err(), value.as_deref())?),
        _ => return Err("the component answered with a value of another type than it names".to_owned()),
    })
}

/// JSON has no word for what is not a number.
fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
}

fn bytes(values: &[Val]) -> Result<String, String> {
    let byte = |value: &Val| if let Val::U8(byte) = value { Ok(*byte) } else { Err("a byte is expected".to_owned()) };
    Ok(STANDARD.encode(values.iter().map(byte).collect::<Result<Vec<u8>, _>>()?))
}

fn all(ty: &Type, values: &[Val]) -> Result<Value, String> {
    Ok(Value::Array(values.iter().map(|value| json(ty, value)).collect::<Result<_, _>>()?))
}

fn case(name: &str, ty: Option<Type>, value: Option<&Val>) -> Result<Value, String> {
    Ok(if ty.is_some() { only(name, payload(ty, value)?) } else { name.into() })
}

fn payload(ty: Option<Type>, value: Option<&Val>) -> Result<Value, String> {
    match (ty, value) {
        (Some(ty), Some(value)) => json(&ty, value),
        _ => Ok(Value::Null),
    }
}

fn only(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}
