//! The binary of a component: at hand, or packed in the program until it has to be compiled. Its hash is known either way.

use std::fmt;
use std::sync::Arc;

use blake3::Hash;
use bytes::Bytes;

use crate::error::SandboxError;

/// The binary of a component. Clones share it.
#[derive(Clone)]
pub struct Binary(Arc<Inner>);

struct Inner {
    hash: Hash,
    /// In bytes.
    size: usize,
    content: Content,
}

enum Content {
    Whole(Bytes),
    Packed(Box<dyn Fn() -> Vec<u8> + Send + Sync>),
}

impl Binary {
    /// One that is unpacked by `unpack` when it is needed; `size` is in bytes.
    pub fn packed(hash: Hash, size: usize, unpack: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { hash, size, content: Content::Packed(Box::new(unpack)) }))
    }

    /// BLAKE3 of all of it.
    pub(crate) fn hash(&self) -> Hash {
        self.0.hash
    }

    /// Bytes of all of it.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// All of it. Unpacking takes milliseconds a megabyte.
    ///
    /// # Errors
    /// It does not unpack to what it was.
    pub(crate) fn read(&self) -> Result<Bytes, SandboxError> {
        let unpack = match &self.0.content {
            Content::Whole(wasm) => return Ok(wasm.clone()),
            Content::Packed(unpack) => unpack,
        };
        let wasm = unpack();
        if blake3::hash(&wasm) == self.0.hash {
            Ok(wasm.into())
        } else {
            Err(SandboxError::NotAComponent("it does not unpack to what it was when the program was built".to_owned()))
        }
    }
}

impl From<Bytes> for Binary {
    fn from(wasm: Bytes) -> Self {
        Self(Arc::new(Inner { hash: blake3::hash(&wasm), size: wasm.len(), content: Content::Whole(wasm) }))
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {}", self.0.size, self.0.hash.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unpacks_to_something_else_is_refused() {
        let wasm = b"a component".to_vec();
        let hash = blake3::hash(&wasm);
        let good = wasm.clone();
        assert_eq!(Binary::packed(hash, wasm.len(), move || good.clone()).read().unwrap(), wasm);
        assert!(Binary::packed(hash, wasm.len(), Vec::new).read().is_err());
        assert_eq!(Binary::from(Bytes::from(wasm)).hash(), hash);
    }
}
