//! WASI's HTTP under another name while JavaScript is built. The builder runs the program once, with WASI's streams
//! linked but not its HTTP, for which it puts in placeholders; as the streams of the one are none of the other, it
//! would fail. Under another name both are placeholders that fit. In the finished component they get their names back.

use wasmparser::{ComponentImport, Parser, Payload};

/// What stands for `wasi`: as long as that, so that names can be changed in their place.
pub(super) const DISGUISE: &str = "host";

const NAME: &str = "wasi";

/// The packages that are disguised.
const PACKAGES: &[&str] = &["http", "io"];

/// A file of WIT with the names changed.
pub(super) fn disguised(text: &str) -> String {
    PACKAGES.iter().fold(text.to_owned(), |text, package| {
        text.replace(&format!("{NAME}:{package}"), &format!("{DISGUISE}:{package}"))
    })
}

/// The component with the names of its imports changed back.
///
/// # Errors
/// It is not a component.
pub(super) fn undisguised(mut component: Vec<u8>) -> Result<Vec<u8>, String> {
    for at in disguises(&component).map_err(|error| format!("the builder made no component: {error}"))? {
        component[at..at + NAME.len()].copy_from_slice(NAME.as_bytes());
    }
    Ok(component)
}

/// Where the imports of the component itself, not of those within it, have a name that was changed.
fn disguises(component: &[u8]) -> wasmparser::Result<Vec<usize>> {
    let (mut found, mut depth) = (Vec::new(), 0_u32);
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    found.extend(place(component, &import?));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Where the name begins, if it is one that was changed.
fn place(component: &[u8], import: &ComponentImport<'_>) -> Option<usize> {
    let rest = import.name.name.strip_prefix(DISGUISE)?.strip_prefix(':')?;
    let package = rest.split('/').next()?;
    PACKAGES.contains(&package).then(|| import.name.name.as_ptr().addr() - component.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use wasmparser::Validator;

    use super::*;

    fn component(imports: &str) -> Vec<u8> {
        let inner = "(component $inner (import \"host:io/error@0.2.0\" (instance)))";
        wat::parse_str(format!("(component {imports} {inner})")).unwrap()
    }

    fn imports(component: &[u8]) -> Vec<String> {
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::ComponentImportSection(section) = payload.unwrap() {
                names.extend(section.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
        }
        names
    }

    #[test]
    fn imports_get_their_names_back_and_nothing_else_is_touched() {
        let before = r#"(import "wasi:io/error@0.2.12" (instance)) (import "host:io/error@0.2.0" (instance))
            (import "host:http/types@0.2.0" (instance)) (import "host:other/types@0.2.0" (instance))"#;
        let after = undisguised(component(before)).unwrap();
        Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&after).unwrap();
        assert_eq!(
            imports(&after),
            [
                "wasi:io/error@0.2.12",
                "wasi:io/error@0.2.0",
                "wasi:http/types@0.2.0",
                "host:other/types@0.2.0",
                "host:io/error@0.2.0"
            ]
        );
        assert!(undisguised(b"\0asm".to_vec()).is_err());
    }

    #[test]
    fn only_two_packages_are_disguised() {
        assert_eq!(disguised("use wasi:io/poll; wasi:random/random"), "use host:io/poll; wasi:random/random");
    }
}
