//! `steward plugin key` and `sign`: an author's key, and the signature by which a plugin's updates are known to be by the
//! same author. The files are those of minisign.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use steward_sandbox::{Limits, SigningKey};

use super::author::write_whole;
use super::plugin_file::PluginFile;
use super::say;
use super::secret::read_hidden;
use crate::app;

#[derive(Args)]
pub(super) struct Key {
    /// The file to make; the public key is written to FILE.pub
    file: PathBuf,
    /// Do not encrypt the key with a password
    #[arg(long)]
    no_password: bool,
}

#[derive(Args)]
pub(super) struct Sign {
    /// The packed .wasm file; the signature is put into it
    file: PathBuf,
    /// The secret key, as `steward plugin key` or minisign makes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Makes a key to sign with.
///
/// # Errors
/// It cannot be made, or there is such a file.
pub(super) async fn key(key: Key) -> anyhow::Result<()> {
    let path = key.file.display();
    if key.file.exists() {
        bail!("{path} exists already: nothing was changed");
    }
    let password = if key.no_password { None } else { Some(new_password().await?) };
    let made = tokio::task::spawn_blocking(move || SigningKey::generate(password)).await??;
    let public = format!("{path}.pub");
    write_secret(&key.file, &made.secret)?;
    write_whole(Path::new(&public), made.public.as_bytes())?;
    say(&format!(
        "{path} is your secret key: keep it safe and keep a copy, for only this key can update what it signed.\n\
         {public} is the public one: publish it, so that people can compare it when they install your plugin."
    ))
}

async fn new_password() -> anyhow::Result<String> {
    let password = password("New password of the key").await?;
    if password.is_empty() {
        bail!("the password is empty: nothing was made. --no-password makes a key without one");
    }
    Ok(password)
}

async fn password(prompt: &'static str) -> anyhow::Result<String> {
    tokio::task::spawn_blocking(move || read_hidden(prompt)).await?
}

/// Readable by its owner alone from its first moment, and never in place of another file.
fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Signs a packed plugin.
///
/// # Errors
/// It could not be installed, or the key cannot be used.
pub(super) async fn sign(sign: Sign) -> anyhow::Result<()> {
    let file = sign.file.display();
    if sign.file.is_dir() {
        bail!("{file} is a folder: sign the file that `steward plugin pack` makes of it");
    }
    let plugin = PluginFile::read(&sign.file)?;
    let Some(manifest) = plugin.manifest else {
        bail!("{file} holds no manifest: make one that does with `steward plugin pack`");
    };
    let text = fs::read_to_string(&sign.key).with_context(|| format!("cannot read {}", sign.key.display()))?;
    let key = open(text).await.with_context(|| sign.key.display().to_string())?;
    let (wasm, limits) = (plugin.wasm.clone(), Limits::default());
    let inspection = steward_sandbox::inspect_with(&app::compiler()?, wasm, &manifest, &limits).await?;
    let request = inspection.request.context("nothing was asked for")?;
    let (request, _) = request.with_context(|| format!("{file} could not be installed"))?;
    let signed = steward_sandbox::sign(&plugin.wasm, &request, &key)?;
    write_whole(&sign.file, &signed)?;
    say(&format!("{} {} is signed: {file}", request.name, request.version))
}

async fn open(text: String) -> anyhow::Result<SigningKey> {
    let password = match SigningKey::needs_password(&text)? {
        true => Some(password("Password of the key").await?),
        false => None,
    };
    Ok(tokio::task::spawn_blocking(move || SigningKey::open(&text, password)).await??)
}
