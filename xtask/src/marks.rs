//! What attributes say about an item: whether it is there for tests alone, whether it is documented.

use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, punctuated::Punctuated};

/// `#[cfg(test)]`, or a condition that holds in tests alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|one| one.path().is_ident("cfg") && one.parse_args::<Meta>().is_ok_and(|meta| tests_only(&meta)))
}

fn tests_only(meta: &Meta) -> bool {
    match meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
            if list.path.is_ident("all") {
                parts.iter().any(tests_only)
            } else {
                list.path.is_ident("any") && parts.iter().all(tests_only)
            }
        }
        Meta::NameValue(_) => false,
    }
}

/// The attribute is there: `#[test]`, `#[tokio::test]`.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| one.path().segments.last().is_some_and(|last| last.ident == "test"))
}

/// The text of the doc comment, line by line, without the space after the slashes.
pub(crate) fn documentation(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter(|one| one.path().is_ident("doc")).filter_map(|one| match &one.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => Some(String::new()),
        },
        _ => None,
    });
    lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect()
}

/// `#[doc(hidden)]`: for the project's own use.
pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| {
        one.path().is_ident("doc") && one.parse_args::<Meta>().is_ok_and(|meta| meta.path().is_ident("hidden"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(text: &str) -> Vec<Attribute> {
        syn::parse_str::<syn::ItemStruct>(&format!("{text} struct A;")).unwrap().attrs
    }

    #[test]
    fn only_what_holds_in_tests_alone_is_for_tests() {
        for text in ["#[cfg(test)]", "#[cfg(all(test, unix))]", "#[cfg(any(test))]"] {
            assert!(is_for_tests(&attributes(text)), "{text}");
        }
        for text in
            ["#[cfg(unix)]", "#[cfg(not(test))]", "#[cfg(any(test, feature = \"fuzzing\"))]", "#[derive(Clone)]"]
        {
            assert!(!is_for_tests(&attributes(text)), "{text}");
        }
    }

    #[test]
    fn a_doc_comment_is_read_without_its_slashes() {
        assert_eq!(documentation(&attributes("/// One.\n///\n/// Two.\n")), ["One.", "", "Two."]);
        assert!(is_hidden(&attributes("#[doc(hidden)]")) && !is_hidden(&attributes("/// hidden\n")));
    }
}
