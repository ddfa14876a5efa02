//! Plugins in every language but Rust: from nothing to an answering tool, the worked examples, and what the helper SDKs
//! promise. Their compilers are those that `make test` fetches with the program's own commands.

use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use steward_tests::Host;
use steward_tests::host::Printed;
use steward_tests::project::copy_project;
use tokio::net::TcpListener;

/// A developer's machine with one project on it.
struct Bench {
    host: Host,
}

impl Bench {
    /// The machine with a new project, built.
    async fn with(language: &str) -> Self {
        let bench = Self { host: Host::builder().compilers().prepare() };
        let begun = bench.host.run(&["plugin", "new", "mine", "--lang", language]).await;
        assert!(begun.passed().contains("steward plugin build mine --install"), "{}", begun.text);
        bench.build().await;
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.host.data().with_file_name(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("mine").join(name), text).unwrap();
    }

    async fn build(&self) {
        compiled(&self.host.compile(&["plugin", "build", "mine"]).await);
    }

    async fn call(&self, tool: &str, input: Value, rest: &[&str]) -> Printed {
        let input = input.to_string();
        self.host.compile(&[&["plugin", "run", "mine", tool, input.as_str()], rest].concat()).await
    }

    /// The last line of what a call printed: before it stands what the person is shown meanwhile.
    async fn answer(&self, tool: &str, input: Value, rest: &[&str]) -> String {
        let printed = self.call(tool, input, rest).await;
        printed.passed().trim().lines().last().unwrap_or_default().to_owned()
    }

    async fn failure(&self, tool: &str, input: Value, rest: &[&str]) -> String {
        self.call(tool, input, rest).await.failed().to_owned()
    }
}

/// The text of a command that needs the compilers.
fn compiled(printed: &Printed) -> &str {
    assert!(printed.status.success(), "{}\n(The compilers are fetched by: make test)", printed.text);
    &printed.text
}

/// New, build, run: and the cases that come with the project pass.
async fn begins(language: &str) {
    let bench = Bench::with(language).await;
    assert_eq!(bench.answer("greet", json!({ "name": "Ann" }), &[]).await, "Hello, Ann!");
    let tested = bench.host.compile(&["plugin", "test", "mine"]).await;
    assert!(tested.passed().contains("3 passed, 0 failed"), "{}", tested.text);
}

/// The worked example passes its cases, and is one file when it is packed.
async fn works(language: &str, name: &str) {
    let host = Host::builder().compilers().prepare();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk");
    // The settings of an editor name the SDK by where it is next to the example.
    copy_project(
        &examples.join("examples").join(language),
        &host.data().with_file_name("sdk").join("examples").join(language),
    )
    .unwrap();
    copy_project(&examples.join("javascript"), &host.data().with_file_name("sdk").join("javascript")).unwrap();
    let folder = format!("sdk/examples/{language}");
    let tested = host.compile(&["plugin", "test", &folder]).await;
    assert!(compiled(&tested).contains(" passed, 0 failed"), "{}", tested.text);
    // With its manifest inside it is another component to compile, which for Python takes its time and shows no more.
    if language != "python" {
        let packed = host.compile(&["plugin", "pack", &folder, "--output", "given.wasm"]).await;
        assert!(packed.passed().contains(&format!("{name} 0.1.0 is packed")), "{}", packed.text);
    }
}

#[tokio::test]
async fn a_plugin_in_go_answers_after_three_commands() {
    begins("go").await;
    works("go", "csv-to-json").await;
}

#[tokio::test]
async fn a_plugin_in_c_answers_after_three_commands() {
    begins("c").await;
    works("c", "text-measure").await;
}

#[tokio::test]
async fn a_plugin_in_zig_answers_after_three_commands() {
    begins("zig").await;
    works("zig", "sudoku").await;
}

#[tokio::test]
async fn a_plugin_in_javascript_answers_after_three_commands() {
    begins("javascript").await;
    works("javascript", "colours").await;
}

#[tokio::test]
async fn a_plugin_in_typescript_answers_after_three_commands() {
    begins("typescript").await;
    works("typescript", "tables").await;
}

#[tokio::test]
async fn a_plugin_in_python_answers_after_three_commands() {
    begins("python").await;
}

