//! The secrets of the installation. What is known here is a picture of the store, taken again whenever a secret is about
//! to be used, so that another process can set and remove them while this one runs.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use steward_store::{SealedSecret, Store};

use super::finder::Finder;
use super::seal::{KeySource, Seal};
use super::{SecretError, check_value, is_name};
use crate::bindings::Failure;
use crate::call::Answer;
use crate::capability::http::HttpScope;
use crate::grant::HttpGrant;

/// The secrets of one installation.
pub struct Vault {
    store: Store,
    key: KeySource,
    known: RwLock<Arc<Known>>,
}

/// A secret as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretInfo {
    pub name: String,
    /// Where it may be sent.
    pub hosts: Vec<String>,
    pub changed_at: Timestamp,
    /// The key of the installation opens it.
    pub readable: bool,
}

/// What was known of the secrets at one moment.
#[derive(Default)]
pub struct Known {
    rows: Vec<SealedSecret>,
    secrets: Vec<Secret>,
    finder: Option<Finder>,
}

/// A secret that was opened. It has no `Debug`, so that it is printed nowhere.
struct Secret {
    name: String,
    value: String,
    scope: HttpScope,
}

impl Vault {
    /// Nothing is read yet.
    pub fn new(store: Store, key: KeySource) -> Self {
        Self { store, key, known: RwLock::default() }
    }

    /// Seals a value and keeps it in place of an earlier one.
    ///
    /// # Errors
    /// A name, value or host that cannot be used, a key that cannot be read, or the store.
    pub async fn set(&self, name: &str, hosts: Vec<String>, value: String, now: Timestamp) -> Result<(), SecretError> {
        if !is_name(name) {
            return Err(SecretError::Name(name.chars().take(80).collect()));
        }
        check_value(&value)?;
        scope_of(&hosts)?;
        let (key, name) = (self.key.clone(), name.to_owned());
        let sealing = tokio::task::spawn_blocking(move || {
            let sealed = key.read_or_make()?.close(&name, &hosts, &value)?;
            Ok(SealedSecret { name, hosts, sealed, changed_at: now })
        });
        let sealed: Result<_, SecretError> = sealing.await.map_err(|error| SecretError::Key(error.to_string()))?;
        self.store.set_secret(sealed?).await?;
        self.refresh().await.map(drop)
    }

    /// # Errors
    /// There is none of that name.
    pub async fn remove(&self, name: &str) -> Result<(), SecretError> {
        self.store.remove_secret(name).await?;
        self.refresh().await.map(drop)
    }

    /// Every secret, by name.
    ///
    /// # Errors
    /// The store, or a key that cannot be read.
    pub async fn list(&self) -> Result<Vec<SecretInfo>, SecretError> {
        let known = self.refresh().await?;
        let info = |row: &SealedSecret| SecretInfo {
            name: row.name.clone(),
            hosts: row.hosts.clone(),
            changed_at: row.changed_at,
            readable: known.secrets.iter().any(|secret| secret.name == row.name),
        };
        Ok(known.rows.iter().map(info).collect())
    }

    /// Looks at the store and gives what is known now.
    ///
    /// # Errors
    /// The store, or a key that cannot be read though there are secrets.
    pub async fn refresh(&self) -> Result<Arc<Known>, SecretError> {
        let rows = self.store.secrets().await?;
        let known = self.known();
        if known.rows == rows {
            return Ok(known);
        }
        let key = self.key.clone();
        let opening = tokio::task::spawn_blocking(move || Known::open(&key, rows));
        let opened = Arc::new(opening.await.map_err(|error| SecretError::Key(error.to_string()))??);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&opened);
        Ok(opened)
    }

    /// What was known when the store was looked at last.
    pub fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What messages call the key, for a secret it does not open.
    pub(super) fn sealed(&self, name: &str) -> SecretError {
        SecretError::Sealed { name: name.to_owned(), key: self.key.label() }
    }
}

impl Known {
    fn open(key: &KeySource, rows: Vec<SealedSecret>) -> Result<Self, SecretError> {
        let seal = if rows.is_empty() { None } else { key.read()? };
        let secrets: Vec<_> = rows.iter().filter_map(|row| opened(seal.as_ref()?, row)).collect();
        let finder = Finder::new(secrets.iter().map(|secret| secret.value.as_str()));
        Ok(Self { rows, secrets, finder })
    }

    /// There are values to be looked for.
    pub fn any(&self) -> bool {
        self.finder.is_some()
    }

