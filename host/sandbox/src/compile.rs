//! Native code of components, compiled once and kept on disk under the hash of everything it depends on. Code is run
//! only if its signature, made with a key of this installation, is right; anything else is compiled again.

mod compiler;
pub(crate) mod cost;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;
use wasmtime::component::Component;

use crate::binary::Binary;
use crate::command::module;
use crate::component;
use crate::engine::{self, Engine};
use crate::error::SandboxError;

pub(crate) use compiler::Uncompiled;
pub use compiler::{Compiler, Pace, compile_component};

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
        // What makes a component of a core module is part of what its code depends on.
        let mut fingerprint = blake3::Hasher::new();
        fingerprint.update(&engine::fingerprint(engine.wasmtime())).update(module::ADAPTER);
        let fingerprint = fingerprint.finalize().into();
        Ok(Self { folder, key, compiler, engine, fingerprint, time: cost::FIRST, compiling: Semaphore::new(2) })
    }

    /// The same with another processor time for compiling a small component; larger ones have more.
    #[must_use]
    pub(crate) fn within(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Whether its code was compiled before. That it is right is seen when it is loaded.
    pub(crate) fn is_kept(&self, binary: &Binary) -> bool {
        self.entry(binary).exists()
    }

    /// The component, from its kept code if that is there and right.
    ///
    /// # Errors
    /// It is no component, or it cannot be compiled or its code not be kept.
    pub(crate) async fn component(self: &Arc<Self>, binary: Binary) -> Result<Component, SandboxError> {
        let entry = self.entry(&binary);
        let (cache, kept) = (Arc::clone(self), entry.clone());
        if let Some(component) = blocking(move || Ok(cache.load(&kept))).await? {
            return Ok(component);
        }
        self.compile(binary, &entry, Pace::Now).await?;
        let cache = Arc::clone(self);
        blocking(move || cache.load(&entry).ok_or_else(|| SandboxError::Compile(UNLOADABLE.to_owned()))).await
    }

    /// Compiles a component that may be needed later, unless that was done before.
    ///
    /// # Errors
    /// It is no component, or it cannot be compiled or its code not be kept.
    pub(crate) async fn compile_ahead(self: &Arc<Self>, binary: Binary) -> Result<(), SandboxError> {
        let entry = self.entry(&binary);
        if entry.exists() { Ok(()) } else { self.compile(binary, &entry, Pace::Behind).await }
    }

    async fn compile(self: &Arc<Self>, binary: Binary, entry: &Path, pace: Pace) -> Result<(), SandboxError> {
        if let Some(reason) = refused_before(entry) {
            return Err(SandboxError::Compile(reason));
        }
        let _turn = self.compiling.acquire().await;
        let wasm = blocking(move || binary.read()).await?;
        component::is_module(&wasm)?;
        let time = cost::time(self.time, wasm.len());
        let compiled = self.compiler.code(self.engine.wasmtime(), wasm, time, pace).await;
        let (cache, entry) = (Arc::clone(self), entry.to_owned());
        blocking(move || {
            if let Err(Uncompiled::TooCostly(reason)) = &compiled {
                // What took too long once would take as long at every start.
                write_whole(&entry.with_extension(REFUSED), reason.as_bytes())?;
            }
            cache.keep(&entry, &compiled?)
        })
        .await
    }

    /// Where the code of a component, or of a core module made one, is kept.
    fn entry(&self, binary: &Binary) -> PathBuf {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.fingerprint).update(binary.hash().as_bytes());
        self.folder.join(format!("{}.cwasm", hasher.finalize().to_hex()))
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
            Some("tmp") => age > 2 * cost::WAIT,
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
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(SandboxError::Compile("the program is ending".to_owned())),
    }
}

#[cfg(test)]
mod tests;
