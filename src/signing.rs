//! The key that signs tokens: from the settings, or from its file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tenancy::{KeyError, SigningKey};

use crate::notice;
use crate::settings::Settings;

/// The key of a deployment.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) key: SigningKey,
    /// Whether it was made just now. Tokens of before are then worth nothing.
    pub(crate) is_new: bool,
}

/// Reads the key, or makes it when its file is not there.
pub(crate) fn key(settings: &Settings) -> Result<Key, KeyError> {
    if let Some(key) = &settings.tokens.signing_key {
        return Ok(Key { key: SigningKey::parse(key.expose())?, is_new: false });
    }
    let file = settings.signing_key_file();
    let is_new = !file.exists();
    let key = SigningKey::load_or_create(&file)?;
    if let Some(sentence) = exposed(&file) {
        notice::warn(&sentence);
    }
    Ok(Key { key, is_new })
}

/// What to say about a file that others can read.
pub(crate) fn exposed(file: &Path) -> Option<String> {
    let mode = std::fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let file = file.display();
    (mode & 0o077 != 0).then(|| {
        format!(
            "the signing key {file} is open to others (mode {mode:o}), and who reads it can make tokens for every \
             tenant; close it: chmod 600 {file}"
        )
    })
}

/// What to say when the key was lost, and with it every token.
pub(crate) fn lost(file: &Path) -> String {
    format!(
        "the signing key {} was missing although there are tenants, so a new one was made: EVERY TOKEN ISSUED BEFORE IS \
         REFUSED. Stop the server, put the old file back and start again; or issue new tokens: tenantry token issue NAME",
        file.display()
    )
}
