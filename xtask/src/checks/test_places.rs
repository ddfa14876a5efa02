//! Tests are where CONTRIBUTING.md says: in `mod tests` at the end of the file they test, in the file `tests.rs` of its
//! folder, or below the folder `tests`. Nothing else of a product file is there for tests alone.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemFn, ItemMod};

use crate::finding::{Counted, Finding, Report};
use crate::marks;
use crate::sources::Sources;

const SECTION: &str = "test_code_in_product_files";
const REMEDY: &str = "Tests go into `mod tests` at the end of the file, into the file tests.rs of its folder, or below \
                      the folder tests.";

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for (file, syntax) in
        sources.rust().filter(|(file, _)| file.path.contains("/src/") && !sources.is_for_tests(&file.path))
    {
        let mut places = Places::default();
        places.file(syntax);
        let Some((line, what)) = places.found.first().cloned() else { continue };
        let text = format!("{what} is here for tests alone. {REMEDY}");
        let finding = Finding::new(&file.path, line, text);
        let count = places.found.len();
        report.counted.push(Counted { section: SECTION, key: file.path.clone(), count, finding });
    }
    Ok(report)
}

/// What is there for tests alone and not where tests belong: the line, and its name.
#[derive(Default)]
struct Places {
    found: Vec<(usize, String)>,
}

impl Places {
    fn file(&mut self, syntax: &syn::File) {
        for (at, item) in syntax.items.iter().enumerate() {
            match item {
                Item::Mod(module) if module.ident == "tests" && marks::is_for_tests(&module.attrs) => {
                    let is_last = at + 1 == syntax.items.len();
                    if module.content.is_some() && !is_last {
                        self.note(module.span().start().line, "`mod tests`, which is not the last item,".to_owned());
                    }
                }
                item => self.visit_item(item),
            }
        }
    }

    fn note(&mut self, line: usize, what: String) {
        self.found.push((line, what));
    }

    fn function(&mut self, attributes: &[Attribute], name: &syn::Ident) {
        if marks::is_for_tests(attributes) || marks::is_test(attributes) {
            self.note(name.span().start().line, format!("`{name}`"));
        }
    }
}

impl<'ast> Visit<'ast> for Places {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.attrs, &item.sig.ident);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.attrs, &item.sig.ident);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        match marks::is_for_tests(&item.attrs) {
            true => self.note(item.ident.span().start().line, format!("`mod {}`", item.ident)),
            false => visit::visit_item_mod(self, item),
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, what) = match item {
            Item::Impl(one) => (&one.attrs, "an `impl`".to_owned()),
            Item::Struct(one) => (&one.attrs, format!("`{}`", one.ident)),
            Item::Enum(one) => (&one.attrs, format!("`{}`", one.ident)),
            Item::Const(one) => (&one.attrs, format!("`{}`", one.ident)),
            Item::Static(one) => (&one.attrs, format!("`{}`", one.ident)),
            Item::Use(one) => (&one.attrs, "a `use`".to_owned()),
            _ => return visit::visit_item(self, item),
        };
        match marks::is_for_tests(attributes) {
            true => self.note(item.span().start().line, what),
            false => visit::visit_item(self, item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    fn told(path: &str, text: &str) -> Vec<String> {
        let report = check(&made(&[(path, text)])).unwrap();
        report.counted.iter().map(|one| format!("{} of {}", one.count, one.finding)).collect()
    }

    #[test]
    fn tests_at_the_end_and_in_files_of_their_own_are_where_they_belong() {
        let own = "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() {}\n}\n";
        assert_eq!(told("a/src/one.rs", own), [""; 0]);
        assert_eq!(told("a/src/lib.rs", "#[cfg(test)]\nmod tests;\nmod one;\n"), [""; 0]);
        for path in ["a/src/one/tests.rs", "a/src/tests/fixture.rs", "a/tests/it.rs", "tests/src/host.rs"] {
            assert_eq!(told(path, "#[cfg(test)]\nfn help() {}\n#[test]\nfn t() {}\n"), [""; 0], "{path}");
        }
    }

    #[test]
    fn a_module_for_tests_is_counted_once_and_not_for_each_test_in_it() {
        let sources = made(&[
            ("a/src/lib.rs", "#[cfg(test)]\nmod cases;\n"),
            ("a/src/cases.rs", "mod deep;\n#[test]\nfn t() {}\n"),
            ("a/src/cases/deep.rs", "#[test]\nfn t() {}\n"),
        ]);
        let told: Vec<_> = check(&sources).unwrap().counted.into_iter().map(|one| (one.key, one.count)).collect();
        assert_eq!(told, [("a/src/lib.rs".to_owned(), 1)]);
    }

    #[test]
    fn anything_else_for_tests_alone_is_counted() {
        let text = "#[cfg(test)]\nmod fixture;\n\n#[cfg(test)]\nmod tests {}\n\n#[cfg(test)]\nuse std::fs;\n\n\
                    impl A {\n    #[cfg(test)]\n    fn made() {}\n}\n\n#[test]\nfn t() {}\n";
        let told = told("a/src/one.rs", text);
        assert!(
            told[0].starts_with("5 of a/src/one.rs:2: `mod fixture` is here for tests alone. Tests go"),
            "{told:?}"
        );
    }
}