#[tokio::test]
async fn the_worked_example_in_python_passes_its_cases() {
    works("python", "figures").await;
}

#[tokio::test]
async fn types_that_do_not_fit_end_a_build_in_typescript() {
    let bench = Bench::with("typescript").await;
    let source = fs::read_to_string(bench.path("mine/tools.ts")).unwrap();
    bench.write("tools.ts", &source.replace("name.trim()", "name.toFixed(2)"));
    let broken = bench.host.compile(&["plugin", "build", "mine"]).await;
    assert!(broken.failed().contains("tools.ts") && broken.text.contains("toFixed"), "{}", broken.text);
}

/// Memory beyond what Go begins with, and files and standard error after that.
#[tokio::test]
async fn a_program_in_go_that_needs_much_memory_stays_whole() {
    let bench = Bench::with("go").await;
    bench.write(
        "main.go",
        r#"package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	kept := make([]string, 0, 64)
	for megabyte := range 12 {
		kept = append(kept, strings.Repeat(string(rune('a'+megabyte)), 1<<20))
	}
	for range 50 {
		_ = strings.Repeat("x", 1<<20)
	}
	text, err := os.ReadFile("/workspace/note.txt")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for megabyte, letters := range kept {
		if letters != strings.Repeat(string(rune('a'+megabyte)), 1<<20) {
			panic("overwritten")
		}
	}
	fmt.Fprintln(os.Stderr, len(kept), "megabytes and", string(text))
	os.Exit(3)
}
"#,
    );
    bench.build().await;
    fs::create_dir_all(bench.path("notes")).unwrap();
    fs::write(bench.path("notes/note.txt"), "a note").unwrap();
    let dir = bench.path("notes");
    let told = bench.failure("greet", json!({}), &["--dir", dir.to_str().unwrap()]).await;
    assert!(told.contains("12 megabytes and a note"), "{told}");
}

