//! Native code of components, compiled once and kept on disk under the hash of everything it depends on. Code is run
//! only if its signature, made with a key of this installation, is right; anything else is compiled again.

pub(crate) mod cost;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Semaphore;
use wasmtime::component::Component;

use crate::command::module;
use crate::component;
use crate::engine::{self, Engine};
use crate::error::SandboxError;

/// How components are compiled.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// For tests and benches: a component that takes too long is given up, but its thread works on to the end.
    InProcess,
    /// By running `EXE compile-component IN.wasm OUT SECONDS`, which is held to that much processor time and to memory,
    /// and gives its own memory back.
    Child(PathBuf),
}

/// Code that was not used for so long is deleted.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The folder of compiled code.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    compiler: Compiler,
    engine: Arc<Engine>,
    fingerprint: [u8; 32],
    /// Processor time for compiling a small component.
    time: Duration,
    /// Compiling uses all processors by itself.
    compiling: Semaphore,
}

impl Cache {
    /// Opens the folder, making it and the key beside it if need be. Blocks.
    ///
    /// # Errors
    /// The folder or the key cannot be read or made.
    pub(crate) fn open(folder: PathBuf, compiler: Compiler, engine: Arc<Engine>) -> Result<Self, SandboxError> {
        fs::create_dir_all(&folder).map_err(|error| SandboxError::io(&folder, error))?;
        let key = signing_key(&folder.with_extension("key"))?;
        if let Err(error) = tidy(&folder) {
            tracing::warn!("{}: old files stay: {error}", folder.display());
        }
        let fingerprint = engine::fingerprint(engine.wasmtime());
        Ok(Self { folder, key, compiler, engine, fingerprint, time: cost::FIRST, compiling: Semaphore::new(2) })
    }

    /// The same with another processor time for compiling a small component; larger ones have more.
    #[must_use]
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Whether its code was compiled before. That it is right is seen when it is loaded.
    pub(crate) fn is_kept(&self, wasm: &[u8]) -> bool {
        self.entry(wasm).is_ok_and(|entry| entry.exists())
    }

    /// The component, from its kept code if that is there and right.
    ///
    /// # Errors
    /// It is no component, or it cannot be compiled or its code not be kept.
    pub(crate) async fn component(self: &Arc<Self>, wasm: Bytes) -> Result<Component, SandboxError> {
        let entry = self.entry(&wasm)?;
        let (cache, kept) = (Arc::clone(self), entry.clone());
        if let Some(component) = blocking(move || Ok(cache.load(&kept))).await? {
            return Ok(component);
        }
        if let Some(reason) = refused_before(&entry) {
            return Err(SandboxError::Compile(reason));
        }
        let _turn = self.compiling.acquire().await;
        let time = cost::time(self.time, wasm.len());
        match &self.compiler {
            Compiler::InProcess => self.compile_here(wasm, entry, time).await,
            Compiler::Child(program) => self.compile_apart(program, wasm, entry, time).await,
        }
    }

    async fn compile_here(
        self: &Arc<Self>,
        wasm: Bytes,
        entry: PathBuf,
        time: Duration,
    ) -> Result<Component, SandboxError> {
        let cache = Arc::clone(self);
        let compiling = blocking(move || {
            let code = compile(cache.engine.wasmtime(), &wasm)?;
            cache.keep(&entry, &code)?;
            cache.load(&entry).ok_or_else(|| SandboxError::Compile(UNLOADABLE.to_owned()))
        });
        let patience = cost::patience(time);
        let given_up = |_| Err(SandboxError::Compile(cost::too_long(patience)));
        tokio::time::timeout(patience, compiling).await.unwrap_or_else(given_up)
    }

    async fn compile_apart(
        self: &Arc<Self>,
        program: &Path,
        wasm: Bytes,
        entry: PathBuf,
        time: Duration,
    ) -> Result<Component, SandboxError> {
        let (input, output) = (unique(&entry, "in.wasm"), unique(&entry, "out"));
        let path = input.clone();
        blocking(move || fs::write(&path, &wasm).map_err(|error| SandboxError::io(&path, error))).await?;
        let compiled = run_compiler(program, &input, &output, time).await;
        let cache = Arc::clone(self);
        blocking(move || {
            if let Err(Uncompiled::TooCostly(reason)) = &compiled {
                // What took too long once would take as long at every start.
                write_whole(&entry.with_extension(REFUSED), reason.as_bytes())?;
            }
            let code = compiled
                .map_err(SandboxError::from)
                .and_then(|()| fs::read(&output).map_err(|error| SandboxError::io(&output, error)));
            // Whatever came of it, nothing is left lying about.
            let _ = (fs::remove_file(&input), fs::remove_file(&output));
            cache.keep(&entry, &code?)?;
            cache.load(&entry).ok_or_else(|| SandboxError::Compile(UNLOADABLE.to_owned()))
        })
        .await
    }

