//! Who made a plugin: a minisign signature over one statement that names its component, its manifest and its grants. The
//! signature and the public key are in a custom section of the file. Whether the key is the right one is not decided
//! here: it is pinned when the plugin is first installed, see `consent::provenance`.

mod statement;

use std::io::Cursor;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox, SignatureBox};
use serde::{Deserialize, Serialize};

use crate::consent::Request;
use crate::error::LoadError;
use crate::packed;
use crate::section::{self, MANIFEST, SIGNATURE, Unclear};
use statement::Statement;

/// The longest section, in bytes.
const MOST: usize = 256 << 10;

/// What the section holds, as JSON.
#[derive(Serialize, Deserialize)]
struct Signature {
    statement: String,
    /// As minisign writes it into the second line of a public key file.
    public_key: String,
    /// The text of a .minisig file.
    signature: String,
}

/// An author's secret key, ready to sign with.
pub struct SigningKey(SecretKey);

/// A new key: the texts of both files, as minisign writes them.
pub struct NewKey {
    pub secret: String,
    pub public: String,
}

impl SigningKey {
    /// A new key, encrypted with the password if there is one. Deriving the key from it takes seconds.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate(password: Option<String>) -> Result<NewKey, LoadError> {
        let pair = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(unusable)?;
        let secret = pair.sk.to_box(Some("secret key of a Steward plugin author")).map_err(unusable)?;
        Ok(NewKey { secret: secret.into_string(), public: pair.pk.to_box().map_err(unusable)?.into_string() })
    }

    /// Whether the file of a secret key is encrypted.
    ///
    /// # Errors
    /// It is not the secret key of minisign.
    pub fn needs_password(file: &str) -> Result<bool, LoadError> {
        let key = file.lines().nth(1).and_then(|line| BASE64_STANDARD.decode(line.trim_end()).ok());
        match key.as_deref() {
            Some([b'E', b'd', b'S', b'c', ..]) => Ok(true),
            Some([b'E', b'd', 0, 0, ..]) => Ok(false),
            _ => Err(LoadError::Signature("this is not a secret key as minisign makes it".to_owned())),
        }
    }

    /// Reads the file of a secret key.
    ///
    /// # Errors
    /// It is not the secret key of minisign, or the password is wrong.
    pub fn open(file: &str, password: Option<String>) -> Result<Self, LoadError> {
        let text = SecretKeyBox::from_string(file).map_err(unusable)?;
        let key = match password {
            Some(password) => text.into_secret_key(Some(password)),
            None => text.into_unencrypted_secret_key(),
        };
        key.map(Self).map_err(unusable)
    }
}

fn unusable(error: minisign::PError) -> LoadError {
    LoadError::Signature(format!("the key cannot be used: {error}"))
}

/// The packed file with the author's signature, in place of an earlier one. `request` is what the plugin asks for by the
/// manifest in the file.
///
/// # Errors
/// The file is damaged or holds no manifest, or the key cannot sign.
pub fn sign(wasm: &[u8], request: &Request, key: &SigningKey) -> Result<Vec<u8>, LoadError> {
    let manifest = packed::packed_manifest(wasm)?.ok_or(LoadError::NotPacked)?;
    let statement = Statement::new(&component(wasm)?, manifest, request).to_string();
    let public = PublicKey::from_secret_key(&key.0).map_err(unusable)?;
    let signed = minisign::sign(Some(&public), &key.0, statement.as_bytes(), None, None).map_err(unusable)?;
    let signature = Signature { statement, public_key: public.to_base64(), signature: signed.into_string() };
    let json = serde_json::to_vec(&signature).map_err(|error| LoadError::Signature(error.to_string()))?;
    let mut file = packed::without(wasm, &[SIGNATURE])?;
    file.extend_from_slice(&section::written(SIGNATURE, &json));
    Ok(file)
}

/// The public key of the author who signed this file, in minisign's base64; `None` where it is not signed, or is looked
/// at with another manifest than the one in the file, for which nobody signed.
///
/// # Errors
/// There is a signature and it is not right, or it does not cover what the file holds or asks for.
pub fn signer(wasm: &[u8], manifest: &str, request: &Request) -> Result<Option<String>, LoadError> {
    let Some(signature) = read(wasm)? else { return Ok(None) };
    let packed = packed::packed_manifest(wasm)?.ok_or(LoadError::NotPacked)?;
    let key = PublicKey::from_base64(&signature.public_key).map_err(|_| broken("its public key is damaged"))?;
    let signed = SignatureBox::from_string(&signature.signature).map_err(|_| broken("it is damaged"))?;
    minisign::verify(&key, &signed, Cursor::new(&signature.statement), true, false, false)
        .map_err(|_| broken("it was not made with the key it names"))?;
    let statement = Statement::parse(&signature.statement).map_err(|problem| broken(&problem))?;
    statement.is_about(&component(wasm)?, packed).map_err(|problem| broken(&problem))?;
    if packed != manifest {
        return Ok(None);
    }
    statement.covers(request).map_err(|problem| broken(&problem))?;
    // As it is written from its bytes: one key has one text.
    Ok(Some(key.to_base64()))
}

fn broken(problem: &str) -> LoadError {
    LoadError::Signature(format!("{problem}; fetch the file again from its author, or ask them to sign it again"))
}

/// The one signature in the file.
fn read(wasm: &[u8]) -> Result<Option<Signature>, LoadError> {
    let found = section::only(wasm, SIGNATURE).map_err(|unclear| match unclear {
        Unclear::Damaged => broken("the file is damaged"),
        Unclear::Twice => broken("there is more than one"),
    })?;
    let Some(data) = found else { return Ok(None) };
    if data.len() > MOST {
        return Err(broken("it is longer than a signature is"));
    }
    serde_json::from_slice(data).map(Some).map_err(|_| broken("it is damaged"))
}

/// The component as its author built it: without the sections that Steward adds.
fn component(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    packed::without(wasm, &[SIGNATURE, MANIFEST])
}

#[cfg(test)]
mod tests;
