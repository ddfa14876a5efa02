//! Files have at most 400 lines, functions at most 60.

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, ItemImpl, ItemMod, Signature, TraitItemFn, Type};

use crate::finding::{Counted, Finding, Report};
use crate::sources::Sources;

const MOST_LINES: usize = 400;
const MOST_LINES_OF_A_FUNCTION: usize = 60;
const FILES: &str = "lines_of_a_file";
const FUNCTIONS: &str = "lines_of_a_function";

/// # Errors
/// Never: it is a check like the others.
pub(crate) fn check(sources: &Sources) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for (file, syntax) in sources.rust() {
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            let text = format!("{lines} lines, and at most {MOST_LINES} are easy to read: split it along a seam.");
            let finding = Finding::new(&file.path, MOST_LINES + 1, text);
            report.counted.push(Counted { section: FILES, key: file.path.clone(), count: lines, finding });
        }
        let mut functions = Functions { path: &file.path, within: Vec::new(), found: Vec::new() };
        functions.visit_file(syntax);
        report.counted.extend(functions.found);
    }
    Ok(report)
}

/// The functions of a file that are too long.
struct Functions<'a> {
    path: &'a str,
    /// Modules and types around what is visited.
    within: Vec<String>,
    found: Vec<Counted>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        let count = last + 1 - first;
        if count <= MOST_LINES_OF_A_FUNCTION {
            return;
        }
        let name = self.within.iter().cloned().chain([signature.ident.to_string()]).collect::<Vec<_>>().join("::");
        let text = format!(
            "`{name}` has {count} lines, and at most {MOST_LINES_OF_A_FUNCTION} can be seen at once: give its parts \
             functions."
        );
        let finding = Finding::new(self.path, first, text);
        self.found.push(Counted { section: FUNCTIONS, key: format!("{}: {name}", self.path), count, finding });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let name = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        self.within.push(name.unwrap_or_else(|| "_".to_owned()));
        visit::visit_item_impl(self, item);
        self.within.pop();
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.within.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.within.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::made;

    #[test]
    fn long_files_and_functions_are_counted_with_their_lines() {
        let body = "    f();\n".repeat(59);
        let text = format!("fn short() {{}}\n\nimpl Big {{\n    /// Long.\n    fn long() {{\n{body}    }}\n}}\n");
        let lines = "\n".repeat(401);
        let sources = made(&[("a/src/lib.rs", &text), ("a/src/empty.rs", &lines), ("a/page.md", &lines)]);
        let report = check(&sources).unwrap();
        let told: Vec<_> = report.counted.iter().map(|one| (one.section, one.key.as_str(), one.count)).collect();
        assert_eq!(told, [(FUNCTIONS, "a/src/lib.rs: Big::long", 61), (FILES, "a/src/empty.rs", 401)]);
        assert!(report.counted[0].finding.to_string().starts_with("a/src/lib.rs:5: `Big::long` has 61 lines"));
    }

    #[test]
    fn what_is_just_short_enough_is_not_counted() {
        let body = "    f();\n".repeat(58);
        let text = format!("fn long() {{\n{body}}}\n");
        assert!(check(&made(&[("a/src/lib.rs", &text)])).unwrap().counted.is_empty());
    }
}
