//! Random WIT types, written down as components that import them, and random values of them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wasmtime::component::Val;

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Plain(&'static str),
    List(Box<Shape>),
    Map(&'static str, Box<Shape>),
    Tuple(Vec<Shape>),
    Option(Box<Shape>),
    Result(Option<Box<Shape>>, Option<Box<Shape>>),
    Record(Vec<Shape>),
    Variant(Vec<Option<Shape>>),
    Enum(usize),
    Flags(usize),
}

const PLAIN: [&str; 13] =
    ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "float32", "float64", "char", "string"];

/// What may be the key of a map.
const KEYS: [&str; 11] = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "char", "string"];

pub(super) fn any_shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        6 => prop::sample::select(PLAIN.as_slice()).prop_map(Shape::Plain),
        1 => (1..5_usize).prop_map(Shape::Enum),
        1 => (1..9_usize).prop_map(Shape::Flags),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Shape::List),
            boxed().prop_map(Shape::Option),
            (prop::sample::select(KEYS.as_slice()), boxed()).prop_map(|(key, value)| Shape::Map(key, value)),
            vec(inner.clone(), 1..4).prop_map(Shape::Tuple),
            vec(inner.clone(), 1..4).prop_map(Shape::Record),
            vec(option::of(inner.clone()), 1..4).prop_map(Shape::Variant),
            (option::of(boxed()), option::of(boxed())).prop_map(|(ok, err)| Shape::Result(ok, err)),
        ]
    })
}

impl Shape {
    /// A component that imports a function `f` with one parameter of this type.
    pub(super) fn component(&self) -> String {
        let mut named = String::new();
        let ty = self.write(&mut named, &mut 0);
        format!(r#"(component {named} (import "f" (func (param "x" {ty}))))"#)
    }

    /// The type as text; types that need a name are added to `named`.
    fn write(&self, named: &mut String, number: &mut u32) -> String {
        let mut of = |shape: &Self| shape.write(named, number);
        let body = match self {
            Self::Plain(name) => return (*name).to_owned(),
            Self::List(inner) => return format!("(list {})", of(inner)),
            Self::Option(inner) => return format!("(option {})", of(inner)),
            Self::Map(key, value) => return format!("(map {key} {})", of(value)),
            Self::Tuple(inner) => {
                return format!("(tuple {})", inner.iter().map(of).collect::<Vec<_>>().join(" "));
            }
            Self::Result(ok, err) => {
                let ok = ok.as_deref().map(&mut of).unwrap_or_default();
                let err = err.as_deref().map(|err| format!("(error {})", of(err))).unwrap_or_default();
                return format!("(result {ok} {err})");
            }
            Self::Record(fields) => {
                let fields = fields.iter().enumerate().map(|(at, one)| format!(r#"(field "a{at}" {})"#, of(one)));
                format!("(record {})", fields.collect::<String>())
            }
            Self::Variant(cases) => {
                let cases = cases.iter().enumerate();
                let case = |(at, one): (usize, &Option<Self>)| {
                    format!(r#"(case "a{at}" {})"#, one.as_ref().map(&mut of).unwrap_or_default())
                };
                format!("(variant {})", cases.map(case).collect::<String>())
            }
            Self::Enum(number) => format!("(enum {})", names(*number)),
            Self::Flags(number) => format!("(flags {})", names(*number)),
        };
        *number += 1;
        let at = *number;
        named.push_str(&format!(r#"(type $n{at} {body}) (import "t{at}" (type $t{at} (eq $n{at})))"#));
        format!("$t{at}")
    }
}

fn names(number: usize) -> String {
    (0..number).map(|at| format!(r#""a{at}" "#)).collect()
}

pub(super) fn any_value(shape: &Shape) -> BoxedStrategy<Val> {
    match shape {
        Shape::Plain(name) => plain(name),
        Shape::List(inner) => vec(any_value(inner), 0..4).prop_map(Val::List).boxed(),
        Shape::Map(key, value) => vec((plain(key), any_value(value)), 0..4).prop_map(Val::Map).boxed(),
        Shape::Option(inner) => option::of(any_value(inner)).prop_map(|one| Val::Option(one.map(Box::new))).boxed(),
        Shape::Tuple(inner) => inner.iter().map(any_value).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Shape::Record(fields) => {
            let fields: Vec<_> = fields.iter().map(any_value).collect();
            let named = |(at, value)| (format!("a{at}"), value);
            fields.prop_map(move |values| Val::Record(values.into_iter().enumerate().map(named).collect())).boxed()
        }
        Shape::Variant(cases) => {
            let cases = cases.clone();
            (0..cases.len())
                .prop_flat_map(move |at| payload(cases[at].as_ref()).prop_map(move |one| (at, one)))
                .prop_map(|(at, payload)| Val::Variant(format!("a{at}"), payload))
                .boxed()
        }
        Shape::Result(ok, err) => prop_oneof![
            payload(ok.as_deref()).prop_map(|value| Val::Result(Ok(value))),
            payload(err.as_deref()).prop_map(|value| Val::Result(Err(value))),
        ]
        .boxed(),
        Shape::Enum(number) => (0..*number).prop_map(|at| Val::Enum(format!("a{at}"))).boxed(),
        Shape::Flags(number) => {
            let names: Vec<_> = (0..*number).map(|at| format!("a{at}")).collect();
            prop::sample::subsequence(names, 0..=*number).prop_map(Val::Flags).boxed()
        }
    }
}

fn payload(shape: Option<&Shape>) -> BoxedStrategy<Option<Box<Val>>> {
    match shape {
        None => Just(None).boxed(),
        Some(shape) => any_value(shape).prop_map(|value| Some(Box::new(value))).boxed(),
    }
}

fn plain(name: &str) -> BoxedStrategy<Val> {
    match name {
        "bool" => any::<bool>().prop_map(Val::Bool).boxed(),
        "s8" => any::<i8>().prop_map(Val::S8).boxed(),
        "u8" => any::<u8>().prop_map(Val::U8).boxed(),
        "s16" => any::<i16>().prop_map(Val::S16).boxed(),
        "u16" => any::<u16>().prop_map(Val::U16).boxed(),
        "s32" => any::<i32>().prop_map(Val::S32).boxed(),
        "u32" => any::<u32>().prop_map(Val::U32).boxed(),
        "s64" => any::<i64>().prop_map(Val::S64).boxed(),
        "u64" => any::<u64>().prop_map(Val::U64).boxed(),
        // Short enough to be the same after being written in decimal.
        "float32" => any::<i16>().prop_map(|number| Val::Float32(f32::from(number) / 8.0)).boxed(),
        "float64" => prop_oneof![any::<i32>().prop_map(|number| f64::from(number) / 8.0), Just(f64::INFINITY)]
            .prop_map(Val::Float64)
            .boxed(),
        "char" => any::<char>().prop_map(Val::Char).boxed(),
        _ => any::<String>().prop_map(Val::String).boxed(),
    }
}