/// A web server of the test's own; what comes back is its address without scheme.
async fn neighbour() -> String {
    let echo = post(|headers: axum::http::HeaderMap, body: String| async move {
        (StatusCode::CREATED, format!("{} {body}", headers["x-word"].to_str().unwrap()))
    });
    let router = Router::new()
        .route("/list", get(async || r#"[{"name":"Zoë","stars":2},{"name":"Ann","stars":10}]"#))
        .route("/long", get(async || "x".repeat(300_000)))
        .route("/echo", echo);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// What every helper SDK does, with the same tools in each language.
async fn keeps_its_promises(bench: &Bench) {
    // Failures are of the kind that the tool says, and nothing that goes wrong in it is a trap.
    let told = bench.failure("fails", json!({ "kind": "not-found" }), &[]).await;
    assert!(told.contains("not_found: no such thing"), "{told}");
    let told = bench.failure("fails", json!({ "kind": "denied" }), &[]).await;
    assert!(told.contains("denied: no such thing"), "{told}");
    let told = bench.failure("fails", json!({ "kind": "surprise" }), &[]).await;
    assert!(told.contains("failed: ") && told.contains("something broke"), "{told}");
    let told = bench.failure("fails", json!({ "kind": 1 }), &[]).await;
    assert!(told.contains("invalid: `kind` must be"), "{told}");

    // Data is kept; without the grant it is the host that says no.
    let told = bench.failure("keeps", json!({ "word": "молоко 🥛" }), &[]).await;
    assert!(told.contains("requires `kv`") && told.contains("--grant"), "{told}");
    let kept = bench.answer("keeps", json!({ "word": "молоко 🥛" }), &["--grant", "kv"]).await;
    assert_eq!(kept, r#"["",["word"]]"#);
    let kept = bench.answer("keeps", json!({ "word": "" }), &["--grant", "kv"]).await;
    assert_eq!(kept, r#"["молоко 🥛",["word"]]"#);

    // Requests go to the hosts that are granted and to no others.
    let address = neighbour().await;
    let url = |path: &str| format!("http://{address}/{path}");
    let granted = ["--http", address.as_str()];
    let got = bench.answer("fetches", json!({ "url": url("list") }), &granted).await;
    assert_eq!(got, r#"[200,"text","[{\"name\":\"",52]"#);
    let got = bench.answer("fetches", json!({ "url": url("long") }), &granted).await;
    assert!(got.ends_with(",300000]"), "{got}");
    let word = "é".repeat(5_000);
    let got = bench.answer("fetches", json!({ "url": url("echo"), "body": word }), &granted).await;
    assert!(got.starts_with(r#"[201,"#) && got.ends_with(",5005]"), "{got}");
    let told = bench.failure("fetches", json!({ "url": url("list") }), &["--http", "example.org"]).await;
    assert!(told.contains("denied: ") && told.contains("127.0.0.1"), "{told}");
    let told = bench.failure("fetches", json!({ "url": "ftp://x" }), &granted).await;
    assert!(told.contains("invalid: `ftp://x` is not an address"), "{told}");

    // The run is told by the host, and a frozen program still throws new dice.
    let about = bench.answer("tells", json!({}), &[]).await;
    let about: Value = serde_json::from_str(&about).unwrap();
    assert_eq!((&about[0], &about[1]), (&json!("owner"), &json!("Europe/Berlin")));
    let again = bench.answer("tells", json!({}), &[]).await;
    assert_ne!(about[2], serde_json::from_str::<Value>(&again).unwrap()[2]);
}

/// A manifest that grants what the probes use.
const GRANTS: &str = "kv = {}\nhttp = { hosts = [\"example.org\"] }\n";

#[tokio::test]
async fn the_sdk_for_javascript_keeps_its_promises() {
    let bench = Bench::with("javascript").await;
    bench.write("tools.js", include_str!("../../fixtures/languages/probe.js"));
    bench.build().await;
    keeps_its_promises(&bench).await;

    // What the code imports and plugin.toml does not cover is named before it is given away.
    let packed = bench.host.compile(&["plugin", "pack", "mine"]).await;
    assert!(packed.failed().contains("[capabilities]"), "{}", packed.text);
    let manifest = fs::read_to_string(bench.path("mine/plugin.toml")).unwrap();
    bench.write("plugin.toml", &format!("{manifest}{GRANTS}"));
    bench.host.compile(&["plugin", "pack", "mine"]).await.passed();

    // Mistakes in a declaration end the build.
    bench.write("tools.js", "import { defineTools } from \"steward\";\nexport const tool = defineTools({ a: {} });\n");
    let broken = bench.host.compile(&["plugin", "build", "mine"]).await;
    assert!(broken.failed().contains("the tool `a`: `description` is missing"), "{}", broken.text);
}

#[tokio::test]
async fn the_sdk_for_python_keeps_its_promises() {
    let bench = Bench { host: Host::builder().compilers().prepare() };
    bench.host.run(&["plugin", "new", "mine", "--lang", "python"]).await.passed();
    bench.write("tools.py", include_str!("../../fixtures/languages/probe.py"));
    let ungranted = bench.host.compile(&["plugin", "build", "mine"]).await;
    assert!(ungranted.failed().contains("under [capabilities] in plugin.toml"), "{}", ungranted.text);
    let manifest = fs::read_to_string(bench.path("mine/plugin.toml")).unwrap();
    bench.write("plugin.toml", &manifest.replace("files = false\n", &format!("files = false\n{GRANTS}")));
    bench.build().await;
    keeps_its_promises(&bench).await;

    // Mistakes in a declaration end the build.
    bench.write("tools.py", "from steward import tool\n\n\n@tool\ndef a(b: int):\n    return b\n");
    let broken = bench.host.compile(&["plugin", "build", "mine"]).await;
    assert!(broken.failed().contains("a: the docstring is missing"), "{}", broken.text);
}

#[tokio::test]
async fn a_compiler_that_is_missing_is_named_with_the_line_that_gets_it() {
    let host = Host::builder().prepare();
    for language in ["python", "javascript", "typescript", "go", "c", "zig"] {
        host.run(&["plugin", "new", language, "--lang", language]).await.passed();
        let missing = host.run(&["plugin", "build", language]).await;
        let line = format!("steward plugin toolchain {language}");
        assert!(missing.failed().contains(&line), "{}", missing.text);
    }
}
