//! The keys that sign tokens: 32 random bytes each, in a file, a folder or the settings, never in the database.

mod file;
mod ring;
mod source;
mod stream;

pub use ring::SigningKeys;
pub use source::KeySource;
pub use stream::{StreamKey, Unsigned};

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};

use crate::oauth::access::AUDIENCE;
use crate::token::ISSUER;

const LENGTH: usize = 32;

/// Signs and verifies provisioning tokens (HMAC with SHA-256).
#[derive(Clone)]
pub struct SigningKey {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    access_validation: Validation,
    root: hmac::Key,
}

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not a key.
    #[error("a signing key is {LENGTH} random bytes in base64, as `openssl rand -base64 {LENGTH}` prints them")]
    Form,
    /// The file holds something else.
    #[error("{path} does not hold a signing key: {LENGTH} random bytes in base64")]
    FileForm {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or made.
    #[error("the signing key {path} cannot be read or made")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Randomness,
    /// The same key twice.
    #[error("the signing key {id} is there twice")]
    Twice {
        /// Its id.
        id: String,
    },
    /// More keys than anybody rotates through.
    #[error("there are more than {most} signing keys; retire the old ones")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// No key of this id.
    #[error("there is no signing key {id}")]
    Unknown {
        /// The id that was asked for.
        id: String,
    },
    /// The key that signs cannot be taken away.
    #[error("the signing key {id} signs new tokens; rotate first, then retire it")]
    Signs {
        /// Its id.
        id: String,
    },
    /// The keys are kept where this program does not write.
    #[error("the signing keys come from {place}, which this program does not write; {way_out}")]
    ReadOnly {
        /// Where they are.
        place: String,
        /// What to do instead.
        way_out: &'static str,
    },
}

impl SigningKey {
    /// The key that signs, of those that `path` holds; when there is no file, a new key and its file, readable by its
    /// owner alone.
    ///
    /// # Errors
    /// If the file holds no key, or can be neither read nor made.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        Ok(KeySource::File(path.to_owned()).load()?.signing().clone())
    }

    /// A key from its base64 text.
    ///
    /// # Errors
    /// [`KeyError::Form`] if it isn't one.
    pub fn parse(base64: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(base64.trim()).map_err(|_| KeyError::Form)?;
        if bytes.len() != LENGTH {
            return Err(KeyError::Form);
        }
        Ok(Self::from_bytes(&bytes))
    }

    /// A new one.
    pub(crate) fn random() -> Result<(Self, String), KeyError> {
        let mut bytes = [0; LENGTH];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| KeyError::Randomness)?;
        Ok((Self::from_bytes(&bytes), STANDARD.encode(bytes)))
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The clock comes with each request; the library would read its own, and forgive a minute.
        validation.validate_exp = false;
        let mut access_validation = validation.clone();
        access_validation.set_audience(&[AUDIENCE]);
        access_validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        Self {
            id: key_id(bytes),
            encoding: EncodingKey::from_secret(bytes),
            decoding: DecodingKey::from_secret(bytes),
            validation,
            access_validation,
            root: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }
    }

    /// Another key, for one purpose: the same after every start, and it gives nothing of this one away.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; LENGTH] {
        // No token begins like this: the first part of one is base64 of a JSON object.
        let tag = hmac::sign(&self.root, format!("derived key for {purpose}").as_bytes());
        let mut key = [0; LENGTH];
        for (byte, derived) in key.iter_mut().zip(tag.as_ref()) {
            *byte = *derived;
        }
        key
    }

    /// Its id (`kid`), which is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// What is demanded of an access token beside the signature.
    pub(crate) fn access_validation(&self) -> &Validation {
        &self.access_validation
    }

    /// What is demanded of a provisioning token; one with an audience is refused.
    pub(crate) fn validation(&self) -> &Validation {
        &self.validation
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.id)
    }
}

/// Tells keys apart (`kid`, RFC 7515 section 4.1.4) and gives nothing of them away.
fn key_id(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
