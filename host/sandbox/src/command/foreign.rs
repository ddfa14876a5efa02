//! Why a core module is of no use here, read from its imports and exports: most that are found in the wild were made for
//! a web page or for another host. Nothing is compiled or run here.

use wasmparser::{Import, Parser, Payload};

/// WASI's first preview, which is adapted.
const PREVIEW: &str = "wasi_snapshot_preview1";
/// What that has for sockets; every other such function is somebody's own.
const SOCKETS: [&str; 4] = ["sock_accept", "sock_recv", "sock_send", "sock_shutdown"];

/// The reason in words; `None` where nothing is wrong that could be seen here.
pub(crate) fn reason(module: &[u8]) -> Option<String> {
    let mut starts = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                if let Some(reason) = imports.into_imports().flatten().find_map(|import| odd(&import)) {
                    return Some(reason);
                }
            }
            Payload::ExportSection(exports) => starts = exports.into_iter().flatten().any(|one| one.name == "_start"),
            _ => {}
        }
    }
    (!starts).then(|| "it exports no `_start` and does not tell the types of its functions".to_owned())
}

/// What a core module imports, as `module.name`, and what it exports; `None` where it cannot be read.
pub(crate) fn names(module: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
    let (mut imported, mut exported) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload.ok()? {
            Payload::ImportSection(imports) => {
                imported.extend(imports.into_imports().flatten().map(|one| format!("{}.{}", one.module, one.name)));
            }
            Payload::ExportSection(exports) => {
                exported.extend(exports.into_iter().flatten().map(|one| one.name.to_owned()));
            }
            _ => {}
        }
    }
    Some((imported, exported))
}

fn odd(import: &Import<'_>) -> Option<String> {
    let Import { module, name, .. } = import;
    let named = || format!("`{}`", format!("{module}.{name}").escape_debug().take(100).collect::<String>());
    match *module {
        "wasi_unstable" => {
            Some("it was built for the draft of WASI before the first preview (`wasi_unstable`)".to_owned())
        }
        PREVIEW if name.starts_with("sock_") && !SOCKETS.contains(name) => {
            Some(format!("it needs {}, which is not part of WASI but another host's addition", named()))
        }
        PREVIEW => None,
        _ => Some(format!(
            "it needs {}, which a program around it is to bring along, as those made for web pages with Emscripten or \
             wasm-bindgen do",
            named()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_was_made_for_is_seen_from_its_imports() {
        for (text, told) in [
            ("(module)", "no `_start`"),
            (r#"(module (func (export "add")))"#, "no `_start`"),
            (r#"(module (import "env" "abort" (func)) (func (export "_start")))"#, "`env.abort`"),
            (r#"(module (import "wbg" "\u{1b}[2J" (func)))"#, r"wbg.\u{1b}[2J"),
            (r#"(module (import "wasi_unstable" "fd_write" (func)))"#, "before the first preview"),
            (r#"(module (import "wasi_snapshot_preview1" "sock_open" (func)))"#, "another host's addition"),
        ] {
            let reason = reason(&wat::parse_str(text).unwrap()).unwrap();
            assert!(reason.contains(told), "{text}: {reason}");
        }
        let fine = r#"(module (import "wasi_snapshot_preview1" "sock_send" (func)) (func (export "_start")))"#;
        assert_eq!(reason(&wat::parse_str(fine).unwrap()), None);
        assert_eq!(reason(b"\0asm\x01\0\0\0\x02\xff\xff"), None);
    }
}
