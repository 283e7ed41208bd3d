//! Files that are full are put aside under the number of their last event, and the oldest of them removed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

/// So that files sort as their events do.
const DIGITS: usize = 20;

/// When files are put aside, and how many stay.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    pub(super) folder: PathBuf,
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) keep: usize,
}

impl Rotation {
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// For the owner alone.
    pub(super) fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)
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
