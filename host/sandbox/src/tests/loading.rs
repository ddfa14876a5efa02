//! Which plugins are loaded, when they are compiled, and when kept code is used again.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::json;
use steward_agent::Role;
use wasmtime::component::Component;

use super::{Sandbox, plain, plugin};
use crate::component;
use crate::engine::Engine;
use crate::guest::{self, Guest, manifest};
use crate::{Binary, Compiler, HttpPolicy, LoadError, Outcome, PluginSource, ShippedPlugin};

#[tokio::test]
async fn broken_plugins_do_not_stop_the_others() {
    let append = Guest::new("append", guest::APPEND);
    let sandbox = Sandbox::new(vec![
        plugin("liar", &append, ""),
        PluginSource { name: "text".to_owned(), wasm: b"hello".as_slice().into(), manifest: manifest("text", "") },
        PluginSource {
            name: "module".to_owned(),
            wasm: wat::parse_str("(module)").unwrap().into(),
            manifest: manifest("module", ""),
        },
        PluginSource {
            name: "silent".to_owned(),
            wasm: wat::parse_str("(component)").unwrap().into(),
            manifest: manifest("silent", ""),
        },
        plain("echo", guest::ECHO),
        plugin("echo-again", &Guest::new("echo", guest::ECHO), ""),
        plugin("boaster", &Guest { requires: &["rockets"], ..Guest::new("boast", guest::ECHO) }, ""),
    ])
    .await;
    let refused: Vec<_> = sandbox.catalogue.refused().iter().map(|(name, error)| (name.as_str(), &**error)).collect();
    assert!(matches!(
        refused.as_slice(),
        [
            ("liar", LoadError::NotCovered { .. }),
            ("text", LoadError::Sandbox(_)),
            ("module", LoadError::Sandbox(_)),
            ("silent", LoadError::NoTools),
            ("echo-again", LoadError::Tool { .. }),
            ("boaster", LoadError::Tool { .. }),
        ]
    ));
    assert!(refused[0].1.to_string().contains("steward:plugin/memory"));
    assert!(refused[0].1.to_string().contains("memory = {}"));
    assert_eq!(sandbox.offered(Role::Owner), ["echo"]);
}

/// A plugin that ships, with its one tool as it is known from the build.
fn shipped(name: &'static str, body: &'static str, effect: &str) -> ShippedPlugin {
    let PluginSource { name: _, wasm, manifest } = plain(name, body);
    let component = Component::new(Engine::new().unwrap().wasmtime(), &wasm).unwrap();
    let (imports, exports) = component::names(&component);
    let tools = json!([{
        "name": name, "effect": effect, "requires": [],
        "description": "Does what a test wants.", "schema": {"type": "object"},
    }]);
    let known = json!({"imports": imports, "exports": exports, "tools": tools});
    let binary = Binary::packed(blake3::hash(&wasm), wasm.len(), move || wasm.to_vec());
    ShippedPlugin { name: name.to_owned(), manifest, binary, tools: Some(known.to_string().leak()) }
}

fn compiled(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("compiled")).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_plugin_whose_tools_are_known_is_compiled_when_it_is_first_called() {
    let sandbox = Sandbox::shipped(Compiler::InProcess, vec![shipped("echo", guest::ECHO, "write")]).await;
    assert_eq!(sandbox.offered(Role::Owner), ["echo"]);
    assert_eq!(compiled(sandbox.folder.path()), 0);
    assert!(sandbox.catalogue.is_to_be_compiled("echo") && !sandbox.catalogue.is_to_be_compiled("other"));
    let answer = sandbox.call("echo", json!({"a": 1})).await;
    assert_eq!((answer.outcome, answer.text.as_str()), (Outcome::Ok, "{\"a\":1}"));
    assert!(compiled(sandbox.folder.path()) == 2 && !sandbox.catalogue.is_to_be_compiled("echo"));
    assert!(sandbox.catalogue.check().await.is_empty());
}

