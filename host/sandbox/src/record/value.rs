//! What crosses the border of a guest, in a form that can be kept, compared and given again. Handles are numbers: the
//! first one a call is given is 0, the next one 1.

mod shown;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasmtime::component::{ResourceAny, Val};

/// A value of the component model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Value {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    /// As bits, for JSON has no word for what is not a number.
    F32(u32),
    F64(u64),
    Char(char),
    String(String),
    /// A list of bytes that is not empty.
    Bytes(Bytes),
    List(Vec<Value>),
    FixedList(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Record(Vec<(String, Value)>),
    Tuple(Vec<Value>),
    Variant(String, Option<Box<Value>>),
    Enum(String),
    Option(Option<Box<Value>>),
    Ok(Option<Box<Value>>),
    Err(Option<Box<Value>>),
    Flags(Vec<String>),
    /// A handle that changes hands.
    Own(u32),
    /// A handle that is lent for the call.
    Lent(u32),
}

/// Bytes, written as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Value {
    /// Takes a value over. `handle` says what a handle is.
    ///
    /// # Errors
    /// It is of WASI 0.3, or a handle is not known.
    pub(crate) fn of(
        value: &Val,
        handle: &mut impl FnMut(ResourceAny) -> wasmtime::Result<Self>,
    ) -> wasmtime::Result<Self> {
        if let Some(leaf) = Self::leaf(value) {
            return Ok(leaf);
        }
        let mut all = |values: &[Val]| values.iter().map(|one| Self::of(one, handle)).collect::<Result<Vec<_>, _>>();
        Ok(match value {
            Val::List(list) => match bytes(list) {
                Some(bytes) => Self::Bytes(Bytes(bytes)),
                None => Self::List(all(list)?),
            },
            Val::FixedLengthList(list) => Self::FixedList(all(list)?),
            Val::Tuple(values) => Self::Tuple(all(values)?),
            Val::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((Self::of(key, handle)?, Self::of(value, handle)?)));
                Self::Map(pairs.collect::<wasmtime::Result<_>>()?)
            }
            Val::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), Self::of(value, handle)?)));
                Self::Record(fields.collect::<wasmtime::Result<_>>()?)
            }
            Val::Variant(case, value) => Self::Variant(case.clone(), Self::within(value, handle)?),
            Val::Option(value) => Self::Option(Self::within(value, handle)?),
            Val::Result(Ok(value)) => Self::Ok(Self::within(value, handle)?),
            Val::Result(Err(value)) => Self::Err(Self::within(value, handle)?),
            Val::Resource(resource) => handle(*resource)?,
            _ => {
                return Err(wasmtime::Error::msg("futures and streams of WASI 0.3 cannot be recorded"));
            }
        })
    }

    /// A value that is made of no others.
    fn leaf(value: &Val) -> Option<Self> {
        Some(match value {
            Val::Bool(one) => Self::Bool(*one),
            Val::S8(one) => Self::S8(*one),
            Val::U8(one) => Self::U8(*one),
            Val::S16(one) => Self::S16(*one),
            Val::U16(one) => Self::U16(*one),
            Val::S32(one) => Self::S32(*one),
            Val::U32(one) => Self::U32(*one),
            Val::S64(one) => Self::S64(*one),
            Val::U64(one) => Self::U64(*one),
            Val::Float32(one) => Self::F32(one.to_bits()),
            Val::Float64(one) => Self::F64(one.to_bits()),
            Val::Char(one) => Self::Char(*one),
            Val::String(text) => Self::String(text.clone()),
            Val::Enum(case) => Self::Enum(case.clone()),
            Val::Flags(names) => Self::Flags(names.clone()),
            _ => return None,
        })
    }

    fn within(
        value: &Option<Box<Val>>,
        handle: &mut impl FnMut(ResourceAny) -> wasmtime::Result<Self>,
    ) -> wasmtime::Result<Option<Box<Self>>> {
        value.as_deref().map(|value| Self::of(value, handle).map(Box::new)).transpose()
    }

    /// The value again. `handle` makes a handle of its number.
    ///
    /// # Errors
    /// A handle is not known.
    pub(crate) fn val(
        &self,
        handle: &mut impl FnMut(&Self, u32) -> wasmtime::Result<ResourceAny>,
    ) -> wasmtime::Result<Val> {
        if let Some(leaf) = self.leaf_val() {
            return Ok(leaf);
        }
        let mut all = |values: &[Self]| values.iter().map(|one| one.val(handle)).collect::<wasmtime::Result<Vec<_>>>();
        Ok(match self {
            Self::List(list) => Val::List(all(list)?),
            Self::FixedList(list) => Val::FixedLengthList(all(list)?),
            Self::Tuple(values) => Val::Tuple(all(values)?),
            Self::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| Ok((key.val(handle)?, value.val(handle)?)));
                Val::Map(pairs.collect::<wasmtime::Result<_>>()?)
            }
            Self::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), value.val(handle)?)));
                Val::Record(fields.collect::<wasmtime::Result<_>>()?)
            }
            Self::Variant(case, value) => Val::Variant(case.clone(), Self::val_within(value, handle)?),
            Self::Option(value) => Val::Option(Self::val_within(value, handle)?),
            Self::Ok(value) => Val::Result(Ok(Self::val_within(value, handle)?)),
            Self::Err(value) => Val::Result(Err(Self::val_within(value, handle)?)),
            Self::Own(number) | Self::Lent(number) => Val::Resource(handle(self, *number)?),
            _ => return Err(wasmtime::Error::msg("a value of the recording is of no known kind")),
        })
    }

    fn leaf_val(&self) -> Option<Val> {
        Some(match self {
            Self::Bool(one) => Val::Bool(*one),
            Self::S8(one) => Val::S8(*one),
            Self::U8(one) => Val::U8(*one),
            Self::S16(one) => Val::S16(*one),
            Self::U16(one) => Val::U16(*one),
            Self::S32(one) => Val::S32(*one),
            Self::U32(one) => Val::U32(*one),
            Self::S64(one) => Val::S64(*one),
            Self::U64(one) => Val::U64(*one),
            Self::F32(bits) => Val::Float32(f32::from_bits(*bits)),
            Self::F64(bits) => Val::Float64(f64::from_bits(*bits)),
            Self::Char(one) => Val::Char(*one),
            Self::String(text) => Val::String(text.clone()),
            Self::Bytes(Bytes(bytes)) => Val::List(bytes.iter().map(|byte| Val::U8(*byte)).collect()),
            Self::Enum(case) => Val::Enum(case.clone()),
            Self::Flags(names) => Val::Flags(names.clone()),
            _ => return None,
        })
    }

    fn val_within(
        value: &Option<Box<Self>>,
        handle: &mut impl FnMut(&Self, u32) -> wasmtime::Result<ResourceAny>,
    ) -> wasmtime::Result<Option<Box<Val>>> {
        value.as_deref().map(|value| value.val(handle).map(Box::new)).transpose()
    }

    /// Calls `see` with every text and every list of bytes, in their order.
    pub(crate) fn contents(&self, see: &mut impl FnMut(&[u8])) {
        match self {
            Self::String(text) => see(text.as_bytes()),
            Self::Bytes(Bytes(bytes)) => see(bytes),
            Self::List(all) | Self::FixedList(all) | Self::Tuple(all) => all.iter().for_each(|one| one.contents(see)),
            Self::Map(pairs) => pairs.iter().for_each(|(key, value)| {
                key.contents(see);
                value.contents(see);
            }),
            Self::Record(fields) => fields.iter().for_each(|(_, value)| value.contents(see)),
            Self::Variant(_, Some(value))
            | Self::Option(Some(value))
            | Self::Ok(Some(value))
            | Self::Err(Some(value)) => value.contents(see),
            _ => {}
        }
    }

    /// About how many bytes it takes to keep it.
    pub(crate) fn size(&self) -> usize {
        const EACH: usize = 16;
        let within = |value: &Option<Box<Self>>| value.as_deref().map_or(0, Self::size);
        EACH + match self {
            Self::String(text) => text.len(),
            Self::Bytes(Bytes(bytes)) => bytes.len().div_ceil(3) * 4,
            Self::List(all) | Self::FixedList(all) | Self::Tuple(all) => all.iter().map(Self::size).sum(),
            Self::Map(pairs) => pairs.iter().map(|(key, value)| key.size() + value.size()).sum(),
            Self::Record(fields) => fields.iter().map(|(name, value)| name.len() + value.size()).sum(),
            Self::Variant(case, value) => case.len() + within(value),
            Self::Option(value) | Self::Ok(value) | Self::Err(value) => within(value),
            Self::Enum(case) => case.len(),
            Self::Flags(names) => names.iter().map(|name| name.len() + 4).sum(),
            _ => 0,
        }
    }
}

