//! JSON to values of WIT types. JSON comes from a model, so everything about it may be wrong: what does not fit is
//! named by its path, with what would fit.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use wasmtime::component::{Type, Val};

use super::lift::{EXACT, is_bytes};

/// Base64 with or without its `=` at the end: models count them badly.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What does not fit.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// From the inside out: `[2]`, `people`.
    path: Vec<String>,
    problem: String,
}

impl Misfit {
    fn new(problem: impl Into<String>) -> Self {
        Self { path: Vec::new(), problem: problem.into() }
    }

    fn wanted(wanted: &str, json: &Value) -> Self {
        let mut shown: String = json.to_string().chars().take(60).collect();
        if shown.chars().count() == 60 {
            shown.push('…');
        }
        Self::new(format!("must be {wanted}, not {shown}"))
    }

    fn within(mut self, part: impl Into<String>) -> Self {
        self.path.push(part.into());
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = String::new();
        for part in self.path.iter().rev() {
            if !path.is_empty() && !part.starts_with('[') {
                path.push('.');
            }
            path.push_str(part);
        }
        if path.is_empty() { f.write_str(&self.problem) } else { write!(f, "`{path}` {}", self.problem) }
    }
}

/// JSON as a value of that type.
pub(crate) fn value(ty: &Type, json: &Value) -> Result<Val, Misfit> {
    Ok(match ty {
        Type::Bool => Val::Bool(json.as_bool().ok_or_else(|| Misfit::wanted("true or false", json))?),
        Type::S8 => Val::S8(whole(json, i8::MIN, i8::MAX)?),
        Type::U8 => Val::U8(whole(json, u8::MIN, u8::MAX)?),
        Type::S16 => Val::S16(whole(json, i16::MIN, i16::MAX)?),
        Type::U16 => Val::U16(whole(json, u16::MIN, u16::MAX)?),
        Type::S32 => Val::S32(whole(json, i32::MIN, i32::MAX)?),
        Type::U32 => Val::U32(whole(json, u32::MIN, u32::MAX)?),
        Type::S64 => Val::S64(whole(json, i64::MIN, i64::MAX)?),
        Type::U64 => Val::U64(whole(json, u64::MIN, u64::MAX)?),
        Type::Float32 => Val::Float32(narrow(float(json)?, json)?),
        Type::Float64 => Val::Float64(float(json)?),
        Type::Char => Val::Char(character(json)?),
        Type::String => Val::String(text(json)?.to_owned()),
        Type::List(list) if is_bytes(&list.ty()) => Val::List(bytes(json)?),
        Type::List(list) => Val::List(all(&list.ty(), items(json, None)?)?),
        Type::FixedLengthList(list) => Val::FixedLengthList(all(&list.ty(), items(json, Some(list.len() as usize))?)?),
        Type::Map(map) => Val::Map(pairs(&map.key(), &map.value(), items(json, None)?)?),
        Type::Record(record) => Val::Record(fields(record.fields().map(|field| (field.name, field.ty)), json)?),
        Type::Tuple(tuple) => {
            let items = items(json, Some(tuple.types().len()))?;
            let values = tuple.types().zip(items).enumerate();
            Val::Tuple(values.map(|(at, (ty, json))| nested(&ty, json, at)).collect::<Result<_, _>>()?)
        }
        Type::Variant(variant) => {
            let (name, payload) = case(json)?;
            let known = || variant.cases().map(|case| case.name).collect::<Vec<_>>().join(", ");
            let found = variant.cases().find(|case| case.name == name);
            let found = found.ok_or_else(|| Misfit::wanted(&format!("one of {}", known()), json))?;
            Val::Variant(name.to_owned(), content(found.ty, payload, name)?)
        }
        Type::Enum(names) => Val::Enum(one_of(names.names(), json)?),
        Type::Option(option) => match (json, &option.ty()) {
            (Value::Null, _) => Val::Option(None),
            (json, inner @ Type::Option(_)) => Val::Option(Some(Box::new(named_some(inner, json)?))),
            (json, inner) => Val::Option(Some(Box::new(value(inner, json)?))),
        },
        Type::Result(result) => match case(json)? {
            ("ok", payload) => Val::Result(Ok(content(result.ok(), payload, "ok")?)),
            ("err", payload) => Val::Result(Err(content(result.err(), payload, "err")?)),
            _ => return Err(Misfit::wanted("{\"ok\": …} or {\"err\": …}", json)),
        },
        Type::Flags(flags) => Val::Flags(set(flags.names(), json)?),
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            return Err(Misfit::new("cannot be given as JSON"));
        }
    })
}

/// An object as the fields of a record, in the record's order. Options may be left out; nothing may be added.
pub(super) fn fields<'a>(
    types: impl Iterator<Item = (&'a str, Type)>,
    json: &Value,
) -> Result<Vec<(String, Val)>, Misfit> {
    let object = json.as_object().ok_or_else(|| Misfit::wanted("an object", json))?;
    let mut known = Vec::new();
    let mut values = Vec::new();
    for (name, ty) in types {
        let field = match (object.get(name), &ty) {
            (Some(json), ty) => value(ty, json).map_err(|misfit| misfit.within(name))?,
            (None, Type::Option(_)) => Val::Option(None),
            (None, _) => return Err(Misfit::new("is missing").within(name)),
        };
        known.push(name);
        values.push((name.to_owned(), field));
    }
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(values),
        Some(key) if known.is_empty() => Err(Misfit::new("is not known: there is nothing to give").within(key)),
        Some(key) => Err(Misfit::new(format!("is not known: there are {}", known.join(", "))).within(key)),
    }
}

