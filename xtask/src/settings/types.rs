//! What the type of a setting says: whether it has settings below it, and which values it takes.

use syn::punctuated::Punctuated;
use syn::{
    Attribute, Expr, ExprLit, Fields, GenericArgument, Item, ItemEnum, ItemStruct, Lit, Meta, PathArguments, Token,
    Type,
};

use crate::sources::{Source, Sources};

/// Where the types of settings are, the nearest first.
const NEAR: [&str; 4] = ["host/src/config.rs", "host/src/config/", "host/src/", "host/"];

/// A type, as far as settings need it.
pub(super) enum Kind<'a> {
    /// Settings below it.
    Table(&'a Source, &'a ItemStruct),
    /// Values in words, and the default where nothing else says it.
    Value { values: String, default: Option<&'static str> },
}

/// The last name of a type, and that of its last argument: `Option` and `PathBuf`.
pub(super) struct Named {
    name: String,
    inner: Option<Box<Named>>,
}

pub(super) fn named(ty: &Type) -> Option<Named> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(list) => list.args.iter().rev().find_map(|argument| match argument {
            GenericArgument::Type(ty) => named(ty),
            _ => None,
        }),
        _ => None,
    };
    Some(Named { name: last.ident.to_string(), inner: inner.map(Box::new) })
}

/// What a field of this type is, as the file `from` names it.
pub(super) fn kind<'a>(sources: &'a Sources, from: &str, ty: &Named) -> Kind<'a> {
    let value = |values: &str, default| Kind::Value { values: values.to_owned(), default };
    match (ty.name.as_str(), &ty.inner) {
        ("Option", Some(inner)) => match kind(sources, from, inner) {
            Kind::Value { values, .. } => Kind::Value { values, default: Some("none") },
            table => table,
        },
        ("Vec", Some(inner)) => match kind(sources, from, inner) {
            Kind::Value { values, .. } => {
                let values = match values.as_str() {
                    "a number" => "numbers: `[1, 2]`".to_owned(),
                    _ => "texts: `[\"…\", \"…\"]`".to_owned(),
                };
                Kind::Value { values, default: Some("none") }
            }
            table => table,
        },
        ("bool", _) => value("`true` or `false`", Some("`false`")),
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "f32" | "f64", _) => value("a number", None),
        ("String" | "PathBuf" | "Url", _) => value("a text", Some("none")),
        ("BTreeMap" | "HashMap" | "Table", _) => value("a table", Some("none")),
        (name, _) => own(sources, from, name),
    }
}

fn own<'a>(sources: &'a Sources, from: &str, name: &str) -> Kind<'a> {
    let Some((file, item)) = find(sources, from, name) else {
        return Kind::Value { values: String::new(), default: None };
    };
    match item {
        Item::Struct(one) => Kind::Table(file, one),
        Item::Enum(one) => Kind::Value { values: words(one), default: None },
        Item::Type(one) => match named(&one.ty) {
            Some(ty) => kind(sources, &file.path, &ty),
            None => Kind::Value { values: String::new(), default: None },
        },
        _ => Kind::Value { values: String::new(), default: None },
    }
}

fn find<'a>(sources: &'a Sources, from: &str, name: &str) -> Option<(&'a Source, &'a Item)> {
    std::iter::once(from).chain(NEAR).find_map(|near| {
        sources.rust().filter(|(file, _)| file.path.starts_with(near)).find_map(|(file, syntax)| {
            let item = syntax.items.iter().find(|item| defines(item, name))?;
            Some((file, item))
        })
    })
}

fn defines(item: &Item, name: &str) -> bool {
    match item {
        Item::Struct(one) => one.ident == name && matches!(one.fields, Fields::Named(_)),
        Item::Enum(one) => one.ident == name,
        Item::Type(one) => one.ident == name,
        _ => false,
    }
}

/// The words of an enum, as serde reads them; what it expects where it reads several forms.
fn words(item: &ItemEnum) -> String {
    if let Some(expected) = serde(&item.attrs, "expecting") {
        return expected;
    }
    let style = serde(&item.attrs, "rename_all").unwrap_or_default();
    let words = item.variants.iter().map(|variant| {
        let name = variant.ident.to_string();
        format!("`{}`", serde(&variant.attrs, "rename").unwrap_or_else(|| styled(&name, &style)))
    });
    let words: Vec<_> = words.collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

fn styled(name: &str, style: &str) -> String {
    let between = match style {
        "kebab-case" => "-",
        "snake_case" => "_",
        "lowercase" => "",
        _ => return name.to_owned(),
    };
    let mut styled = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !styled.is_empty() {
            styled.push_str(between);
        }
        styled.extend(letter.to_lowercase());
    }
    styled
}

/// The value of `#[serde(name = "…")]`.
pub(super) fn serde(attributes: &[Attribute], name: &str) -> Option<String> {
    let ours = attributes.iter().filter(|one| one.path().is_ident("serde"));
    let lists = ours.filter_map(|one| one.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok());
    lists.flatten().find_map(|meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident(name) => match pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}
