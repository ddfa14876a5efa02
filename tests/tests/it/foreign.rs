//! Components that were never written for Steward, tried from the command line with `steward plugin run`.

use std::path::PathBuf;

use serde_json::{Value, json};
use steward_tests::Host;
use steward_tests::guests::{KEEPER, LEDGER, WORDS};
use steward_tests::host::Printed;

/// A program whose folders hold these guests.
struct Bench {
    host: Host,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { host: Host::builder().prepare() };
        std::fs::write(bench.path("ledger.wasm"), LEDGER).unwrap();
        std::fs::write(bench.path("words.wasm"), WORDS).unwrap();
        std::fs::write(bench.path("keeper.wasm"), KEEPER).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.host.data().with_file_name(name)
    }

    async fn run(&self, file: &str, rest: &[&str]) -> Printed {
        let path = self.path(file);
        self.host.run(&[&["plugin", "run", path.to_str().unwrap()], rest].concat()).await
    }

    async fn calls(&self, file: &str, tool: &str, input: Value, rest: &[&str]) -> Printed {
        self.run(file, &[&[tool, &input.to_string()], rest].concat()).await
    }
}

fn json(printed: &Printed) -> Value {
    assert!(printed.status.success(), "{}", printed.text);
    serde_json::from_str(printed.text.trim()).unwrap_or_else(|_| panic!("{}", printed.text))
}

#[tokio::test]
async fn typed_functions_are_listed_and_called_with_json() {
    let bench = Bench::new();
    let list = bench.run("ledger.wasm", &[]).await;
    assert!(list.status.success(), "{}", list.text);
    for told in ["greet", "shares", "mirror", "reverse", r#""additionalProperties":false"#] {
        assert!(list.text.contains(told), "{told}: {}", list.text);
    }
    let bill = json!({ "bill": {
        "items": [{ "name": "milk", "cents": "9007199254740993" }, { "name": "хлеб", "cents": 7, "note": "rye" }],
        "split": { "by-share": [1, 1] },
        "currency": "eur",
    }});
    let shares = bench.calls("ledger.wasm", "shares", bill.clone(), &[]).await;
    assert_eq!(json(&shares), json!([4_503_599_627_370_500_i64, 4_503_599_627_370_500_i64]));
    let mirror = bench.calls("ledger.wasm", "mirror", bill.clone(), &[]).await;
    assert_eq!(json(&mirror), json!([bill["bill"], { "some": null }]));
    let bytes = bench.calls("ledger.wasm", "reverse", json!({ "data": "AQID" }), &[]).await;
    assert!(bytes.status.success() && bytes.text.contains("AwIB"), "{}", bytes.text);
    let greeting = bench.run("ledger.wasm", &["greet"]).await;
    assert!(greeting.text.contains("Hello, stranger!"), "{}", greeting.text);
}

#[tokio::test]
async fn an_answer_does_not_steer_the_terminal() {
    let name = "\u{1b}]0;mine\u{7}\u{9b}2J\u{202e}Ann\tB";
    let greeting = Bench::new().calls("ledger.wasm", "greet", json!({ "name": name }), &[]).await;
    assert!(greeting.status.success() && greeting.text.contains("Ann"), "{}", greeting.text.escape_debug());
    let steers = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}';
    assert!(!greeting.text.contains(steers), "{}", greeting.text.escape_debug());
}

#[tokio::test]
async fn what_is_wrong_with_a_call_is_said_and_the_program_fails() {
    let bench = Bench::new();
    let bill = json!({ "bill": { "items": [], "split": "nobody", "currency": "eur" }});
    let failed = bench.calls("ledger.wasm", "shares", bill, &[]).await;
    assert!(!failed.status.success() && failed.text.contains("nobody pays"), "{}", failed.text);
    let bill = json!({ "bill": { "items": [{ "name": 1, "cents": 1 }], "split": "nobody", "currency": "eur" }});
    let wrong = bench.calls("ledger.wasm", "shares", bill, &[]).await;
    assert!(!wrong.status.success(), "{}", wrong.text);
    assert!(wrong.text.contains("`bill.items[0].name` must be a string, not 1"), "{}", wrong.text);
    let unknown = bench.run("ledger.wasm", &["share"]).await;
    assert!(!unknown.status.success() && unknown.text.contains("Did you mean shares?"), "{}", unknown.text);
    let nonsense = bench.run("ledger.wasm", &["greet", "{"]).await;
    assert!(!nonsense.status.success() && nonsense.text.contains("not valid JSON"), "{}", nonsense.text);
}

