//! Installing plugins from files with the real program: what the owner is asked, what an update may do unasked, and that
//! what was approved is what is loaded.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::json;
use steward_tests::Host;
use steward_tests::guests::{HOSTILE, KEEPER};
use steward_tests::host::Printed;
use steward_tests::model::{Asked, Reply};

use crate::stage::Stage;

/// All that the plugin imports, asked for in part.
const NARROW: &str = "kv = {}\nhttp = false\nsecrets = false\nmodel = false";
const WITH_MODEL: &str = "kv = {}\nhttp = false\nsecrets = false\nmodel = { calls = 2 }";
const WITH_HTTP: &str = "kv = {}\nhttp = { hosts = [\"api.example.org\"] }\nsecrets = false\nmodel = { calls = 2 }";

fn manifest(name: &str, version: &str, capabilities: &str) -> String {
    format!("name = \"{name}\"\nversion = \"{version}\"\ndescription = \"Keeps.\"\n[capabilities]\n{capabilities}\n")
}

/// Writes a packed plugin next to the data folder of a host.
fn packed(host: &Host, file: &str, manifest: &str) -> String {
    let path = place(host, file);
    fs::write(&path, steward_sandbox::pack(KEEPER, manifest).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Makes an author's key without a password next to the data folder.
async fn key(host: &Host, file: &str) -> String {
    let path = place(host, file).to_str().unwrap().to_owned();
    worked(&host.run(&["plugin", "key", "--no-password", &path]).await, "is your secret key");
    path
}

async fn sign(host: &Host, file: &str, key: &str) {
    worked(&host.run(&["plugin", "sign", file, "--key", key]).await, "is signed");
}

fn place(host: &Host, file: &str) -> PathBuf {
    host.data().with_file_name(file)
}

async fn install(host: &Host, file: &str, more: &[&str]) -> Printed {
    host.run(&[&["plugin", "install", file], more].concat()).await
}

async fn list(host: &Host) -> String {
    host.run(&["plugin", "list"]).await.text
}

/// The files of installed plugins.
fn files(data: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(data.join("plugins")).into_iter().flatten();
    // A draft may be gone before it is looked at.
    folder.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

/// Checks that a command failed and said this.
fn failed(printed: &Printed, told: &str) {
    assert!(!printed.status.success() && printed.text.contains(told), "{told}: {}", printed.text);
}

fn worked(printed: &Printed, told: &str) {
    assert!(printed.status.success() && printed.text.contains(told), "{told}: {}", printed.text);
}

/// Keeps a word with the plugin's tool, if there is one; then says what came of it.
fn keeping(asked: &Asked) -> Reply {
    match asked.results().into_iter().next() {
        Some((_, text)) => Reply::text(&format!("Result: {text}")),
        None if asked.tools().iter().any(|tool| tool == "keep") => {
            Reply::call("keep", json!({ "key": "fruit", "word": "plum" }))
        }
        None => Reply::text("I have no such tool."),
    }
}

#[tokio::test]
async fn a_running_host_follows_what_the_owner_installs_and_takes_away() {
    let stage = Stage::set(keeping).await;
    let (host, owner) = (&stage.host, &stage.owner);
    owner.says("keep a plum");
    owner.hears(|text| text == "I have no such tool.").await;

    let file = packed(host, "keeper.wasm", &manifest("keeper", "1.0", NARROW));
    failed(&install(host, &file, &[]).await, "agree with --yes");
    assert!(!list(host).await.contains("Installed"), "nothing was changed");
    let done = install(host, &file, &["--yes"]).await;
    worked(&done, "keeper 1.0 is installed.");
    assert!(done.text.contains("Keep its own small data") && done.text.contains("picks this up"), "{}", done.text);
    owner.says("keep a plum now");
    owner.hears(|text| text == "Result: kept").await;
    worked(&install(host, &file, &[]).await, "keeper 1.0 is installed already");
    owner.says("/plugins");
    owner.hears(|text| text.contains("keeper 1.0, installed:") && text.contains("memory_append")).await;

    worked(&host.run(&["plugin", "disable", "keeper"]).await, "keeper is disabled");
    assert!(list(host).await.contains("disabled"));
    owner.says("keep another");
    owner.hears(|text| text == "I have no such tool.").await;
    worked(&host.run(&["plugin", "enable", "keeper"]).await, "keeper is enabled");
    owner.says("keep it again");
    owner.hears(|text| text == "Result: kept").await;

    worked(&host.run(&["plugin", "remove", "keeper"]).await, "keeper is removed, with the data it kept (1).");
    assert!(files(&host.data()).is_empty());
    owner.says("and one more");
    owner.hears(|text| text == "I have no such tool.").await;
    failed(&host.run(&["plugin", "remove", "keeper"]).await, "no plugin keeper is installed");
    failed(&host.run(&["plugin", "enable", "keeper"]).await, "no plugin keeper is installed");
    failed(&host.run(&["plugin", "disable", "web"]).await, "web is built in");
}

#[tokio::test]
async fn an_update_asks_about_what_is_wider_and_about_nothing_else() {
    let host = Host::builder().prepare();
    let of = |version: &str, capabilities: &str| {
        packed(&host, &format!("{version}.wasm"), &manifest("keeper", version, capabilities))
    };
    let (first, second) = (of("1.0", WITH_MODEL), of("1.1", NARROW));
    let (third, fourth) = (of("1.2", WITH_HTTP), of("1.3", &WITH_MODEL.replace('2', "3")));
    let key = key(&host, "author.key").await;
    for file in [&first, &second, &third, &fourth] {
        sign(&host, file, &key).await;
    }
    worked(&install(&host, &first, &["--yes"]).await, "keeper 1.0 is installed.");

    let inspected = host.run(&["plugin", "inspect", &third]).await;
    worked(&inspected, "Changed since the approved version 1.0:\n  + http: new.");
    assert!(inspected.text.contains("It may reach api.example.org."), "{}", inspected.text);

    let wider = install(&host, &third, &[]).await;
    failed(&wider, "Changed since the approved version 1.0:\n  + http: new.");
    assert!(wider.text.find("Changed since") < wider.text.find("It asks to:"), "{}", wider.text);
    failed(&install(&host, &fourth, &[]).await, "+ model: calls 3, before 2");
    assert!(list(&host).await.contains("keeper 1.0"));

    let narrower = install(&host, &second, &[]).await;
    worked(&narrower, "- model: no longer");
    assert!(narrower.text.contains("keeper 1.1 is installed."), "{}", narrower.text);
    assert_eq!(files(&host.data()).len(), 1, "the file of 1.0 is gone");
    failed(&install(&host, &first, &[]).await, "+ model: new.");
    worked(&install(&host, &third, &["--yes"]).await, "keeper 1.2 is installed.");
}

#[tokio::test]
async fn another_program_of_the_same_name_does_not_take_the_place_unasked() {
    let host = Host::builder().prepare();
    let of = |file: &str, version: &str, more: &[u8]| {
        let wasm = steward_sandbox::pack(KEEPER, &manifest("keeper", version, NARROW)).unwrap();
        // A custom section named x.
        let section = [&[0, u8::try_from(more.len() + 2).unwrap(), 1, b'x'], more].concat();
        fs::write(place(&host, file), [wasm, section].concat()).unwrap();
        place(&host, file).to_str().unwrap().to_owned()
    };
    let first = of("first.wasm", "1.0", b"1");
    worked(&install(&host, &first, &["--yes"]).await, "Not signed");
    // Unsigned: other bytes are asked about, whatever they ask for and call themselves.
    for version in ["1.0", "1.1", "0.9"] {
        let asked = install(&host, &of("other.wasm", version, b"2"), &[]).await;
        failed(&asked, "agree with --yes");
        let hashes = asked.text.lines().filter(|line| line.starts_with("  Installed: ") || line.starts_with("  New: "));
        assert!(hashes.count() == 2 && asked.text.contains("Neither version is signed"), "{}", asked.text);
        assert_eq!(asked.text.contains("older than the installed 1.0"), version == "0.9", "{}", asked.text);
    }
    assert!(list(&host).await.contains("not signed"));

    // Signed: the key is pinned, and what it signs later is known to be the same author's.
    let (mine, other) = (key(&host, "mine.key").await, key(&host, "other.key").await);
    let second = of("second.wasm", "1.1", b"2");
    sign(&host, &second, &mine).await;
    failed(&install(&host, &second, &[]).await, "From now on only the key");
    worked(&install(&host, &second, &["--yes"]).await, "keeper 1.1 is installed.");
    let public = fs::read_to_string(place(&host, "mine.key.pub")).unwrap();
    assert!(list(&host).await.contains(public.lines().nth(1).unwrap()));
    let third = of("third.wasm", "1.2", b"3");
    sign(&host, &third, &mine).await;
    worked(&install(&host, &third, &[]).await, "keeper 1.2 is installed.");
    failed(&install(&host, &second, &[]).await, "Version 1.1 is older than the installed 1.2");
    let same = of("same.wasm", "1.2", b"4");
    sign(&host, &same, &mine).await;
    failed(&install(&host, &same, &[]).await, "the same version 1.2");

    // By nobody or by somebody else, agreeing to everything is not enough.
    let fourth = of("fourth.wasm", "1.3", b"5");
    failed(&install(&host, &fourth, &["--yes"]).await, "--new-author");
    sign(&host, &fourth, &other).await;
    failed(&host.run(&["plugin", "sign", &fourth, "--key", &format!("{other}.pub")]).await, "not a secret key");
    let refused = install(&host, &fourth, &["--yes"]).await;
    failed(&refused, "Key now: ");
    assert!(list(&host).await.contains("keeper 1.2"));
    worked(&install(&host, &fourth, &["--yes", "--new-author"]).await, "keeper 1.3 is installed.");

    // A signature that was taken from another file.
    let (signed, plain) = (fs::read(&third).unwrap(), fs::read(of("fifth.wasm", "1.4", b"6")).unwrap());
    let section = &signed[fs::read(of("third.wasm", "1.2", b"3")).unwrap().len()..];
    fs::write(place(&host, "fifth.wasm"), [&plain, section].concat()).unwrap();
    let fifth = place(&host, "fifth.wasm");
    for command in ["install", "inspect"] {
        failed(&host.run(&["plugin", command, fifth.to_str().unwrap()]).await, "it is for another component");
    }
}

#[tokio::test]
async fn a_key_is_kept_from_others_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = Host::builder().prepare();
    let path = key(&host, "author.key").await;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    failed(&host.run(&["plugin", "key", "--no-password", &path]).await, "exists already");
    assert_eq!(fs::read(&path).unwrap(), before);
    failed(&host.run(&["plugin", "sign", "nowhere.wasm", "--key", &path]).await, "cannot read nowhere.wasm");
    let bare = place(&host, "bare.wasm");
    fs::write(&bare, KEEPER).unwrap();
    failed(&host.run(&["plugin", "sign", bare.to_str().unwrap(), "--key", &path]).await, "steward plugin pack");
}

#[tokio::test]
async fn a_file_that_is_not_the_approved_one_is_not_loaded_and_the_host_goes_on() {
    let mut stage = Stage::set(|_| Reply::text("I am here.")).await;
    let file = packed(&stage.host, "keeper.wasm", &manifest("keeper", "1.0", NARROW));
    worked(&install(&stage.host, &file, &["--yes"]).await, "is installed.");
    stage.host.kill9().await;
    let [kept] = &files(&stage.host.data())[..] else { panic!("one file") };

    // The manifest in the file is as long and grants more.
    let wider = NARROW.replacen("model = false", "model = {   }", 1);
    fs::write(kept, steward_sandbox::pack(KEEPER, &manifest("keeper", "1.0", &wider)).unwrap()).unwrap();
    stage.host.start().await;
    stage.host.logs(|line| line.contains("keeper is left out") && line.contains("not the one that was approved")).await;
    stage.owner.says("hello");
    stage.owner.hears(|text| text == "I am here.").await;
    let listed = list(&stage.host).await;
    assert!(listed.contains("refused, see below") && listed.contains("steward plugin install"), "{listed}");

    worked(&install(&stage.host, &file, &[]).await, "is installed already");
    assert!(!list(&stage.host).await.contains("refused, see below"), "it was put right");
    fs::remove_file(kept).unwrap();
    stage.host.restart().await;
    stage.host.logs(|line| line.contains("keeper is left out") && line.contains("cannot be read")).await;
}

#[tokio::test]
async fn what_cannot_be_installed_is_refused_with_the_reason() {
    let host = Host::builder().prepare();
    let refused = async |file: &str, more: &[&str], told: &str| {
        failed(&install(&host, file, &[more, &["--yes"]].concat()).await, told);
    };
    let write = |name: &str, bytes: &[u8]| {
        fs::write(place(&host, name), bytes).unwrap();
        place(&host, name).to_str().unwrap().to_owned()
    };
    refused(&write("text.wasm", b"hello"), &[], "does not begin like a .wasm file").await;
    refused(&write("bare.wasm", KEEPER), &[], "steward plugin pack").await;
    refused(&write("cut.wasm", &KEEPER[..KEEPER.len() / 2]), &[], "damaged").await;
    refused("nowhere.wasm", &[], "cannot read nowhere.wasm").await;

    let keeper = |name: &str, rest: &str| packed(&host, "wrong.wasm", &manifest(name, "1", rest));
    refused(&keeper("keeper", "kv = {}\ncolour = {}"), &[], "capabilities.colour").await;
    refused(&keeper("keeper", "kv = {}\n[limits]\nmemory = 1"), &[], "memory").await;
    let uncovered = keeper("keeper", "kv = {}\nsecrets = false\nmodel = false");
    refused(&uncovered, &[], "http = { hosts = [\"example.org\"] }").await;
    failed(&host.run(&["plugin", "inspect", &uncovered]).await, "http = { hosts = [\"example.org\"] }");
    refused(&keeper("memory", NARROW), &[], "there is a plugin `memory` already").await;

    worked(&install(&host, &keeper("keeper", NARROW), &["--yes"]).await, "is installed.");
    let twin = keeper("twin", NARROW);
    refused(&twin, &[], "tool `keep`: plugin `keeper` has a tool of that name").await;
    worked(&host.run(&["plugin", "disable", "keeper"]).await, "disabled");
    worked(&install(&host, &twin, &["--yes"]).await, "twin 1 is installed.");
    failed(&host.run(&["plugin", "enable", "keeper"]).await, "plugin `twin` has a tool of that name");

    let beside = place(&host, "plugin.toml");
    fs::write(&beside, "name = \"hostile\"\nversion = \"1\"\ndescription = \"d\"\n[capabilities]\nmemory = {}")
        .unwrap();
    let hostile = write("hostile.wasm", HOSTILE);
    let with_manifest = ["--manifest", beside.to_str().unwrap(), "--yes"];
    worked(&install(&host, &hostile, &with_manifest).await, "hostile 1 is installed.");
}

#[tokio::test]
async fn nothing_half_done_is_left_by_a_crash_or_a_full_disk() {
    let mut host = Host::builder().prepare();
    let mut large = steward_sandbox::pack(KEEPER, &manifest("keeper", "1.0", NARROW)).unwrap();
    // A custom section of 30 MiB.
    let length = 30 << 20;
    let size = [(length & 0x7f) as u8 | 0x80, (length >> 7 & 0x7f) as u8 | 0x80, (length >> 14 & 0x7f) as u8 | 0x80];
    large.extend_from_slice(&[&[0], size.as_slice(), &[(length >> 21) as u8, 1, b'x']].concat());
    large.resize(large.len() + length - 2, 0);
    let file = place(&host, "large.wasm");
    fs::write(&file, &large).unwrap();
    let file = file.to_str().unwrap();
    // Compiled once, so that the disk is full where the file is kept.
    failed(&install(&host, file, &[]).await, "agree with --yes");
    host.limit_files(Some(20 << 10));
    failed(&install(&host, file, &["--yes"]).await, "nothing was installed");
    host.limit_files(None);
    assert!(files(&host.data()).is_empty() && !list(&host).await.contains("Installed"));
    worked(&install(&host, file, &["--yes"]).await, "keeper 1.0 is installed.");

    // As after a crash before the row was written, and long before this start.
    let orphan = host.data().join("plugins").join(format!("{}.wasm", "0".repeat(64)));
    fs::write(&orphan, KEEPER).unwrap();
    let hour = Duration::from_secs(3600);
    fs::File::options().append(true).open(&orphan).unwrap().set_modified(SystemTime::now() - hour).unwrap();
    host.start().await;
    assert!(!orphan.exists());
    assert_eq!(files(&host.data()).len(), 1);
}

#[tokio::test]
async fn killed_while_it_installs_there_is_the_old_state_or_the_new_one() {
    let host = Host::builder().prepare();
    let of = |version: &str| packed(&host, "keeper.wasm", &manifest("keeper", version, NARROW));
    // When a draft is being written, and when the file is there and its row perhaps is not.
    for (version, ending) in [("1.0", ".part"), ("1.1", ".wasm"), ("1.2", ".part"), ("1.3", ".wasm")] {
        let (file, before) = (of(version), list(&host).await);
        let there = files(&host.data());
        let begun = || {
            let new = |path: &PathBuf| !there.contains(path) && path.to_string_lossy().ends_with(ending);
            files(&host.data()).iter().any(new)
        };
        host.run_and_kill(&["plugin", "install", &file, "--yes"], begun).await;
        let after = list(&host).await;
        let new = after.contains(&format!("keeper {version}"));
        assert!(new || after == before, "{after}");
        assert!(!after.contains("refused, see below"), "{after}");
        worked(&install(&host, &file, &["--yes"]).await, &format!("keeper {version} is installed"));
        assert!(list(&host).await.contains(&format!("keeper {version}")));
    }
}

/// What a person at a terminal is asked; `script` makes one.
#[tokio::test]
async fn at_a_terminal_the_owner_is_asked() {
    let host = Host::builder().prepare();
    let file = packed(&host, "keeper.wasm", &manifest("keeper", "1.0", NARROW));
    let answers = async |answer: &str| host.run_at_terminal(&["plugin", "install", &file], answer).await;
    failed(&answers("n").await, "Nothing was changed.");
    let agreed = answers("y").await;
    worked(&agreed, "keeper 1.0 is installed.");
    assert!(agreed.text.contains("Install it? [y/N]"), "{}", agreed.text);
}
