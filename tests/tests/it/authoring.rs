//! Writing a plugin: from nothing to an answering tool, its test cases, and one file to give away.

use std::fs;
use std::path::{Path, PathBuf};

use steward_tests::Host;
use steward_tests::guests::{KEEPER, KEEPER_MANIFEST, WORDS};
use steward_tests::project::copy_project;

fn developer() -> Host {
    Host::builder().compilers().prepare()
}

/// A file or folder next to the data of a host, where its commands run.
fn at(host: &Host, name: &str) -> PathBuf {
    host.data().with_file_name(name)
}

/// A project without a language: its build copies a component that is there.
fn project(host: &Host, wasm: &[u8], manifest: &str, cases: &str) -> PathBuf {
    let folder = at(host, "mine");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("from.wasm"), wasm).unwrap();
    fs::write(folder.join("tests.toml"), cases).unwrap();
    let build = "[build]\ncommand = [\"cp\", \"from.wasm\", \"made.wasm\"]\noutput = \"made.wasm\"\n";
    fs::write(folder.join("plugin.toml"), format!("{manifest}\n{build}")).unwrap();
    folder
}

#[tokio::test]
async fn a_rust_plugin_answers_after_three_commands() {
    let host = developer();
    let begun = host.run(&["plugin", "new", "hello-there", "--lang", "rust"]).await;
    assert!(begun.passed().contains("steward plugin build hello-there --install"), "{}", begun.text);
    host.compile(&["plugin", "build", "hello-there", "--install"]).await.passed();
    let answer = host.run(&["plugin", "run", "hello-there", "greet", r#"{"name":"Ann"}"#]).await;
    assert_eq!(answer.passed().trim(), "Hello, Ann!");
    let tested = host.compile(&["plugin", "test", "hello-there"]).await;
    assert!(tested.passed().contains("2 passed, 0 failed"), "{}", tested.text);

    // A mistake is shown as the compiler shows it, and what was built before is still there.
    let source = at(&host, "hello-there/src/lib.rs");
    let good = fs::read_to_string(&source).unwrap();
    fs::write(&source, good.replace("name.trim()", "name.trimmed()")).unwrap();
    let broken = host.compile(&["plugin", "build", "hello-there"]).await;
    assert!(broken.failed().contains("trimmed") && broken.text.contains("src/lib.rs"), "{}", broken.text);
    host.run(&["plugin", "run", "hello-there", "greet", r#"{"name":"Ann"}"#]).await.passed();
}

#[tokio::test]
async fn the_worked_example_in_rust_passes_its_cases() {
    let host = developer();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/examples/rust");
    let folder = at(&host, "habits");
    copy_project(&example, &folder).unwrap();
    // Where the SDK is from here.
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let sdk = example.join("../..").canonicalize().unwrap();
    fs::write(folder.join("Cargo.toml"), manifest.replace("../..", sdk.to_str().unwrap())).unwrap();
    let tested = host.compile(&["plugin", "test", "habits", "--install"]).await;
    assert!(tested.passed().contains("10 passed, 0 failed"), "{}", tested.text);
    host.cargo("habits", LINTS).await.passed();
    let denied = host.run(&["plugin", "run", "habits", "habit_done", r#"{"habit":"run"}"#]).await;
    assert!(denied.failed().contains("requires `kv`"), "{}", denied.text);
    for options in [["--grant", "kv"].as_slice(), &["--granted"]] {
        let call = ["plugin", "run", "habits", "habit_done", r#"{"habit":"run","day":"2026-11-20"}"#];
        let done = host.run(&[&call, options].concat()).await;
        assert!(done.passed().contains("1 day in all"), "{}", done.text);
    }
    let report = host.run(&["plugin", "run", "habits", "habit_report", "--granted"]).await;
    assert!(report.passed().contains("attachment: habits.csv (text/csv"), "{}", report.text);
}

const LINTS: &[&str] = &["clippy", "--quiet", "--release", "--target", "wasm32-wasip2", "--", "-D", "warnings"];

/// What a careful developer runs in addition to the build: the formatter and the lints, with their usual settings.
#[tokio::test]
async fn a_new_rust_project_is_clean() {
    let host = developer();
    host.run(&["plugin", "new", "tidy", "--lang", "rust"]).await.passed();
    host.cargo("tidy", &["fmt", "--check"]).await.passed();
    host.cargo("tidy", LINTS).await.passed();
}

#[tokio::test]
async fn a_new_project_never_touches_what_is_there() {
    let host = developer();
    fs::create_dir(at(&host, "taken")).unwrap();
    fs::write(at(&host, "taken/mine.txt"), "mine").unwrap();
    let taken = host.run(&["plugin", "new", "taken", "--lang", "rust"]).await;
    assert!(taken.failed().contains("is there already"), "{}", taken.text);
    assert_eq!(fs::read_dir(at(&host, "taken")).unwrap().count(), 1);
    for name in ["../outside", "Upper", "a b", "1st"] {
        let named = host.run(&["plugin", "new", name, "--lang", "rust"]).await;
        assert!(named.failed().contains("not a name for a plugin"), "{}", named.text);
    }
    let unknown = host.run(&["plugin", "new", "fine", "--lang", "cobol"]).await;
    assert!(unknown.failed().contains("rust"), "{}", unknown.text);
    assert!(!at(&host, "fine").exists() && !at(&host, "outside").exists());
}

#[tokio::test]
async fn the_new_project_s_sdk_is_the_one_of_this_repository() {
    let host = developer();
    host.run(&["plugin", "new", "fresh", "--lang", "rust"]).await.passed();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (theirs, ours) in [("vendor/steward-sdk/src", "sdk/src"), ("vendor/wit", "wit")] {
        assert_same(&root.join(ours), &at(&host, "fresh").join(theirs));
    }
}

fn assert_same(ours: &Path, theirs: &Path) {
    let names = |folder: &Path| {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(ours), names(theirs), "{}", ours.display());
    for name in names(ours) {
        let (ours, theirs) = (ours.join(&name), theirs.join(&name));
        match ours.is_dir() {
            true => assert_same(&ours, &theirs),
            false => assert!(fs::read(&ours).unwrap() == fs::read(&theirs).unwrap(), "{}", ours.display()),
        }
    }
}

#[tokio::test]
async fn cases_run_in_the_real_sandbox_and_show_what_differs() {
    let host = developer();
    let cases = "model = [\"blue\"]\n\
        [[http]]\nmethod = \"POST\"\nurl = \"https://api.example.org/notes\"\nsent = \"x\"\nbody = \"thanks\"\n\
        [[http]]\nurl = \"https://api.example.org/me\"\nbody = \"Ann\"\n\
        [[case]]\nname = \"keeps\"\ntool = \"keep\"\ninput = { key = \"a\", word = \"milk\" }\ntext = \"kept\"\n\
        [[case]]\nname = \"finds it\"\ntool = \"keep\"\ninput = { key = \"a\" }\ntext = \"milk\"\n\
        [[case]]\nname = \"asks\"\ntool = \"ponder\"\ninput = { prompt = \"which colour?\" }\ntext = \"blue\"\n\
        [[case]]\nname = \"posts\"\ntool = \"post\"\n\
        input = { url = \"https://api.example.org/notes\", text = \"x\" }\ntext = \"thanks\"\n\
        [[case]]\nname = \"takes a secret along\"\ntool = \"send_token\"\n\
        input = { url = \"https://api.example.org/me\" }\ntext = \"Ann\"\n\
        [[case]]\nname = \"nothing leaves\"\ntool = \"post\"\n\
        input = { url = \"https://api.example.org/notes\", text = \"y\" }\nfailure = \"denied\"\n\
        contains = \"nothing stands in for POST https://api.example.org/notes\"\n";
    let folder = project(&host, KEEPER, KEEPER_MANIFEST, cases);
    let tested = host.run(&["plugin", "test", "mine"]).await;
    assert!(tested.passed().contains("6 passed, 0 failed"), "{}", tested.text);

    fs::write(folder.join("tests.toml"), cases.replace("\"milk\" }", "\"bread\" }")).unwrap();
    let tested = host.run(&["plugin", "test", "mine"]).await;
    for told in ["ok    keeps", "FAIL  finds it", "- milk", "+ bread", "5 passed, 1 failed"] {
        assert!(tested.failed().contains(told), "{told}: {}", tested.text);
    }

    // What plugin.toml does not grant is not there, whatever the code imports.
    let manifest = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    fs::write(folder.join("plugin.toml"), manifest.replace("kv = {}", "kv = false")).unwrap();
    let tested = host.run(&["plugin", "test", "mine"]).await;
    assert!(tested.failed().contains("requires `kv`"), "{}", tested.text);
    fs::write(folder.join("plugin.toml"), manifest.replace("kv = {}", "")).unwrap();
    let tested = host.run(&["plugin", "test", "mine"]).await;
    assert!(tested.failed().contains("add `kv = {}` under [capabilities]"), "{}", tested.text);
}

#[tokio::test]
async fn a_packed_plugin_is_one_file_with_its_manifest() {
    let host = developer();
    let about = "name = \"words\"\nversion = \"1.2.0\"\ndescription = \"Counts words.\"\n\
        [capabilities]\nfiles = { access = \"read\" }\n\
        [[tools]]\nname = \"count_words\"\ndescription = \"Counts the words of a text.\"\neffect = \"read\"\n\
        requires = []\n";
    let folder = project(&host, WORDS, about, "");
    let packed = host.run(&["plugin", "pack", "mine"]).await;
    assert!(packed.passed().contains("words 1.2.0 is packed"), "{}", packed.text);
    let file = folder.join("build/words-1.2.0.wasm");
    let manifest = fs::read_to_string(folder.join("plugin.toml")).unwrap();
    let wasm = fs::read(&file).unwrap();
    assert_eq!(steward_sandbox::packed_manifest(&wasm).unwrap(), Some(manifest.as_str()));

    // Given away, it says what its tool is called and what it asks for; the command line still grants.
    fs::rename(&file, at(&host, "given.wasm")).unwrap();
    let listed = host.run(&["plugin", "run", "given.wasm"]).await;
    assert!(listed.passed().contains("count_words") && listed.text.contains("Counts the words"), "{}", listed.text);
    fs::create_dir_all(host.workspace()).unwrap();
    fs::write(host.workspace().join("a.txt"), "one two").unwrap();
    let call = ["plugin", "run", "given.wasm", "count_words", r#"{"file":"a.txt"}"#];
    host.run(&call).await.failed();
    let granted = host.run(&[&call, ["--granted"].as_slice()].concat()).await;
    assert!(granted.passed().contains("\"words\""), "{}", granted.text);
    let both = host.run(&[&call, ["--granted", "--grant", "kv"].as_slice()].concat()).await;
    assert!(both.failed().contains("--granted"), "{}", both.text);

    // A manifest that says less than the code imports is not packed.
    fs::write(folder.join("plugin.toml"), manifest.replace("files = { access = \"read\" }", "")).unwrap();
    let refused = host.run(&["plugin", "pack", "mine"]).await;
    assert!(refused.failed().contains("files = { access = \"read\" }"), "{}", refused.text);
    assert!(!file.exists());
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_line_that_gets_it() {
    let host = Host::builder().prepare();
    let nowhere = host.run(&["plugin", "build"]).await;
    assert!(nowhere.failed().contains("steward plugin new NAME --lang"), "{}", nowhere.text);
    host.run(&["plugin", "new", "unbuilt", "--lang", "rust"]).await.passed();
    let unbuilt = host.run(&["plugin", "run", "unbuilt", "greet"]).await;
    assert!(unbuilt.failed().contains("steward plugin build unbuilt"), "{}", unbuilt.text);
    let mut bare = Host::builder().prepare();
    bare.set_variable("PATH", "/nowhere");
    bare.run(&["plugin", "new", "bare", "--lang", "rust"]).await.passed();
    let missing = bare.run(&["plugin", "build", "bare", "--install"]).await;
    assert!(missing.failed().contains("cargo is missing") && missing.text.contains("rustup.rs"), "{}", missing.text);
    let plain = at(&bare, "plain.wasm");
    fs::write(&plain, WORDS).unwrap();
    let unpacked = bare.run(&["plugin", "run", "plain.wasm", "--granted"]).await;
    assert!(unpacked.failed().contains("steward plugin pack"), "{}", unpacked.text);
}