/// A list of bytes as such.
fn bytes(list: &[Val]) -> Option<Vec<u8>> {
    let byte = |one: &Val| if let Val::U8(byte) = one { Some(*byte) } else { None };
    list.iter().map(byte).collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::shown::SHOWN;
    use super::*;

    #[test]
    fn values_come_back_from_json_as_they_were() {
        let value = Value::Record(vec![
            ("body".to_owned(), Value::Bytes(Bytes(vec![0, 255, 10]))),
            ("number".to_owned(), Value::F64(f64::NAN.to_bits())),
            ("large".to_owned(), Value::U64(u64::MAX)),
            ("none".to_owned(), Value::Option(None)),
            ("answer".to_owned(), Value::Err(Some(Box::new(Value::Variant("denied".to_owned(), None))))),
            ("files".to_owned(), Value::List(vec![Value::Own(3), Value::Lent(4)])),
        ]);
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(value.size() > 50);
        let mut seen = Vec::new();
        value.contents(&mut |bytes| seen.extend_from_slice(bytes));
        assert_eq!(seen, [0, 255, 10]);
    }

    #[test]
    fn a_value_is_shown_short_and_cannot_steer_the_terminal() {
        let long = Value::List(vec![Value::String("\u{1b}[2J".to_owned()), Value::String("x".repeat(1000))]);
        let shown = long.to_string();
        assert!(shown.starts_with("[“ [2J”, “xxx") && shown.chars().count() == SHOWN + 1, "{shown}");
    }
}