    /// The text with `[secret NAME]` for every value.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.finder.as_ref().map_or(Cow::Borrowed(text), |finder| finder.redact(text, |number| self.word(number)))
    }

    /// The same for every text of a JSON value, keys of objects among them.
    pub fn redact_json(&self, value: &mut Value) {
        if !self.any() {
            return;
        }
        match value {
            Value::String(text) => self.redact_in_place(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_json(item)),
            Value::Object(fields) => {
                let clean = std::mem::take(fields).into_iter().map(|(key, mut value)| {
                    self.redact_json(&mut value);
                    (self.redact(&key).into_owned(), value)
                });
                *fields = clean.collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same for a text that is kept.
    pub fn redact_in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.redact(text) {
            *text = clean;
        }
    }

    /// The same for all that a tool answers.
    pub(crate) fn redact_answer(&self, answer: &mut Answer) {
        if !self.any() {
            return;
        }
        self.redact_in_place(&mut answer.text);
        if let Some(structured) = &mut answer.structured {
            self.redact_json(structured);
        }
        for file in &mut answer.attachments {
            self.redact_in_place(&mut file.name);
            let mut data = std::mem::take(&mut file.data);
            file.data = self.redact_part(&mut data, false);
        }
    }

    /// The name of the first secret whose value stands in these bytes.
    pub(crate) fn found(&self, bytes: &[u8]) -> Option<&str> {
        let number = self.finder.as_ref()?.first(bytes)?;
        Some(&self.secrets[number].name)
    }

    /// The same for one whose value may not go to that host and port.
    pub(super) fn found_elsewhere(&self, bytes: &[u8], host: &str, port: u16) -> Option<&str> {
        let mut numbers = self.finder.as_ref()?.every(bytes);
        let number = numbers.find(|&number| !self.secrets[number].is_bound_to(host, port))?;
        Some(&self.secrets[number].name)
    }

    /// # Errors
    /// `denied` for a message that carries the value of a secret.
    pub(crate) fn refuse_message(&self, message: &str) -> Result<(), Failure> {
        match self.found(message.as_bytes()) {
            Some(name) => {
                Err(Failure::Denied(format!("the message carries the value of the secret {name}: leave it out")))
            }
            None => Ok(()),
        }
    }

    /// From where on bytes that go on may hold a value.
    pub(super) fn unsure_from(&self, bytes: &[u8]) -> usize {
        self.finder.as_ref().map_or(bytes.len(), |finder| finder.unsure_from(bytes))
    }

    /// The bytes without values; with `rest`, what may be the beginning of one stays in `bytes` for later.
    pub(crate) fn redact_part(&self, bytes: &mut Vec<u8>, rest: bool) -> Vec<u8> {
        match &self.finder {
            Some(finder) => finder.redact_part(bytes, rest, |number| self.word(number)),
            None => std::mem::take(bytes),
        }
    }

    /// Whether a secret was set, and whether it can be read.
    pub(super) fn state(&self, name: &str) -> Option<bool> {
        self.rows.iter().any(|row| row.name == name).then(|| self.secret(name).is_some())
    }

    /// The hosts of a secret; none where it is not set.
    pub(crate) fn hosts(&self, name: &str) -> Option<&[String]> {
        self.rows.iter().find(|row| row.name == name).map(|row| row.hosts.as_slice())
    }

    /// The value of a secret, if it may go there.
    pub(crate) fn value_for(&self, name: &str, host: &str, port: u16) -> Option<&str> {
        self.secret(name).filter(|secret| secret.is_bound_to(host, port)).map(|secret| secret.value.as_str())
    }

    /// The value of a secret, wherever it goes.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.secret(name).map(|secret| secret.value.as_str())
    }

    fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    fn word(&self, number: usize) -> String {
        format!("[secret {}]", self.secrets[number].name)
    }
}

impl Secret {
    fn is_bound_to(&self, host: &str, port: u16) -> bool {
        self.scope.covers(&Method::GET, host, port, false).is_ok()
    }
}

fn opened(seal: &Seal, row: &SealedSecret) -> Option<Secret> {
    let value = seal.open(&row.name, &row.hosts, &row.sealed)?;
    Some(Secret { name: row.name.clone(), value, scope: scope_of(&row.hosts).ok()? })
}

/// Where a secret may go: the hosts at the port of https, or at the port written with them.
fn scope_of(hosts: &[String]) -> Result<HttpScope, SecretError> {
    if hosts.is_empty() {
        return Err(SecretError::NoHosts);
    }
    let one = |host: &String| {
        let grant = HttpGrant { hosts: vec![host.clone()], methods: Vec::new(), ports: Vec::new() };
        host != "*" && HttpScope::try_from(&grant).is_ok()
    };
    if let Some(wrong) = hosts.iter().find(|host| !one(host)) {
        return Err(SecretError::Host(wrong.chars().take(80).collect()));
    }
    let grant = HttpGrant { hosts: hosts.to_vec(), methods: vec!["GET".to_owned()], ports: vec![443] };
    HttpScope::try_from(&grant).map_err(SecretError::Host)
}

#[cfg(test)]
mod tests;
