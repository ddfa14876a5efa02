//! How a secret is kept on disk: XChaCha20-Poly1305 under the key of the installation. Name and hosts are sealed along, so
//! that nobody who can write to the database can send a secret elsewhere. Blocking.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use super::SecretError;

/// Bytes of a key and of the number used once.
const KEY: usize = 32;
const NONCE: usize = 24;

/// Where the key of the installation comes from.
#[derive(Clone)]
pub enum KeySource {
    /// A file that only its owner may read; it is made when the first secret is set.
    File(PathBuf),
    /// The text of `STEWARD_SECRET_KEY`: 64 hexadecimal digits.
    Given(String),
}

impl KeySource {
    /// What it is called in messages.
    pub(super) fn label(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Given(_) => "the old STEWARD_SECRET_KEY".to_owned(),
        }
    }

    /// The key; `None` where none was made yet.
    pub(super) fn read(&self) -> Result<Option<Seal>, SecretError> {
        match self {
            Self::Given(text) => parse(text).map(Some).ok_or_else(|| {
                let remedy = "it must be 64 hexadecimal digits, such as `openssl rand -hex 32` prints";
                SecretError::Key(format!("STEWARD_SECRET_KEY: {remedy}"))
            }),
            Self::File(path) => from_file(path),
        }
    }

    /// The key, made now if need be.
    pub(super) fn read_or_make(&self) -> Result<Seal, SecretError> {
        if let Some(seal) = self.read()? {
            return Ok(seal);
        }
        if let Self::File(path) = self {
            make(path)?;
        }
        self.read()?.ok_or_else(|| SecretError::Key("the key that was just made is gone: try again".to_owned()))
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.label())
    }
}

fn from_file(path: &Path) -> Result<Option<Seal>, SecretError> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SecretError::Key(format!("{shown} cannot be read: {error}; check who owns it"))),
    };
    let mode = fs::metadata(path).map(|file| file.permissions().mode()).unwrap_or(0);
    if mode & 0o077 != 0 {
        return Err(SecretError::Key(format!("others may read {shown}: run `chmod 600 {shown}`")));
    }
    parse(&text).map(Some).ok_or_else(|| SecretError::Key(format!("{shown} holds no key: bring back a copy of it")))
}

/// Makes a new key. Of several processes that do so at once one wins, and all use its key.
fn make(path: &Path) -> Result<(), SecretError> {
    let bytes: [u8; KEY] = rand::random();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // Unlike a renaming it never takes the place of a key that is there.
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    let made = written();
    // Left over where the disk is full; it is of no use to anybody.
    let _ = fs::remove_file(&draft);
    made.map_err(|error| SecretError::Key(format!("{} cannot be made: {error}", path.display())))
}

fn parse(text: &str) -> Option<Seal> {
    let text = text.trim().as_bytes();
    let mut key = [0; KEY];
    if text.len() != 2 * KEY {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Seal(XChaCha20Poly1305::new(&Key::from(key))))
}

/// Seals and opens with one key.
pub(super) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// The value as it is kept: the number used once, then what is sealed.
    pub(super) fn close(&self, name: &str, hosts: &[String], value: &str) -> Result<Vec<u8>, SecretError> {
        let nonce: [u8; NONCE] = rand::random();
        let bound = bound(name, hosts);
        let sealed = self.0.encrypt(&XNonce::from(nonce), Payload { msg: value.as_bytes(), aad: &bound });
        let sealed = sealed.map_err(|_| SecretError::Value("cannot be sealed: try another one".to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// `None` if it was sealed with another key, or for another name or other hosts.
    pub(super) fn open(&self, name: &str, hosts: &[String], kept: &[u8]) -> Option<String> {
        let (nonce, sealed) = kept.split_first_chunk::<NONCE>()?;
        let bound = bound(name, hosts);
        let value = self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &bound }).ok()?;
        String::from_utf8(value).ok()
    }
}

/// What is sealed along with the value. Lengths keep two lists of hosts from reading the same.
fn bound(name: &str, hosts: &[String]) -> Vec<u8> {
    let mut bytes = b"steward secret 1".to_vec();
    for part in std::iter::once(name).chain(hosts.iter().map(String::as_str)) {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_secret_opens_only_with_its_key_name_and_hosts() {
        let key = KeySource::Given("0f".repeat(32)).read().unwrap().unwrap();
        let here = hosts(&["api.example.org"]);
        let kept = key.close("TOKEN", &here, "correct horse").unwrap();
        assert!(!kept.windows(7).any(|part| part == b"correct"));
        assert_ne!(kept, key.close("TOKEN", &here, "correct horse").unwrap(), "no two look the same");
        assert_eq!(key.open("TOKEN", &here, &kept).as_deref(), Some("correct horse"));
        assert_eq!(key.open("OTHER", &here, &kept), None);
        assert_eq!(key.open("TOKEN", &hosts(&["evil.example.org"]), &kept), None);
        assert_eq!(key.open("TOKEN", &hosts(&["api.example.org", ""]), &kept), None);
        assert_eq!(key.open("TOKEN", &here, &kept[..kept.len() - 1]), None);
        assert_eq!(key.open("TOKEN", &here, b"short"), None);
        let other = KeySource::Given("f0".repeat(32)).read().unwrap().unwrap();
        assert_eq!(other.open("TOKEN", &here, &kept), None);
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource::File(folder.path().join("secret.key"));
        assert!(source.read().unwrap().is_none());
        let kept = source.read_or_make().unwrap().close("A", &[], "a long value").unwrap();
        assert_eq!(source.read_or_make().unwrap().open("A", &[], &kept).as_deref(), Some("a long value"));
        let path = folder.path().join("secret.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = source.read().err().unwrap().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::write(&path, "no key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(source.read_or_make().err().unwrap().to_string().contains("holds no key"));
        let given = KeySource::Given("abc".to_owned()).read().err().unwrap().to_string();
        assert!(given.contains("STEWARD_SECRET_KEY: it must be 64"), "{given}");
    }
}
