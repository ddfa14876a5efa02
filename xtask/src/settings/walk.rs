//! The way through the settings, from `File` on.

use syn::{Expr, ExprLit, Field, Fields, Item, ItemStruct, Lit};

use super::comment::Comment;
use super::types::{self, Kind};
use super::{Row, Section, defaults};
use crate::finding::Finding;
use crate::sources::{Source, Sources};

const FILE: &str = "host/src/config/file.rs";
const ROOT: &str = "File";
const VARIABLES: &str = "host/src/config/environment.rs";
const GENERAL: &str = "General";

/// All settings by section, and what some of them do not say.
pub(super) fn sections(sources: &Sources) -> (Vec<Section>, Vec<Finding>) {
    let mut walk = Walk {
        sources,
        sections: vec![Section { title: GENERAL.to_owned(), ..Section::default() }],
        problems: Vec::new(),
    };
    let root = sources.get(FILE).and_then(|file| Some((file, file.syntax.as_ref()?)));
    let root = root.and_then(|(file, syntax)| Some((file, syntax.items.iter().find_map(is_root)?)));
    match root {
        Some((file, root)) => walk.table(file, root, "", GENERAL),
        None => walk.problems.push(Finding::new(FILE, 1, format!("there is no `struct {ROOT}` with the settings."))),
    }
    walk.variables();
    (walk.sections, walk.problems)
}

fn is_root(item: &Item) -> Option<&ItemStruct> {
    match item {
        Item::Struct(one) if one.ident == ROOT => Some(one),
        _ => None,
    }
}

struct Walk<'a> {
    sources: &'a Sources,
    sections: Vec<Section>,
    problems: Vec<Finding>,
}

impl Walk<'_> {
    /// Settings of a table; keys begin with `prefix`.
    fn table(&mut self, file: &Source, table: &ItemStruct, prefix: &str, section: &str) {
        let Fields::Named(fields) = &table.fields else { return };
        let items = file.syntax.as_ref().map_or(&[][..], |syntax| &syntax.items);
        let defaults = defaults::of_struct(items, &table.ident.to_string());
        for field in &fields.named {
            let Some(ident) = &field.ident else { continue };
            let name = types::serde(&field.attrs, "rename").unwrap_or_else(|| ident.to_string());
            let default = defaults.get(&ident.to_string()).map(String::as_str);
            self.field(file, field, &format!("{prefix}{name}"), section, default);
        }
    }

    fn field(&mut self, file: &Source, field: &Field, key: &str, section: &str, default: Option<&str>) {
        let comment = Comment::read(&field.attrs);
        let section = comment.heading.clone().unwrap_or_else(|| section.to_owned());
        let line = field.ident.as_ref().map_or(1, |ident| ident.span().start().line);
        let Some(ty) = types::named(&field.ty) else { return };
        let sources = self.sources;
        match types::kind(sources, &file.path, &ty) {
            Kind::Table(inner, table) => {
                let heading = comment.heading.is_some();
                let text = if heading { comment.paragraphs } else { Vec::new() };
                self.section(&section).text.extend(text);
                self.table(inner, table, &format!("{key}."), &section);
            }
            Kind::Value { values, default: of_type } => {
                let default = default.map(|value| format!("`{value}`")).or_else(|| of_type.map(str::to_owned));
                let row = Row {
                    key: key.to_owned(),
                    meaning: comment.meaning(),
                    values: comment.values.unwrap_or(values),
                    default: comment.default.or(default).unwrap_or_default(),
                    variable: comment.variable.unwrap_or_default(),
                };
                self.row(&file.path, line, key, &section, row);
            }
        }
    }

    /// Variables without a key.
    fn variables(&mut self) {
        let sources = self.sources;
        let syntax = sources.get(VARIABLES).and_then(|file| file.syntax.as_ref());
        for item in syntax.into_iter().flat_map(|syntax| &syntax.items) {
            let Item::Const(one) = item else { continue };
            let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = &*one.expr else { continue };
            let comment = Comment::read(&one.attrs);
            let section = comment.heading.clone().unwrap_or_else(|| GENERAL.to_owned());
            let row = Row {
                key: String::new(),
                meaning: comment.meaning(),
                variable: format!("`{}`", name.value()),
                values: comment.values.unwrap_or_else(|| "a text".to_owned()),
                default: comment.default.unwrap_or_else(|| "none".to_owned()),
            };
            self.row(VARIABLES, one.ident.span().start().line, &name.value(), &section, row);
        }
    }

    fn row(&mut self, path: &str, line: usize, name: &str, section: &str, row: Row) {
        for (missing, remedy) in [
            (row.meaning.is_empty(), "no doc comment: say what it is for, it becomes its line in the settings page"),
            (row.default.is_empty(), "no default that can be read: add “Default: …” to its doc comment"),
            (row.values.is_empty(), "a type whose values cannot be read: add “Values: …” to its doc comment"),
        ] {
            if missing {
                self.problems.push(Finding::new(path, line, format!("the setting `{name}` has {remedy}.")));
            }
        }
        self.section(section).rows.push(row);
    }

    fn section(&mut self, title: &str) -> &mut Section {
        let at = self.sections.iter().position(|one| one.title == title).unwrap_or_else(|| {
            self.sections.push(Section { title: title.to_owned(), ..Section::default() });
            self.sections.len() - 1
        });
        &mut self.sections[at]
    }
}