#[tokio::test]
async fn only_tools_that_a_plugin_has_are_named_as_foreign() {
    let naming = |tool: &str| {
        let one = shipped("echo", guest::ECHO, "write");
        ShippedPlugin { manifest: format!("foreign = [\"{tool}\"]\n{}", one.manifest), ..one }
    };
    let sandbox = Sandbox::shipped(Compiler::InProcess, vec![naming("echo")]).await;
    assert_eq!(sandbox.offered(Role::Owner), ["echo"]);
    let shipped = Sandbox::shipped(Compiler::InProcess, vec![naming("another")]).await;
    let ShippedPlugin { name, manifest, binary, tools: _ } = naming("another");
    let loaded = PluginSource { name, wasm: binary.read().unwrap().to_vec().into(), manifest };
    let loaded = Sandbox::new(vec![loaded]).await;
    for sandbox in [shipped, loaded] {
        let refused = sandbox.catalogue.refused()[0].1.to_string();
        assert!(refused.contains("no tool `another`"), "{refused}");
    }
}

#[tokio::test]
async fn a_plugin_that_says_something_else_than_is_known_of_it_is_never_called() {
    let sandbox = Sandbox::shipped(Compiler::InProcess, vec![shipped("echo", guest::ECHO, "read")]).await;
    for _ in 0..2 {
        let answer = sandbox.call("echo", json!({})).await;
        assert_eq!(answer.outcome, Outcome::Unavailable, "{}", answer.text);
        assert!(answer.text.contains("echo is another tool") && answer.text.contains("make tools"), "{}", answer.text);
    }
    let found = sandbox.catalogue.check().await;
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["echo"]);
}

#[tokio::test]
async fn what_was_never_compiled_is_compiled_behind_everything_else_the_smallest_first() {
    let script = |folder: &Path| {
        let asked = folder.join("asked");
        let line = "echo $(wc -c) $3 $RAYON_NUM_THREADS";
        let text = format!("#!/bin/sh\n{line} >> {}\nexit 1\n", asked.display());
        let path = folder.join("program");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    };
    let folder = tempfile::tempdir().unwrap();
    let compiler = Compiler::Child(script(folder.path()));
    let plugins = vec![shipped("huge", guest::HUGE, "write"), shipped("trap", guest::TRAP, "write")];
    let mut sizes: Vec<_> = plugins.iter().map(|one| one.binary.size()).collect();
    sizes.sort_unstable();
    let sandbox = Sandbox::shipped(compiler, plugins).await;
    let mut told = 0;
    assert!(sandbox.catalogue.compile_ahead(|count| told = count).await);
    assert_eq!(told, 2);
    let asked = std::fs::read_to_string(folder.path().join("asked")).unwrap();
    let threads = std::thread::available_parallelism().map_or(1, |all| (all.get() - 1).max(1));
    let expected: Vec<_> = sizes.iter().map(|size| format!("{size} --behind {threads}")).collect();
    assert_eq!(asked.lines().collect::<Vec<_>>(), expected);
    let answer = sandbox.call("trap", json!({})).await;
    assert!(answer.outcome == Outcome::Unavailable && answer.text.contains("cannot be compiled"), "{}", answer.text);
}

#[tokio::test]
async fn kept_code_is_used_again_and_never_trusted_blindly() {
    let start = |folder| Sandbox::within(folder, HttpPolicy::default(), vec![plain("echo", guest::ECHO)]);
    let folder = start(tempfile::tempdir().unwrap()).await.stop().await;
    let mut files = std::fs::read_dir(folder.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path());
    let code = files.find(|path| path.extension().is_some_and(|there| there == "cwasm")).unwrap();
    let signature = code.with_extension("mac");
    let (first, file) = (std::fs::read(&code).unwrap(), code.metadata().unwrap().ino());

    let mut folder = start(folder).await.stop().await;
    assert_eq!(code.metadata().unwrap().ino(), file);

    for damage in [Vec::new(), first[..first.len() / 2].to_vec(), [&first[..first.len() - 1], b"x"].concat()] {
        std::fs::write(&code, damage).unwrap();
        let sandbox = start(folder).await;
        assert_eq!(sandbox.call("echo", json!({})).await.outcome, Outcome::Ok);
        assert_eq!(std::fs::read(&code).unwrap().len(), first.len());
        folder = sandbox.stop().await;
    }

    std::fs::remove_file(&signature).unwrap();
    let sandbox = start(folder).await;
    assert_eq!(sandbox.call("echo", json!({})).await.outcome, Outcome::Ok);
    assert!(signature.exists());
}
