//! Files that are full are put aside under the number of their last event, and the oldest of them removed.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use uuid::Uuid;

/// So that files sort as their events do.
const DIGITS: usize = 20;

/// When files are put aside, and how many stay.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) keep: usize,
    /// The id of the store whose file it is.
    pub(super) owner: Uuid,
}

impl Rotation {
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// For the owner alone.
    pub(super) fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
    }

    /// Notes whose file it is, or refuses that of another store: two stores in one file would each pass over what the other wrote.
    pub(super) fn own(&self) -> io::Result<()> {
        let (path, own) = (self.folder.join(format!(".{}.owner", self.name)), self.owner.to_string());
        let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
        match made {
            Ok(mut file) => file.write_all(own.as_bytes()).and_then(|()| file.sync_all()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match fs::read_to_string(&path)? {
                known if known.is_empty() => fs::write(&path, own),
                known if known == own => Ok(()),
                _ => Err(io::Error::other(format!(
                    "it is the file of another store; give this one another name of a file, or move it and .{}.owner away",
                    self.name
                ))),
            },
            Err(error) => Err(error),
        }
    }

    /// The number of the last event in a file that was put aside.
    pub(super) fn newest(&self) -> io::Result<Option<i64>> {
        Ok(self.aside()?.last().map(|(sequence, _)| *sequence))
    }

    /// Puts the file aside, and removes the oldest ones.
    pub(super) fn put_aside(&self, last: i64) -> io::Result<()> {
        fs::rename(self.file(), self.folder.join(format!("{}.{last:0DIGITS$}", self.name)))?;
        let aside = self.aside()?;
        for (_, path) in aside.iter().take(aside.len().saturating_sub(self.keep.max(1))) {
            fs::remove_file(path)?;
        }
        File::open(&self.folder)?.sync_all()
    }

    /// The files that were put aside, the oldest first.
    fn aside(&self) -> io::Result<Vec<(i64, PathBuf)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&self.name)?.strip_prefix('.'));
            let number = number.filter(|number| number.len() == DIGITS).and_then(|number| number.parse().ok());
            found.extend(number.map(|number| (number, entry.path())));
        }
        found.sort_unstable();
        Ok(found)
    }
}
