//! Components that cost more to compile than anybody has, and compiled code that somebody has put in place of another's:
//! the real compiling process is ended, the sandbox answers meanwhile, and nothing is run that was not compiled here.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steward_sandbox::{Catalogue, Compiler, HttpPolicy, Limits, Outcome, PluginSource, SandboxConfig};
use steward_tests::guests::{HOSTILE, HOSTILE_MANIFEST, INTRUDER, INTRUDER_MANIFEST};
use steward_tests::host::program;
use steward_tests::patience::COMPILING;
use tempfile::TempDir;

use crate::cage::{Cage, call, config, source, sources_hostile};

/// A component of a few kilobytes in which every variable is changed within every one of many loops: a compiler has to
/// follow each through all of them.
fn bomb(name: &str, variables: usize, loops: usize) -> PluginSource {
    let change = |number| format!("(local.set {number} (i32.add (local.get {number}) (i32.const 1)))");
    let text = format!(
        r#"(component
          (core module $m (func (export "f") (local {})
            {} {} {}))
          (core instance $i (instantiate $m))
          (func (export "{name}") (canon lift (core func $i "f"))))"#,
        "i32 ".repeat(variables),
        "(loop ".repeat(loops),
        (0..variables).map(change).collect::<String>(),
        "(br_if 0 (local.get 0)))".repeat(loops),
    );
    let manifest = format!("name = \"{name}\"\nversion = \"1\"\ndescription = \"Costs much.\"\n");
    PluginSource { name: name.to_owned(), wasm: Cow::Owned(wat::parse_str(text).unwrap()), manifest }
}

/// A sandbox that compiles with the real program and gives it little time.
async fn load(cage: &Cage, folder: &Path, sources: Vec<PluginSource>) -> Catalogue {
    let limits = Limits { compile: Duration::from_secs(3), ..Limits::default() };
    let usual = config(folder, cage.store.clone());
    Catalogue::load(SandboxConfig { compiler: Compiler::Child(program()), limits, ..usual }, sources).await.unwrap()
}

fn refused(catalogue: &Catalogue) -> Vec<String> {
    catalogue.refused().iter().map(|(name, error)| format!("{name}: {error}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_never_gets_compiled_holds_nobody_up() {
    let cage = Cage::hostile(HOSTILE_MANIFEST).await;
    let folder = TempDir::new().unwrap();
    let small = bomb("small", 10, 3);
    let sources = || vec![bomb("bomb", 2000, 200), bomb("greater", 10_000, 500), small.clone()];
    let loading = load(&cage, folder.path(), sources());
    tokio::pin!(loading);
    let mut answered = 0;
    // As long as it compiles, everybody else is answered.
    let catalogue = loop {
        tokio::select! {
            biased;
            catalogue = &mut loading => break catalogue,
            echo = cage.own("echo", json!({ "text": "meanwhile" })) => {
                assert_eq!((echo.outcome, echo.text.as_str()), (Outcome::Ok, "meanwhile"));
                answered += 1;
            }
        }
    };
    assert!(answered > 10, "{answered} answers");
    let told = refused(&catalogue);
    assert_eq!(told.len(), 2, "{told:?}");
    for text in &told {
        let costs = text.contains("more than 3 s of processor time") || text.contains("4 GB of memory");
        assert!(costs && text.contains("do not use it"), "{text}");
    }
    assert_eq!(catalogue.call(call(steward_agent::Role::Owner, "small", json!({}))).await.outcome, Outcome::Ok);
    catalogue.close().await;
    // Nothing half compiled is left, and the next start does not try again.
    let left = |extension: &str| {
        let entries = std::fs::read_dir(folder.path().join("compiled")).unwrap();
        entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|one| one == extension)).count()
    };
    assert_eq!((left("refused"), left("cwasm"), left("wasm"), left("out")), (2, 1, 0, 0));
    let again = load(&cage, folder.path(), sources()).await;
    assert!(
        refused(&again).iter().all(|text| text.contains("to have it tried again, delete")),
        "{:?}",
        refused(&again)
    );
    again.close().await;
}

/// Inspecting needs neither data nor a configuration, so nothing is there that could remember what was found.
#[tokio::test]
async fn a_component_that_never_gets_compiled_is_inspected_within_bounds() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bomb.wasm");
    std::fs::write(&path, bomb("bomb", 10_000, 500).wasm).unwrap();
    // The processor time a shell leaves to its programs holds for the compiling process too, where it is less.
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", "ulimit -S -t 5; exec \"$0\" plugin inspect bomb.wasm"]).arg(program());
    command.current_dir(&folder).env_clear().env("HOME", folder.path()).env("TMPDIR", folder.path());
    let printed = tokio::time::timeout(COMPILING, command.kill_on_drop(true).output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&printed.stderr);
    let costs = text.contains("s of processor time") || text.contains("4 GB of memory");
    assert!(printed.status.code() == Some(1) && costs && text.contains("do not use it"), "{printed:?}");
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["bomb.wasm"]);
}

/// The compiled code of a folder, by its file.
fn code(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("compiled")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut code: Vec<_> = paths.filter(|path| path.extension().is_some_and(|one| one == "cwasm")).collect();
    code.sort();
    code
}

#[tokio::test]
async fn code_put_in_place_of_another_s_is_not_run() {
    let intruder = Cage::open(vec![source("intruder", INTRUDER, INTRUDER_MANIFEST)], HttpPolicy::default()).await;
    let folder = intruder.stop().await;
    let [theirs] = &code(folder.path())[..] else { panic!("one component was compiled") };
    let theirs = theirs.clone();
    let both = vec![source("intruder", INTRUDER, INTRUDER_MANIFEST), source("hostile", HOSTILE, HOSTILE_MANIFEST)];
    let folder = Cage::within(folder, both, HttpPolicy::default()).await.stop().await;
    let ours = code(folder.path()).into_iter().find(|path| *path != theirs).unwrap();
    let key = folder.path().join("compiled.key");
    let poisons: [&dyn Fn(); 6] = [
        // What this very installation has compiled and signed, for another plugin.
        &|| {
            std::fs::copy(&theirs, &ours).unwrap();
            std::fs::copy(theirs.with_extension("mac"), ours.with_extension("mac")).unwrap();
        },
        &|| std::fs::write(&ours, &std::fs::read(&ours).unwrap()[..4096]).unwrap(),
        &|| std::fs::write(&ours, b"").unwrap(),
        &|| std::fs::write(ours.with_extension("mac"), [0; 32]).unwrap(),
        &|| std::fs::remove_file(ours.with_extension("mac")).unwrap(),
        // Another key: what was signed with it is nobody's.
        &|| std::fs::write(&key, [7; 32]).unwrap(),
    ];
    let mut folder = folder;
    for (number, poison) in poisons.iter().enumerate() {
        poison();
        let cage = Cage::within(folder, sources_hostile(), HttpPolicy::default()).await;
        assert!(cage.catalogue.refused().is_empty(), "{number}: {:?}", cage.catalogue.refused());
        let echo = cage.own("echo", json!({ "text": "well" })).await;
        assert_eq!((echo.outcome, echo.text.as_str()), (Outcome::Ok, "well"), "{number}");
        // The other plugin's tools are not among them.
        assert_eq!(cage.own("read_path", json!({ "path": "x" })).await.outcome, Outcome::UnknownTool, "{number}");
        let catalogue = Arc::clone(&cage.catalogue);
        folder = cage.stop().await;
        drop(catalogue);
    }
}