fn whole<N>(json: &Value, least: N, most: N) -> Result<N, Misfit>
where
    N: TryFrom<i128> + Into<i128> + Copy,
{
    let (low, high): (i128, i128) = (least.into(), most.into());
    let number = match json {
        Value::Number(number) => number.as_i128().or_else(|| number.as_f64().and_then(integral)),
        // Only where a number of JSON may not be exact.
        Value::String(text) if high > EXACT => text.parse().ok(),
        _ => None,
    };
    let fits = number.and_then(|number| N::try_from(number).ok());
    fits.ok_or_else(|| Misfit::wanted(&format!("a whole number from {low} to {high}"), json))
}

/// `3.0` is a whole number too, as far as it is exact.
fn integral(number: f64) -> Option<i128> {
    #[expect(clippy::cast_possible_truncation, reason = "it was checked to be whole and small")]
    (number.fract() == 0.0 && number.abs() <= EXACT as f64).then_some(number as i128)
}

fn float(json: &Value) -> Result<f64, Misfit> {
    let number = match json {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    number.ok_or_else(|| Misfit::wanted("a number", json))
}

fn narrow(wide: f64, json: &Value) -> Result<f32, Misfit> {
    #[expect(clippy::cast_possible_truncation, reason = "the nearest number of 32 bits is what is meant")]
    let number = wide as f32;
    if number.is_finite() || !wide.is_finite() {
        return Ok(number);
    }
    Err(Misfit::wanted("a number of at most 3.4e38", json))
}

fn text(json: &Value) -> Result<&str, Misfit> {
    json.as_str().ok_or_else(|| Misfit::wanted("a string", json))
}

fn character(json: &Value) -> Result<char, Misfit> {
    let mut characters = json.as_str().unwrap_or_default().chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) => Ok(character),
        _ => Err(Misfit::wanted("a string of one character", json)),
    }
}

fn bytes(json: &Value) -> Result<Vec<Val>, Misfit> {
    let decoded = json.as_str().and_then(|text| BASE64.decode(text).ok());
    let decoded = decoded.ok_or_else(|| Misfit::wanted("bytes in base64", json))?;
    Ok(decoded.into_iter().map(Val::U8).collect())
}

fn items(json: &Value, number: Option<usize>) -> Result<&[Value], Misfit> {
    let wanted = || match number {
        Some(number) => Misfit::wanted(&format!("a list of {number}"), json),
        None => Misfit::wanted("a list", json),
    };
    let items = json.as_array().ok_or_else(wanted)?;
    if number.is_some_and(|number| number != items.len()) { Err(wanted()) } else { Ok(items) }
}

fn all(ty: &Type, items: &[Value]) -> Result<Vec<Val>, Misfit> {
    items.iter().enumerate().map(|(at, json)| nested(ty, json, at)).collect()
}

fn nested(ty: &Type, json: &Value, at: usize) -> Result<Val, Misfit> {
    value(ty, json).map_err(|misfit| misfit.within(format!("[{at}]")))
}

fn pairs(key: &Type, of: &Type, pairs: &[Value]) -> Result<Vec<(Val, Val)>, Misfit> {
    let pair = |(at, json)| {
        let within = |misfit: Misfit| misfit.within(format!("[{at}]"));
        match items(json, Some(2)).map_err(within)? {
            [k, v] => Ok((nested(key, k, 0).map_err(within)?, nested(of, v, 1).map_err(within)?)),
            _ => Err(within(Misfit::wanted("a list of 2", json))),
        }
    };
    pairs.iter().enumerate().map(pair).collect()
}

/// `"case"` or `{"case": payload}`.
fn case(json: &Value) -> Result<(&str, Option<&Value>), Misfit> {
    let single = |object: &'_ Map<String, Value>| object.len() == 1;
    match json {
        Value::String(name) => Ok((name, None)),
        Value::Object(object) if single(object) => {
            let found = object.iter().next().map(|(name, payload)| (name.as_str(), Some(payload)));
            found.ok_or_else(|| Misfit::wanted("\"case\" or {\"case\": …}", json))
        }
        _ => Err(Misfit::wanted("\"case\" or {\"case\": …}", json)),
    }
}

fn content(ty: Option<Type>, payload: Option<&Value>, name: &str) -> Result<Option<Box<Val>>, Misfit> {
    match (ty, payload) {
        (None, None | Some(Value::Null)) => Ok(None),
        (None, Some(other)) => Err(Misfit::wanted("left out", other).within(name)),
        (Some(ty), Some(json)) => Ok(Some(Box::new(value(&ty, json).map_err(|misfit| misfit.within(name))?))),
        (Some(_), None) => Err(Misfit::new(format!("needs a value: {{\"{name}\": …}}"))),
    }
}

fn named_some(ty: &Type, json: &Value) -> Result<Val, Misfit> {
    match case(json) {
        Ok(("some", Some(json))) => value(ty, json).map_err(|misfit| misfit.within("some")),
        _ => Err(Misfit::wanted("null or {\"some\": …}", json)),
    }
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>, json: &Value) -> Result<String, Misfit> {
    let names: Vec<_> = names.collect();
    let found = json.as_str().filter(|text| names.contains(text));
    found.map(str::to_owned).ok_or_else(|| Misfit::wanted(&format!("one of {}", names.join(", ")), json))
}

/// The flags that are set, in the order of their type.
fn set<'a>(names: impl Iterator<Item = &'a str>, json: &Value) -> Result<Vec<String>, Misfit> {
    let names: Vec<_> = names.collect();
    let mut set = Vec::new();
    for (at, item) in items(json, None)?.iter().enumerate() {
        set.push(one_of(names.iter().copied(), item).map_err(|misfit| misfit.within(format!("[{at}]")))?);
    }
    Ok(names.into_iter().filter(|name| set.iter().any(|one| one == name)).map(str::to_owned).collect())
}
