//! Secrets of stores at rest: sealed with AES-256-GCM (NIST SP 800-38D) under a key that is not in the database.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::{DeliveryError, StoreId};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The keys that secrets are sealed with: the first seals, all open.
#[derive(Clone)]
pub struct Vault(Arc<Vec<Key>>);

struct Key {
    id: String,
    key: RandomizedNonceKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Vault {
    /// The keys of a file, one a line in base64; made with a new one if it is not there.
    ///
    /// # Errors
    /// If the file cannot be read or made, or a line is no key.
    pub fn open(file: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(file),
            text => Self::parse(&text?),
        }
    }

    fn make(file: &Path) -> io::Result<Self> {
        let mut key = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("the system gives no randomness"))?;
        let text = STANDARD.encode(key);
        let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        writeln!(made, "{text}")?;
        made.sync_all()?;
        Self::parse(&text)
    }

    /// Keys in base64, one a line.
    ///
    /// # Errors
    /// If a line is no key.
    pub fn parse(text: &str) -> io::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys: Vec<Key> = lines.map(Key::parse).collect::<io::Result<_>>()?;
        if keys.is_empty() {
            return Err(invalid());
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Seals secrets for one store; for no other they can be opened. No secrets are nothing.
    pub(crate) fn seal(&self, store: StoreId, secrets: &Map<String, Value>) -> Result<Option<String>, DeliveryError> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let failed = || DeliveryError::Sealed("sealed");
        let key = self.0.first().ok_or_else(failed)?;
        let mut text = serde_json::to_vec(secrets)?;
        let nonce = key.key.seal_in_place_append_tag(Aad::from(store.to_string()), &mut text).map_err(|_| failed())?;
        let bytes = [nonce.as_ref().as_slice(), text.as_slice()].concat();
        Ok(Some(format!("{}:{}", key.id, STANDARD.encode(bytes))))
    }

    /// Opens what was sealed for this store.
    pub(crate) fn open_sealed(
        &self,
        store: StoreId,
        sealed: Option<&str>,
    ) -> Result<Map<String, Value>, DeliveryError> {
        let Some(sealed) = sealed else { return Ok(Map::new()) };
        let failed = || DeliveryError::Sealed("opened");
        let (id, text) = sealed.split_once(':').ok_or_else(failed)?;
        let key = self.0.iter().find(|key| key.id == id).ok_or_else(failed)?;
        let bytes = STANDARD.decode(text).map_err(|_| failed())?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut text = text.to_vec();
        let opened = key.key.open_in_place(nonce, Aad::from(store.to_string()), &mut text).map_err(|_| failed())?;
        Ok(serde_json::from_slice(opened)?)
    }
}

impl Key {
    fn parse(line: &str) -> io::Result<Self> {
        let bytes = STANDARD.decode(line).ok().filter(|bytes| bytes.len() == KEY_BYTES).ok_or_else(invalid)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
        let id = digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(|_| invalid())?;
        Ok(Self { id, key })
    }
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a key of stores is 32 bytes in base64 (openssl rand -base64 32)")
}
