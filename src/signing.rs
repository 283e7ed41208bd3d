//! The keys that sign tokens: from the settings, or from their file or folder.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tenancy::{KeyError, KeySource, SigningKeys};

use crate::notice;
use crate::settings::Settings;

/// The keys of a deployment.
#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) keys: SigningKeys,
    /// Whether the key was made just now. Tokens of before are then worth nothing.
    pub(crate) are_new: bool,
}

/// Where the keys are kept.
pub(crate) fn source(settings: &Settings) -> Result<KeySource, KeyError> {
    match &settings.tokens.signing_key {
        Some(keys) => Ok(KeySource::Settings(Box::new(SigningKeys::parse(keys.expose())?))),
        None => Ok(KeySource::File(settings.signing_key_file())),
    }
}

/// Reads the keys, or makes one when their file is not there.
pub(crate) fn keys(source: &KeySource) -> Result<Keys, KeyError> {
    let KeySource::File(file) = source else { return Ok(Keys { keys: source.load()?, are_new: false }) };
    let are_new = !file.exists();
    let keys = source.load()?;
    if let Some(sentence) = exposed(file) {
        notice::warn(&sentence);
    }
    Ok(Keys { keys, are_new })
}

/// What to say about a file that others can read.
pub(crate) fn exposed(file: &Path) -> Option<String> {
    // The modes of a mounted secret are for whoever mounts it.
    let mode = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?.permissions().mode() & 0o777;
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
