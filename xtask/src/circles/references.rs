//! The paths that an item names, also within macros.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Ident, ImplItem, Item, ItemMod, ItemUse, Path, UseTree, Visibility};

use crate::marks;

/// A path that is named, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// What is named within one item.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) references: Vec<Reference>,
    /// `use` within functions: name and path.
    pub(super) imports: Vec<(String, Vec<String>)>,
}

pub(super) fn of_item(item: &Item) -> Found {
    let mut found = Found::default();
    if !matches!(item, Item::Use(_)) {
        found.visit_item(item);
    }
    found
}

/// The name an item defines.
pub(super) fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Trait(one) => &one.ident,
        Item::Type(one) => &one.ident,
        Item::Union(one) => &one.ident,
        Item::Macro(one) => one.ident.as_ref()?,
        _ => return None,
    };
    Some(ident.to_string())
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::ExternCrate(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::ForeignMod(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Macro(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Union(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

/// What the end of a `use` below `path` brings into scope: the name, and the path it stands for.
pub(super) fn imported(tree: &UseTree, path: &[String]) -> Option<(String, Vec<String>)> {
    let (ident, name) = match tree {
        UseTree::Name(one) => (&one.ident, &one.ident),
        UseTree::Rename(one) => (&one.ident, &one.rename),
        _ => return None,
    };
    let mut full = path.to_vec();
    if ident != "self" {
        full.push(ident.to_string());
    }
    let name = if name == "self" { path.last()?.clone() } else { name.to_string() };
    Some((name, full))
}

pub(super) fn line(tree: &UseTree) -> usize {
    let ident = match tree {
        UseTree::Name(one) => &one.ident,
        UseTree::Rename(one) => &one.ident,
        UseTree::Path(one) => &one.ident,
        _ => return 1,
    };
    ident.span().start().line
}

impl Found {
    fn note(&mut self, idents: &[&Ident]) {
        let Some(first) = idents.first() else { return };
        let path = idents.iter().map(ToString::to_string).collect();
        self.references.push(Reference { path, line: first.span().start().line });
    }

    /// A word alone may be a variable: only types are taken for names.
    fn note_path(&mut self, path: &Path) {
        let idents: Vec<&Ident> = path.segments.iter().map(|one| &one.ident).collect();
        let is_type = |ident: &Ident| ident.to_string().starts_with(char::is_uppercase);
        if idents.len() > 1 || idents.first().is_some_and(|first| is_type(first)) {
            self.note(&idents);
        }
    }

    /// `a::b::c` anywhere in what a macro is given.
    fn scan(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) => {
                    let mut idents = vec![first];
                    while let Some(TokenTree::Ident(next)) = trees.get(at + 3).filter(|_| colons(&trees[at + 1..])) {
                        idents.push(next);
                        at += 3;
                    }
                    if idents.len() > 1 || first.to_string().starts_with(char::is_uppercase) {
                        self.note(&idents);
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(one) => {
                path.push(one.ident.to_string());
                self.import(&one.tree, path);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path)),
            _ => {
                if let Some((name, full)) = imported(tree, path) {
                    self.references.push(Reference { path: full.clone(), line: line(tree) });
                    self.imports.push((name, full));
                }
            }
        }
    }
}

fn colons(trees: &[TokenTree]) -> bool {
    let is_colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(one)) if one.as_char() == ':');
    is_colon(trees.first()) && is_colon(trees.get(1))
}

impl<'ast> Visit<'ast> for Found {
    fn visit_path(&mut self, path: &'ast Path) {
        self.note_path(path);
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(ident) = function.path.get_ident()
        {
            self.note(&[ident]);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        self.visit_path(&one.path);
        self.scan(one.tokens.clone());
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &mut Vec::new());
    }

    fn visit_item(&mut self, item: &'ast Item) {
        if !marks::is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_for_tests = matches!(item, ImplItem::Fn(one) if marks::is_for_tests(&one.attrs));
        if !is_for_tests {
            visit::visit_impl_item(self, item);
        }
    }

    /// Modules are read by themselves.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}