    /// Where the code of a component, or of a core module made one, is kept.
    fn entry(&self, wasm: &[u8]) -> Result<PathBuf, SandboxError> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.fingerprint).update(wasm);
        if component::is_module(wasm)? {
            hasher.update(module::ADAPTER);
        }
        Ok(self.folder.join(format!("{}.cwasm", hasher.finalize().to_hex())))
    }

    fn load(&self, entry: &Path) -> Option<Component> {
        let code = fs::File::open(entry).ok()?;
        let signature = fs::read(entry.with_extension("mac")).unwrap_or_default();
        // Piece by piece: there are megabytes of code, and it is mapped and not read afterwards.
        let right = self.signed(entry).update_reader(code).ok()?.finalize();
        if <[u8; 32]>::try_from(signature).map(blake3::Hash::from_bytes).ok() != Some(right) {
            tracing::warn!("{} is not what was kept there: the component is compiled again", entry.display());
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "the file holds what this installation compiled: its keyed hash was just checked"
        )]
        let component = unsafe { Component::deserialize_file(self.engine.wasmtime(), entry) };
        // For `tidy`, which goes by the time of the last use; without it the code is compiled again some day.
        let _ = fs::File::open(entry).and_then(|file| file.set_modified(SystemTime::now()));
        component.inspect_err(|error| tracing::warn!("{} cannot be used: {error:#}", entry.display())).ok()
    }

    /// What is signed begins with the name, so that one component's code cannot stand in for another's.
    fn signed(&self, entry: &Path) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(entry.file_name().unwrap_or_default().as_encoded_bytes());
        hasher
    }

    fn keep(&self, entry: &Path, code: &[u8]) -> Result<(), SandboxError> {
        let signature = self.signed(entry).update(code).finalize();
        // The code first: a signature without its code would be of no use, code without signature is not used.
        write_whole(entry, code)?;
        write_whole(&entry.with_extension("mac"), signature.as_bytes())
    }
}

const UNLOADABLE: &str = "the compiled code cannot be read back";

/// Beside where the code would be: why there is none and will be none.
const REFUSED: &str = "refused";

/// The reason why a component was found to cost too much before.
fn refused_before(entry: &Path) -> Option<String> {
    let path = entry.with_extension(REFUSED);
    let reason = fs::read_to_string(&path).ok()?;
    Some(format!("{reason} (to have it tried again, delete {})", path.display()))
}

/// Compiles the component in one file into another: what the hidden command `compile-component` runs. The process is
/// ended by the system once it has used that much processor time.
///
/// # Errors
/// A file cannot be read or written, or the component cannot be compiled.
pub fn compile_component(input: &Path, output: &Path, time: Duration) -> Result<(), SandboxError> {
    cost::hold_this_process(time)
        .map_err(|error| SandboxError::Compile(format!("it cannot be held to limits: {error}")))?;
    let wasm = fs::read(input).map_err(|error| SandboxError::io(input, error))?;
    let engine = engine::compiler().map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
    fs::write(output, compile(&engine, &wasm)?).map_err(|error| SandboxError::io(output, error))
}

fn compile(engine: &wasmtime::Engine, wasm: &[u8]) -> Result<Vec<u8>, SandboxError> {
    let wasm = module::component(wasm)?;
    engine.precompile_component(&wasm).map_err(|error| SandboxError::Compile(format!("{error:#}")))
}

/// Compiles in this process and gives up where it takes too long; the thread works on until the process ends. For
/// commands that end soon.
///
/// # Errors
/// It took too long for a component of so many bytes.
pub(crate) fn in_time<T: Send + 'static>(
    bytes: usize,
    compile: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SandboxError> {
    let time = cost::time(cost::FIRST, bytes);
    let (done, wait) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || done.send(compile()));
    wait.recv_timeout(time).map_err(|_| SandboxError::Compile(cost::too_long(time)))
}

/// Why the compiling process gave no code.
enum Uncompiled {
    /// It needed more than it may, and would again.
    TooCostly(String),
    Failed(SandboxError),
}

impl From<Uncompiled> for SandboxError {
    fn from(why: Uncompiled) -> Self {
        match why {
            Uncompiled::TooCostly(reason) => Self::Compile(reason),
            Uncompiled::Failed(error) => error,
        }
    }
}

async fn run_compiler(program: &Path, input: &Path, output: &Path, time: Duration) -> Result<(), Uncompiled> {
    let failed = |reason: String| Uncompiled::Failed(SandboxError::Compile(reason));
    let mut command = tokio::process::Command::new(program);
    command.arg("compile-component").arg(input).arg(output).arg(time.as_secs().to_string()).env_clear();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let done = tokio::time::timeout(cost::WAIT, command.output()).await;
    let done = done.map_err(|_| failed(format!("it took longer than {} s", cost::WAIT.as_secs())))?;
    let done = done.map_err(|error| Uncompiled::Failed(SandboxError::io(program, error)))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    match cost::over_limit(done.status, &said, time) {
        Some(reason) => Err(Uncompiled::TooCostly(reason)),
        None if said.trim().is_empty() => Err(failed(format!("the compiler ended with {}", done.status))),
        None => Err(failed(said.trim().chars().take(2000).collect())),
    }
}

