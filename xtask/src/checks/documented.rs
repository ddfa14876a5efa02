//! Every public item is documented. Crates in which that holds say `#![warn(missing_docs)]`, so that the compiler keeps
//! it; in the others the items without a word are counted, and may only become fewer.
//!
//! Public is what is `pub` in a library: the lint `unreachable_pub` makes sure that such an item can be reached.

use syn::visit::{self, Visit};
use syn::{
    Attribute, Field, ImplItem, Item, ItemEnum, ItemImpl, ItemMod, ItemStruct, ItemTrait, Meta, TraitItem, Variant,
    Visibility,
};

use crate::crates;
use crate::finding::{Counted, Finding, Report};
use crate::marks;
use crate::sources::{Source, Sources};

const SECTION: &str = "public_items_without_docs";

/// Crates that are compiled into components. They are counted too, but no attribute is asked of them: each change of one
/// compiles the built-in plugins again.
const GUESTS: [&str; 3] = ["plugins/", "sdk/", "tests/guests/"];

/// # Errors
/// A Cargo.toml cannot be read.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for member in crates::members(sources)? {
        let root = format!("{}/src/lib.rs", member.folder);
        let Some(syntax) = sources.get(&root).and_then(|file| file.syntax.as_ref()) else { continue };
        let within = format!("{}/src/", member.folder);
        let mut found = Vec::new();
        let skipped = skipped(sources, &within);
        let is_meant = |path: &str| path.starts_with(&within) && !skipped.iter().any(|one| path.starts_with(one));
        for (file, syntax) in sources.rust().filter(|(file, _)| is_meant(&file.path)) {
            found.extend(undocumented(sources, file, syntax));
        }
        let is_guest = GUESTS.iter().any(|folder| member.folder.starts_with(folder));
        let is_kept = syntax.attrs.iter().any(keeps_docs);
        match found.first() {
            Some((path, line, name)) => {
                let text = format!("{name} is public and has no doc comment; {} of {}.", found.len(), member.name);
                let finding = Finding::new(path, *line, text);
                report.counted.push(Counted { section: SECTION, key: member.folder, count: found.len(), finding });
            }
            None if !is_kept && !is_guest => report.findings.push(Finding::new(
                root,
                1,
                format!("all of {} is documented: keep it so with #![warn(missing_docs)].", member.name),
            )),
            None => {}
        }
    }
    Ok(report)
}

/// `#![warn(missing_docs)]`.
fn keeps_docs(attribute: &Attribute) -> bool {
    let is_level = ["warn", "deny", "forbid"].iter().any(|level| attribute.path().is_ident(level));
    is_level && attribute.parse_args::<Meta>().is_ok_and(|meta| meta.path().is_ident("missing_docs"))
}

/// The modules in separate files that are for tests or hidden: what their paths begin with.
fn skipped(sources: &Sources, within: &str) -> Vec<String> {
    let mut skipped = Vec::new();
    for (file, syntax) in sources.rust().filter(|(file, _)| file.path.starts_with(within)) {
        for item in &syntax.items {
            let Item::Mod(module) = item else { continue };
            if module.content.is_none() && (marks::is_for_tests(&module.attrs) || marks::is_hidden(&module.attrs)) {
                let path = format!("{}/{}", folder(&file.path), module.ident);
                skipped.extend([format!("{path}.rs"), format!("{path}/")]);
            }
        }
    }
    skipped
}

/// Where the files of a file's modules are.
fn folder(path: &str) -> &str {
    path.trim_end_matches("lib.rs").trim_end_matches("main.rs").trim_end_matches(".rs").trim_end_matches('/')
}

/// Path, line and name of what is public in a file and has no doc comment.
fn undocumented(sources: &Sources, file: &Source, syntax: &syn::File) -> Vec<(String, usize, String)> {
    let mut items = Items { sources, path: &file.path, found: Vec::new() };
    items.visit_file(syntax);
    items.found.into_iter().map(|(line, name)| (file.path.clone(), line, name)).collect()
}