#[tokio::test]
async fn a_program_reads_only_the_folder_it_was_given() {
    let bench = Bench::new();
    let counted = bench.calls("words.wasm", "words", json!({ "text": "one two" }), &[]).await;
    assert_eq!(json(&counted), json!({ "words": 2 }));
    let notes = bench.path("notes");
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("a.txt"), "a b c").unwrap();
    let file = json!({ "file": "a.txt" });
    let denied = bench.calls("words.wasm", "words", file.clone(), &[]).await;
    assert!(!denied.status.success() && denied.text.contains("a.txt"), "{}", denied.text);
    let dir = notes.to_str().unwrap();
    let read = bench.calls("words.wasm", "words", file, &["--dir", dir]).await;
    assert_eq!(json(&read), json!({ "words": 3 }));
    let outside = bench.calls("words.wasm", "words", json!({ "file": "../words.wasm" }), &["--dir", dir]).await;
    assert!(!outside.status.success(), "{}", outside.text);
    let both = bench.run("words.wasm", &["--dir", dir, "--grant", "files"]).await;
    assert!(!both.status.success() && both.text.contains("keep one of them"), "{}", both.text);
}

#[tokio::test]
async fn what_the_command_line_does_not_grant_is_denied() {
    let bench = Bench::new();
    let keep = json!({ "key": "a", "word": "milk" });
    let denied = bench.calls("keeper.wasm", "keep", keep.clone(), &["--grant", "memory"]).await;
    assert!(!denied.status.success(), "{}", denied.text);
    assert!(denied.text.contains("requires `kv`") && denied.text.contains("--grant"), "{}", denied.text);
    let kept = bench.calls("keeper.wasm", "keep", keep, &["--grant", "kv"]).await;
    assert!(kept.status.success() && kept.text.contains("kept"), "{}", kept.text);
    let got = bench.calls("keeper.wasm", "keep", json!({ "key": "a" }), &["--grant", "kv"]).await;
    assert!(got.text.contains("milk"), "{}", got.text);
    let elsewhere = json!({ "url": "https://example.org/", "text": "x" });
    let sent = bench.calls("keeper.wasm", "post", elsewhere, &["--http", "example.com"]).await;
    assert!(!sent.status.success() && sent.text.contains("example.org"), "{}", sent.text);
    for (wrong, told) in [("rockets", "no such capability"), ("http", "--http HOST"), ("secrets", "--secret NAME")] {
        let printed = bench.run("keeper.wasm", &["--grant", wrong]).await;
        assert!(!printed.status.success() && printed.text.contains(told), "{}", printed.text);
    }
    let (rows, calls): (u32, u32) = bench
        .host
        .database()
        .query_row("SELECT count(*), count(DISTINCT outcome) FROM audit WHERE tool IN ('keep', 'post')", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((rows, calls), (4, 2));
}

#[tokio::test]
async fn an_inspection_tells_the_kinds_apart() {
    let bench = Bench::new();
    let inspect = async |file: &str| {
        let path = bench.path(file);
        bench.host.run(&["plugin", "inspect", path.to_str().unwrap()]).await.text
    };
    let ledger = inspect("ledger.wasm").await;
    assert!(ledger.contains("its own typed exports") && ledger.contains("shares"), "{ledger}");
    assert!(ledger.contains("[constructor]account: it belongs to a resource"), "{ledger}");
    let words = inspect("words.wasm").await;
    assert!(words.contains("A WASI command"), "{words}");
}
