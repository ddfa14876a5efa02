//! Values in words for a person: short, and without what steers a terminal.

use std::fmt::{self, Write as _};

use super::{Bytes, Value};

/// The longest text shown of a value, in characters.
pub(super) const SHOWN: usize = 200;

/// Short, for a person, without what steers a terminal.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        f.write_str(&shown)
    }
}

impl Value {
    fn write(&self, out: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            _ if out.len() > 4 * SHOWN => Ok(()),
            Self::Bool(one) => write!(out, "{one}"),
            Self::S8(one) => write!(out, "{one}"),
            Self::U8(one) => write!(out, "{one}"),
            Self::S16(one) => write!(out, "{one}"),
            Self::U16(one) => write!(out, "{one}"),
            Self::S32(one) => write!(out, "{one}"),
            Self::U32(one) => write!(out, "{one}"),
            Self::S64(one) => write!(out, "{one}"),
            Self::U64(one) => write!(out, "{one}"),
            Self::F32(bits) => write!(out, "{}", f32::from_bits(*bits)),
            Self::F64(bits) => write!(out, "{}", f64::from_bits(*bits)),
            Self::Char(one) => write!(out, "{one:?}"),
            Self::String(text) => write!(out, "“{}”", text.chars().take(SHOWN).collect::<String>()),
            Self::Bytes(Bytes(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => write!(out, "“{}”", text.chars().take(SHOWN).collect::<String>()),
                Err(_) => write!(out, "{} bytes", bytes.len()),
            },
            Self::List(all) | Self::FixedList(all) => write_all(out, ("[", "]"), all.iter().map(|one| ("", one))),
            Self::Tuple(all) => write_all(out, ("(", ")"), all.iter().map(|one| ("", one))),
            Self::Map(pairs) => write_all(out, ("{", "}"), pairs.iter().flat_map(|(key, one)| [("", key), ("", one)])),
            Self::Record(fields) => write_all(out, ("{", "}"), fields.iter().map(|(name, one)| (name.as_str(), one))),
            Self::Variant(case, value) => write_case(out, case, value),
            Self::Enum(case) => write!(out, "{case}"),
            Self::Option(Some(value)) => {
                value.write(out);
                Ok(())
            }
            Self::Option(None) => write!(out, "none"),
            Self::Ok(value) => write_case(out, "ok", value),
            Self::Err(value) => write_case(out, "error", value),
            Self::Flags(names) => write!(out, "{}", names.join(" ")),
            Self::Own(number) | Self::Lent(number) => write!(out, "handle {number}"),
        };
    }
}

fn write_all<'a>(
    out: &mut String,
    (open, close): (&str, &str),
    fields: impl Iterator<Item = (&'a str, &'a Value)>,
) -> fmt::Result {
    out.push_str(open);
    for (number, (name, value)) in fields.enumerate() {
        if out.len() > 4 * SHOWN {
            break;
        }
        if number > 0 {
            out.push_str(", ");
        }
        if !name.is_empty() {
            write!(out, "{name}: ")?;
        }
        value.write(out);
    }
    out.push_str(close);
    Ok(())
}

fn write_case(out: &mut String, case: &str, value: &Option<Box<Value>>) -> fmt::Result {
    out.push_str(case);
    if let Some(value) = value {
        out.push('(');
        value.write(out);
        out.push(')');
    }
    Ok(())
}
