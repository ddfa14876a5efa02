use super::compiler::compile;
use super::*;
use crate::guest::{self, Guest};
use crate::inspect;

fn cache(folder: &Path, compiler: Compiler) -> Arc<Cache> {
    let engine = Arc::new(Engine::new().unwrap());
    Arc::new(Cache::open(folder.join("compiled"), compiler, engine).unwrap())
}

fn binary(wasm: Vec<u8>) -> Binary {
    bytes::Bytes::from(wasm).into()
}

/// A program that is told to compile and does what the script says.
fn program(folder: &Path, script: &str) -> Compiler {
    let path = folder.join("program");
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o700).open(&path).unwrap();
    write!(file, "#!/bin/sh\n{script}\n").unwrap();
    Compiler::Child(path)
}

/// A program that compiles this one component and no other.
fn compiles(folder: &Path, wasm: &[u8]) -> Compiler {
    fs::write(folder.join("its.wasm"), wasm).unwrap();
    fs::write(folder.join("its.code"), compile(&engine::compiler().unwrap(), wasm).unwrap()).unwrap();
    let script = "test \"$1\" = compile-component && cmp -s - {0}/its.wasm && cat {0}/its.code";
    program(folder, &script.replace("{0}", &folder.display().to_string()))
}

#[tokio::test]
async fn a_component_is_compiled_by_a_program_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = Guest::new("echo", guest::ECHO).wasm();
    let compiler = compiles(folder.path(), &wasm);
    let cache = cache(folder.path(), compiler);
    cache.component(binary(wasm)).await.unwrap();
    let left: Vec<_> =
        fs::read_dir(folder.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn a_compiler_that_fails_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(Guest::new("echo", guest::ECHO).wasm());
    let cache = cache(folder.path(), program(folder.path(), "echo no memory left >&2; exit 1"));
    let error = cache.component(wasm).await.unwrap_err();
    assert!(error.to_string().contains("no memory left"), "{error}");
    assert_eq!(fs::read_dir(folder.path().join("compiled")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_costs_too_much_to_compile_is_given_up_and_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(Guest::new("echo", guest::ECHO).wasm());
    // The signal by which the system ends a program that has used up its processor time.
    let script = format!("echo \"$2\" >> {}/tried; kill -XCPU $$", folder.path().display());
    let cache = cache(folder.path(), program(folder.path(), &script));
    for _ in 0..2 {
        let error = cache.component(wasm.clone()).await.unwrap_err().to_string();
        assert!(error.contains("more than 60 s of processor time"), "{error}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("tried")).unwrap(), "60\n");
    let error = cache.component(wasm).await.unwrap_err().to_string();
    let (_, marker) = error.split_once("delete ").unwrap();
    assert!(Path::new(marker.trim_end_matches(')')).exists(), "{error}");
}

#[tokio::test]
async fn what_is_inspected_is_compiled_within_the_same_bounds_and_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = Guest::new("echo", guest::ECHO).wasm();
    let seen = inspect(&compiles(folder.path(), &wasm), wasm.clone()).await.unwrap();
    assert_eq!(seen.tools.unwrap()[0].name, "echo");
    let count = || fs::read_dir(folder.path()).unwrap().count();
    let there = count();
    // The signal by which the system ends a program that has used up its processor time.
    let error = inspect(&program(folder.path(), "kill -XCPU $$"), wasm.clone()).await.unwrap_err().to_string();
    assert!(error.contains("more than 60 s of processor time") && error.contains("do not use it"), "{error}");
    // A core module that costs too much is not one that merely cannot be used.
    let module = wat::parse_str("(module)").unwrap();
    assert!(inspect(&program(folder.path(), "kill -XCPU $$"), module.clone()).await.is_err());
    let useless = inspect(&program(folder.path(), "echo no program >&2; exit 1"), module).await.unwrap();
    assert!(useless.tools.unwrap_err().contains("no `_start`"));
    assert_eq!(count(), there);
}

#[tokio::test]
async fn kept_code_that_is_another_s_or_for_another_engine_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path(), Compiler::InProcess);
    let wasm = Guest::new("echo", guest::ECHO).wasm();
    let (echo, trap) = (binary(wasm.clone()), binary(Guest::new("trap", guest::TRAP).wasm()));
    let [one, other] = [&echo, &trap].map(|binary| cache.entry(binary));
    cache.component(echo.clone()).await.unwrap();
    cache.component(trap).await.unwrap();
    let right = fs::read(&one).unwrap();
    let signature = fs::read(one.with_extension("mac")).unwrap();
    // Code that this installation has signed, for another component.
    fs::copy(&other, &one).unwrap();
    fs::copy(other.with_extension("mac"), one.with_extension("mac")).unwrap();
    assert!(cache.load(&one).is_none());
    // Code that cannot run in this engine, though it is signed.
    let strange = wasmtime::Engine::default().precompile_component(&wasm).unwrap();
    cache.keep(&one, &strange).unwrap();
    assert!(cache.load(&one).is_none());
    for poison in [&right[..right.len() / 2], &[], &[right.as_slice(), b"more"].concat(), b"\x7fELF"] {
        fs::write(&one, poison).unwrap();
        fs::write(one.with_extension("mac"), &signature).unwrap();
        assert!(cache.load(&one).is_none(), "{} bytes", poison.len());
        // A signature with another key, as somebody would make who does not know ours.
        let forged = blake3::keyed_hash(&[7; 32], poison);
        fs::write(one.with_extension("mac"), forged.as_bytes()).unwrap();
        assert!(cache.load(&one).is_none(), "{} bytes", poison.len());
        cache.component(echo.clone()).await.unwrap();
        assert!(cache.load(&one).is_some() && fs::read(&one).unwrap() == right);
    }
}

#[test]
fn what_is_no_longer_used_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let compiled = folder.path().join("compiled");
    fs::create_dir(&compiled).unwrap();
    let make = |name: &str, age| {
        let file = fs::File::create(compiled.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    make("used.cwasm", Duration::ZERO);
    make("used.mac", 2 * KEPT);
    make("old.cwasm", 2 * KEPT);
    make("killed.tmp", 3 * cost::WAIT);
    make("bomb.refused", 2 * KEPT);
    make("being-written.tmp", Duration::ZERO);
    cache(folder.path(), Compiler::InProcess);
    let mut left: Vec<_> =
        fs::read_dir(&compiled).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["being-written.tmp", "used.cwasm", "used.mac"]);
}

#[test]
fn the_key_is_the_user_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    cache(folder.path(), Compiler::InProcess);
    let mode = fs::metadata(folder.path().join("compiled.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
