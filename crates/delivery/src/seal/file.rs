//! The file with the keys: one a line in base64, the first seals. Somebody else may write it, too.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KEY_BYTES, Key};

/// The file's text; made with a new key if it is not there.
pub(super) fn read_or_make(file: &Path) -> io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = format!("{}\n", new_line()?);
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            write(made, &text)?;
            Ok(text)
        }
        text => text,
    }
}

/// With a new key that seals.
pub(super) fn with_new(file: &Path) -> io::Result<String> {
    let text = format!("{}\n{}", new_line()?, std::fs::read_to_string(file)?);
    replace(file, &text)?;
    Ok(text)
}

/// Without the keys that do not seal and are none of these.
pub(super) fn with_only(file: &Path, ids: &BTreeSet<String>) -> io::Result<String> {
    let text = std::fs::read_to_string(file)?;
    let mut kept = String::new();
    for (number, line) in lines(&text).enumerate() {
        if number == 0 || ids.contains(&Key::parse(line)?.id) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    replace(file, &kept)?;
    Ok(kept)
}

/// The lines that are keys.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn new_line() -> io::Result<String> {
    let mut key = [0; KEY_BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("the system gives no randomness"))?;
    Ok(STANDARD.encode(key))
}

/// Puts a new text in the place of a file's; whatever happens, there is the one or the other.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = PathBuf::from(file).into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    // What is left of a try that was killed.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    write(OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?, text)?;
    std::fs::rename(&beside, file)?;
    File::open(folder)?.sync_all()
}

fn write(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
