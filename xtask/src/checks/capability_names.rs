//! No code outside a capability's own files knows it by name: it would have to be found and changed for each new one.
//!
//! Counted are comparisons with a name and patterns of it, and in the sandbox every other use of the name as a word, for
//! there it means the capability. Tests may name what they test. The names are those of the contract's files and of the
//! two capabilities that are plain WASI.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ExprLit, ImplItem, Item, Lit, LitStr, Pat};

use crate::finding::{Counted, Finding, Report};
use crate::marks;
use crate::sources::Sources;

const SECTION: &str = "capability_names_in_code";
const OWN: &str = "host/sandbox/src/capability/";
const SANDBOX: &str = "host/sandbox/src/";
/// Where capabilities are known at all.
const KNOWN: [&str; 3] = [SANDBOX, "host/author/src/", "host/src/"];
/// Files of the contract that are not capabilities.
const OTHERS: [&str; 5] = ["log", "plugin", "run", "tool", "types"];
const WASI: [&str; 2] = ["files", "http"];

/// A name that means something else, with what.
const EXCEPT: &[(&str, &str, &str)] = &[
    ("host/sandbox/src/limits.rs", "memory", "a limit"),
    ("host/sandbox/src/plugin.rs", "send", "an effect"),
    ("host/src/cli/dry_run/rows.rs", "kv", "a table"),
    ("host/src/config/environment.rs", "http", "a scheme of addresses"),
];

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let names = names(sources);
    let mut found = Vec::new();
    for (file, syntax) in sources.rust() {
        let is_known = KNOWN.iter().any(|folder| file.path.starts_with(folder));
        if !is_known || file.path.starts_with(OWN) || sources.is_for_tests(&file.path) {
            continue;
        }
        let mut uses = Uses { names: &names, all: file.path.starts_with(SANDBOX), found: Vec::new() };
        uses.visit_file(syntax);
        let is_meant = |name: &str| !EXCEPT.iter().any(|(path, word, _)| file.path == *path && name == *word);
        let uses = uses.found.into_iter().filter(|(_, name)| is_meant(name));
        found.extend(uses.map(|(line, name)| {
            let text =
                format!("`{name}` is known here by its name: let the capability's own descriptor say what is needed.");
            Finding::new(&file.path, line, text)
        }));
    }
    let counted = found.first().map(|first| Counted {
        section: SECTION,
        key: "host".to_owned(),
        count: found.len(),
        finding: Finding { text: format!("{} There are {} such places.", first.text, found.len()), ..first.clone() },
    });
    Ok(Report { counted: counted.into_iter().collect(), ..Report::default() })
}

fn names(sources: &Sources) -> BTreeSet<String> {
    let files = sources.iter().filter_map(|file| file.path.strip_prefix("wit/")?.strip_suffix(".wit"));
    files.filter(|name| !OTHERS.contains(name)).chain(WASI).map(str::to_owned).collect()
}

struct Uses<'a> {
    names: &'a BTreeSet<String>,
    /// Every use counts, not comparisons and patterns alone.
    all: bool,
    found: Vec<(usize, String)>,
}

impl Uses<'_> {
    fn note(&mut self, text: &LitStr) {
        if self.names.contains(&text.value()) {
            self.found.push((text.span().start().line, text.value()));
        }
    }

    fn compared(&mut self, side: &Expr) {
        let side = if let Expr::Reference(one) = side { &*one.expr } else { side };
        if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = side {
            self.note(text);
        }
    }

    /// Words that a macro is given: `matches!(name, "a" | "b")`. The schemes of addresses are not capabilities.
    fn scan(&mut self, tokens: TokenStream) {
        let mut words = Vec::new();
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Literal(literal) => words.extend(
                    syn::parse_str::<LitStr>(&literal.to_string())
                        .map(|text| (literal.span().start().line, text.value())),
                ),
                _ => {}
            }
        }
        if !words.iter().any(|(_, word)| word == "https") {
            self.found.extend(words.into_iter().filter(|(_, word)| self.names.contains(word)));
        }
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_expr_binary(&mut self, one: &'ast syn::ExprBinary) {
        if !self.all && matches!(one.op, BinOp::Eq(_) | BinOp::Ne(_)) {
            self.compared(&one.left);
            self.compared(&one.right);
        }
        visit::visit_expr_binary(self, one);
    }

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if let Pat::Lit(ExprLit { lit: Lit::Str(text), .. }) = pattern
            && !self.all
        {
            self.note(text);
        }
        visit::visit_pat(self, pattern);
    }

    fn visit_lit_str(&mut self, text: &'ast LitStr) {
        if self.all {
            self.note(text);
        }
    }

    fn visit_macro(&mut self, one: &'ast syn::Macro) {
        if self.all || one.path.is_ident("matches") {
            self.scan(one.tokens.clone());
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(one) => &one.attrs,
            Item::Fn(one) => &one.attrs,
            Item::Impl(one) => &one.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !marks::is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let is_for_tests = matches!(item, ImplItem::Fn(one) if marks::is_for_tests(&one.attrs));
        if !is_for_tests {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    fn count(path: &str, text: &str) -> usize {
        let sources = made(&[
            ("wit/kv.wit", ""),
            ("wit/send.wit", ""),
            ("wit/log.wit", ""),
            ("host/sandbox/src/lib.rs", "#[cfg(test)]\nmod fixture;\n"),
            (path, text),
        ]);
        check(&sources).unwrap().counted.first().map_or(0, |one| one.count)
    }

    #[test]
    fn comparisons_and_patterns_are_counted_everywhere() {
        let text = "fn f(n: &str) -> bool {\n    match n { \"kv\" => true, _ => n == \"send\" || *n != \"files\" || \
                    matches!(n, \"kv\" | \"http\") }\n}\n";
        for path in ["host/src/one.rs", "host/author/src/one.rs", "host/sandbox/src/one.rs"] {
            assert_eq!(count(path, text), 5, "{path}");
        }
    }

    #[test]
    fn other_uses_are_counted_in_the_sandbox_alone() {
        let text = "fn f() { set.access(\"kv\"); [\"send\", \"files\"].contains(&n); }\n";
        assert_eq!(count("host/sandbox/src/one.rs", text), 3);
        assert_eq!(count("host/src/one.rs", text), 0);
    }

    #[test]
    fn own_files_tests_schemes_and_other_words_are_not() {
        assert_eq!(count("host/sandbox/src/capability/kv.rs", "const A: &str = \"kv\";"), 0);
        assert_eq!(count("host/sandbox/src/one/tests.rs", "const A: &str = \"kv\";"), 0);
        assert_eq!(count("host/sandbox/src/fixture.rs", "const A: &str = \"kv\";"), 0);
        assert_eq!(count("host/sandbox/src/one.rs", "#[cfg(test)]\nmod tests { const A: &str = \"kv\"; }"), 0);
        assert_eq!(count("host/src/one.rs", "fn f() { matches!(s, \"http\" | \"https\") }"), 0);
        assert_eq!(count("host/sandbox/src/one.rs", "const A: &str = \"log\"; const B: &str = \"kv of\";"), 0);
    }
}
