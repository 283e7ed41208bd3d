//! Secrets of stores at rest: sealed with AES-256-GCM (NIST SP 800-38D) under a key that is not in the database.

mod file;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fmt, io};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::{DeliveryError, StoreId};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;

/// The keys that secrets are sealed with: the first seals, all open.
#[derive(Clone)]
pub struct Vault(Arc<Shared>);

struct Shared {
    /// Where they are read again.
    file: Option<PathBuf>,
    keys: RwLock<Arc<[Key]>>,
}

struct Key {
    id: String,
    key: RandomizedNonceKey,
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.ids()).finish()
    }
}

impl Vault {
    /// The keys of a file, one a line in base64; made with a new one if it is not there.
    ///
    /// # Errors
    /// If the file cannot be read or made, or a line is no key.
    pub fn open(file: &Path) -> io::Result<Self> {
        Self::of(&file::read_or_make(file)?, Some(file.to_owned()))
    }

    /// Keys in base64, one a line.
    ///
    /// # Errors
    /// If a line is no key.
    pub fn parse(text: &str) -> io::Result<Self> {
        Self::of(text, None)
    }

    fn of(text: &str, file: Option<PathBuf>) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared { file, keys: RwLock::new(keys(text)?) })))
    }

    fn keys(&self) -> Arc<[Key]> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ids of the keys; the first one's seals.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.keys().iter().map(|key| key.id.clone()).collect()
    }

    /// Takes the keys of the file into force as they are now.
    pub(crate) fn reload(&self) -> io::Result<()> {
        self.renew(|file| std::fs::read_to_string(file))
    }

    /// Makes a new key, which seals from now on.
    pub(crate) fn add(&self) -> io::Result<()> {
        self.renew(file::with_new)
    }

    /// Takes keys away that do not seal and are none of these.
    pub(crate) fn keep(&self, ids: &BTreeSet<String>) -> io::Result<()> {
        self.renew(|file| file::with_only(file, ids))
    }

    /// Does something with the file, and takes what is in it into force.
    fn renew(&self, text: impl Fn(&Path) -> io::Result<String>) -> io::Result<()> {
        let Some(file) = &self.0.file else { return Ok(()) };
        let keys = keys(&text(file)?)?;
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Seals secrets for one store; for no other they can be opened. No secrets are nothing.
    pub(crate) fn seal(&self, store: StoreId, secrets: &Map<String, Value>) -> Result<Option<String>, DeliveryError> {
        if secrets.is_empty() {
            return Ok(None);
        }
        let failed = || DeliveryError::Sealed("sealed");
        let keys = self.keys();
        let key = keys.first().ok_or_else(failed)?;
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
        let keys = self.keys();
        let key = keys.iter().find(|key| key.id == id).ok_or_else(failed)?;
        let bytes = STANDARD.decode(text).map_err(|_| failed())?;
        let (nonce, text) = bytes.split_at_checked(NONCE_BYTES).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut text = text.to_vec();
        let opened = key.key.open_in_place(nonce, Aad::from(store.to_string()), &mut text).map_err(|_| failed())?;
        Ok(serde_json::from_slice(opened)?)
    }
}

fn keys(text: &str) -> io::Result<Arc<[Key]>> {
    let keys: Arc<[Key]> = file::lines(text).map(Key::parse).collect::<io::Result<_>>()?;
    if keys.is_empty() { Err(invalid()) } else { Ok(keys) }
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
