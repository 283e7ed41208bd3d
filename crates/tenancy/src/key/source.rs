//! Where the signing keys are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{KeyError, SigningKey, SigningKeys, file};

/// Where the signing keys are kept: never in the database.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// In the settings; they change with the next start.
    Settings(Box<SigningKeys>),
    /// In a file of ours, one key a line, the first one signs. It is made when it is missing. A folder in its place is
    /// a mounted secret: each file in it holds one key, and the last one in the order of their names signs.
    File(PathBuf),
}

impl KeySource {
    /// The keys as they are now.
    ///
    /// # Errors
    /// If something there is no key, or can be neither read nor made.
    pub fn load(&self) -> Result<SigningKeys, KeyError> {
        match self {
            Self::Settings(keys) => Ok(SigningKeys::clone(keys)),
            Self::File(path) if path.is_dir() => load_folder(path),
            Self::File(path) => match fs::read_to_string(path) {
                Ok(text) => SigningKeys::parse(&text).map_err(|error| of_file(error, path)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
                Err(source) => Err(KeyError::File { path: path.clone(), source }),
            },
        }
    }

    /// The keys as they are now, if they are there: none is made.
    ///
    /// # Errors
    /// As for loading.
    pub(crate) fn reload(&self) -> Result<SigningKeys, KeyError> {
        match self {
            Self::File(path) if !path.is_dir() => {
                SigningKeys::parse(&read(path)?).map_err(|error| of_file(error, path))
            }
            known => known.load(),
        }
    }

    /// Makes a new key the one that signs in place of `signs`; the others go on verifying. One that is there in front of it,
    /// and does not sign yet, is that new key.
    ///
    /// # Errors
    /// [`KeyError::ReadOnly`] where keys are not in a file of ours, or the system's.
    pub fn rotate(&self, signs: &str) -> Result<SigningKeys, KeyError> {
        let path = self.own_file()?;
        let known = self.load()?;
        if known.signing().id() != signs && known.find(signs).is_some() {
            return Ok(known);
        }
        let (_, text) = SigningKey::random()?;
        let keys = format!("{text}\n{}", read(path)?);
        self.replace(path, &keys)
    }

    /// The keys as they would be without one that does not sign.
    ///
    /// # Errors
    /// As for rotating, and if the key is not there or signs.
    pub fn without(&self, id: &str) -> Result<SigningKeys, KeyError> {
        SigningKeys::parse(&self.text_without(id)?)
    }

    /// Takes a key away that does not sign.
    ///
    /// # Errors
    /// As for rotating, and if the key is not there or signs.
    pub fn retire(&self, id: &str) -> Result<SigningKeys, KeyError> {
        self.replace(self.own_file()?, &self.text_without(id)?)
    }

    fn text_without(&self, id: &str) -> Result<String, KeyError> {
        let path = self.own_file()?;
        self.load()?.check_retirable(id)?;
        let is_it = |line: &&str| SigningKeys::parse(line).is_ok_and(|keys| keys.iter().all(|key| key.id() == id));
        let text = read(path)?;
        let kept: String = text.lines().filter(|line| !is_it(line)).map(|line| format!("{line}\n")).collect();
        // Of several keys in one line none can be taken away.
        if SigningKeys::parse(&kept)?.find(id).is_some() {
            return Err(KeyError::FileForm { path: path.to_owned() });
        }
        Ok(kept)
    }

    fn replace(&self, path: &Path, text: &str) -> Result<SigningKeys, KeyError> {
        let keys = SigningKeys::parse(text).map_err(|error| of_file(error, path))?;
        file::write(path, text).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
        Ok(keys)
    }

    fn own_file(&self) -> Result<&Path, KeyError> {
        match self {
            Self::File(path) if !path.is_dir() => Ok(path),
            Self::File(path) => Err(KeyError::ReadOnly {
                place: format!("the folder {}", path.display()),
                way_out: "add the new key as the last of its files, or remove an old one, and then at every server: tenantry key reload",
            }),
            Self::Settings(_) => Err(KeyError::ReadOnly {
                place: "the setting tokens.signing_key".to_owned(),
                way_out: "put the new key before the old ones, with a comma between them, or take an old one out, and start each \
                          server again, one after the other",
            }),
        }
    }
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

fn create(path: &Path) -> Result<SigningKeys, KeyError> {
    let (key, text) = SigningKey::random()?;
    let written = file::write(path, &format!("{text}\n"));
    written.map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    Ok(key.into())
}

/// Names that begin with a dot are those by which a mounted secret is exchanged as a whole.
fn load_folder(folder: &Path) -> Result<SigningKeys, KeyError> {
    let failed = |source| KeyError::File { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    let is_shown = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && path.is_file()
    };
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(is_shown).collect();
    files.sort();
    let one = |path: &PathBuf| SigningKey::parse(&read(path)?).map_err(|error| of_file(error, path));
    let keys = files.iter().rev().map(one).collect::<Result<_, _>>()?;
    SigningKeys::of(keys).map_err(|error| of_file(error, folder))
}

fn of_file(error: KeyError, path: &Path) -> KeyError {
    match error {
        KeyError::Form => KeyError::FileForm { path: path.to_owned() },
        error => error,
    }
}