struct Items<'a> {
    sources: &'a Sources,
    path: &'a str,
    found: Vec<(usize, String)>,
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl Items<'_> {
    fn note(&mut self, attributes: &[Attribute], ident: &syn::Ident) {
        if marks::documentation(attributes).is_empty() && !marks::is_hidden(attributes) {
            self.found.push((ident.span().start().line, format!("`{ident}`")));
        }
    }

    fn fields<'f>(&mut self, fields: impl Iterator<Item = &'f Field>) {
        for field in fields {
            if let Some(ident) = &field.ident {
                self.note(&field.attrs, ident);
            }
        }
    }

    fn structure(&mut self, item: &ItemStruct) {
        self.note(&item.attrs, &item.ident);
        self.fields(item.fields.iter().filter(|field| is_public(&field.vis)));
    }

    fn enumeration(&mut self, item: &ItemEnum) {
        self.note(&item.attrs, &item.ident);
        for Variant { attrs, ident, fields, .. } in &item.variants {
            if !marks::is_hidden(attrs) {
                self.note(attrs, ident);
                self.fields(fields.iter());
            }
        }
    }

    fn interface(&mut self, item: &ItemTrait) {
        self.note(&item.attrs, &item.ident);
        for item in &item.items {
            match item {
                TraitItem::Const(one) => self.note(&one.attrs, &one.ident),
                TraitItem::Fn(one) => self.note(&one.attrs, &one.sig.ident),
                TraitItem::Type(one) => self.note(&one.attrs, &one.ident),
                _ => {}
            }
        }
    }

    fn implementation(&mut self, item: &ItemImpl) {
        for item in &item.items {
            match item {
                ImplItem::Const(one) if is_public(&one.vis) => self.note(&one.attrs, &one.ident),
                ImplItem::Fn(one) if is_public(&one.vis) && !marks::is_for_tests(&one.attrs) => {
                    self.note(&one.attrs, &one.sig.ident);
                }
                _ => {}
            }
        }
    }

    /// A module may be documented in its file.
    fn module(&mut self, item: &ItemMod) {
        if item.content.is_none() {
            let file = self.sources.get(&format!("{}/{}.rs", folder(self.path), item.ident));
            let inner = file.and_then(|file| file.syntax.as_ref()).map(|syntax| &syntax.attrs);
            if inner.is_none_or(|attributes| !marks::documentation(attributes).is_empty()) {
                return;
            }
        }
        self.note(&item.attrs, &item.ident);
    }
}

impl<'ast> Visit<'ast> for Items<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(one) if marks::is_for_tests(&one.attrs) || marks::is_hidden(&one.attrs) => {}
            Item::Mod(one) => {
                if is_public(&one.vis) {
                    self.module(one);
                }
                visit::visit_item(self, item);
            }
            Item::Struct(one) if is_public(&one.vis) => self.structure(one),
            Item::Enum(one) if is_public(&one.vis) => self.enumeration(one),
            Item::Trait(one) if is_public(&one.vis) => self.interface(one),
            Item::Impl(one) if one.trait_.is_none() && !marks::is_for_tests(&one.attrs) => self.implementation(one),
            Item::Fn(one) if is_public(&one.vis) => self.note(&one.attrs, &one.sig.ident),
            Item::Const(one) if is_public(&one.vis) => self.note(&one.attrs, &one.ident),
            Item::Static(one) if is_public(&one.vis) => self.note(&one.attrs, &one.ident),
            Item::Type(one) if is_public(&one.vis) => self.note(&one.attrs, &one.ident),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    fn told(lib: &str, one: &str) -> Vec<String> {
        let sources = made(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n"),
            ("a/Cargo.toml", "[package]\nname = \"thing\"\n"),
            ("a/src/lib.rs", lib),
            ("a/src/one.rs", one),
        ]);
        let report = check(&sources).unwrap();
        report.findings.iter().chain(report.counted.iter().map(|one| &one.finding)).map(ToString::to_string).collect()
    }

    #[test]
    fn every_kind_of_public_item_needs_a_word() {
        let one = "//! One.\npub struct S { pub a: u8, b: u8 }\n/// E.\npub enum E { A, #[doc(hidden)] B { c: u8 } }\n\
                   impl S { pub fn f() {} fn g() {} }\npub trait T { fn h(); }\npub(crate) struct P;\n\
                   #[cfg(test)]\nmod tests { pub fn t() {} }\nimpl Clone for S { fn clone(&self) {} }\n";
        let told = told("//! Lib.\npub mod one;\n", one);
        // S and its field, a variant, a method, a trait and its method.
        assert_eq!(told, ["a/src/one.rs:2: `S` is public and has no doc comment; 6 of thing."]);
    }

    #[test]
    fn what_is_hidden_or_for_tests_needs_none() {
        for lib in [
            "//! Lib.\n#![warn(missing_docs)]\n#[doc(hidden)]\npub mod one;\n",
            "//! Lib.\n#![warn(missing_docs)]\n#[cfg(test)]\nmod one;\n",
        ] {
            assert_eq!(told(lib, "pub fn f() {}\n"), [""; 0]);
        }
    }

    #[test]
    fn a_crate_that_is_documented_says_that_it_stays_so() {
        let one = "//! One.\n/// S.\npub struct S(pub u8);\n";
        let kept = told("//! Lib.\n#![warn(missing_docs)]\npub mod one;\n", one);
        assert_eq!(kept, [""; 0]);
        let loose = told("//! Lib.\npub mod one;\n", one);
        assert_eq!(loose, ["a/src/lib.rs:1: all of thing is documented: keep it so with #![warn(missing_docs)]."]);
    }
}