/// Writes a file so that it is there whole or not at all, also after a crash.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SandboxError> {
    let temporary = unique(path, "tmp");
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        SandboxError::io(path, error)
    })
}

/// Deletes code that is no longer used, and what was left when the program was killed.
fn tidy(folder: &Path) -> std::io::Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        let extension = path.extension().and_then(OsStr::to_str);
        // A signature is as old as the day its code was compiled and goes with the code.
        let old = match extension {
            Some("cwasm") => age > KEPT,
            Some("mac") => !path.with_extension("cwasm").exists(),
            Some("tmp" | "wasm" | "out") => age > 2 * cost::WAIT,
            Some(REFUSED) => age > KEPT,
            _ => false,
        };
        if old {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// A path beside `path` that nobody else uses: the same component may be compiled twice at once.
fn unique(path: &Path, extension: &str) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{number}.{extension}", std::process::id()));
    PathBuf::from(name)
}

/// The key that signs compiled code, made at the first start.
fn signing_key(path: &Path) -> Result<[u8; 32], SandboxError> {
    if let Some(key) = fs::read(path).ok().and_then(|bytes| bytes.try_into().ok()) {
        return Ok(key);
    }
    let mut key = [0; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut key).map_err(|_| SandboxError::Engine("the system gives no random numbers".to_owned()))?;
    write_whole(path, &key)?;
    Ok(key)
}

/// Runs blocking work off the async threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(SandboxError::Compile("the program is ending".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::{self, Guest};

    fn cache(folder: &Path, compiler: Compiler) -> Arc<Cache> {
        let engine = Arc::new(Engine::new().unwrap());
        Arc::new(Cache::open(folder.join("compiled"), compiler, engine).unwrap())
    }

    /// A program that is told to compile and does what the script says; `$3` is where the code goes.
    fn program(folder: &Path, script: &str) -> Compiler {
        let path = folder.join("program");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o700).open(&path).unwrap();
        write!(file, "#!/bin/sh\n{script}\n").unwrap();
        Compiler::Child(path)
    }

    #[tokio::test]
    async fn a_component_is_compiled_by_a_program_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let wasm: Bytes = Guest::new("echo", guest::ECHO).wasm().into();
        let (input, output) = (folder.path().join("echo.wasm"), folder.path().join("echo.code"));
        fs::write(&input, &wasm).unwrap();
        fs::write(&output, compile(&engine::compiler().unwrap(), &wasm).unwrap()).unwrap();
        let script = format!(
            "test \"$1\" = compile-component && cmp -s \"$2\" {0}/echo.wasm && cp {0}/echo.code \"$3\"",
            folder.path().display()
        );
        let cache = cache(folder.path(), program(folder.path(), &script));
        cache.component(wasm).await.unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path().join("compiled")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[tokio::test]
    async fn a_compiler_that_fails_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let wasm: Bytes = Guest::new("echo", guest::ECHO).wasm().into();
        let cache = cache(folder.path(), program(folder.path(), "echo no memory left >&2; exit 1"));
        let error = cache.component(wasm).await.unwrap_err();
        assert!(error.to_string().contains("no memory left"), "{error}");
        assert_eq!(fs::read_dir(folder.path().join("compiled")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_costs_too_much_to_compile_is_given_up_and_not_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let wasm: Bytes = Guest::new("echo", guest::ECHO).wasm().into();
        // The signal by which the system ends a program that has used up its processor time.
        let script = format!("echo \"$4\" >> {}/tried; kill -XCPU $$", folder.path().display());
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
    async fn kept_code_that_is_another_s_or_for_another_engine_is_compiled_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path(), Compiler::InProcess);
        let echo: Bytes = Guest::new("echo", guest::ECHO).wasm().into();
        let trap: Bytes = Guest::new("trap", guest::TRAP).wasm().into();
        let [one, other] = [&echo, &trap].map(|wasm| cache.entry(wasm).unwrap());
        cache.component(echo.clone()).await.unwrap();
        cache.component(trap).await.unwrap();
        let right = fs::read(&one).unwrap();
        let signature = fs::read(one.with_extension("mac")).unwrap();
        // Code that this installation has signed, for another component.
        fs::copy(&other, &one).unwrap();
        fs::copy(other.with_extension("mac"), one.with_extension("mac")).unwrap();
        assert!(cache.load(&one).is_none());
        // Code that cannot run in this engine, though it is signed.
        let strange = wasmtime::Engine::default().precompile_component(&echo).unwrap();
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
}
