//! The file that is written: whole lines only.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use events::{Event, EventType};
use serde::Deserialize;

use super::rotation::Rotation;

/// Only the owner reads what is about people.
const PRIVATE: u32 = 0o600;
/// How each line begins.
const BEGINNING: &[u8] = b"{\"specversion\"";
/// How much is read at once when the last line is looked for.
const STEP: u64 = 64 * 1024;

/// What the last line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    sequence: i64,
    /// A snapshot was broken off, so that the number says nothing.
    is_partial: bool,
}

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    sequence: i64,
    #[serde(rename = "type")]
    kind: String,
}

impl End {
    pub(super) fn of(event: &Event) -> Self {
        Self { sequence: event.sequence, is_partial: is_within_snapshot(event.event_type.as_str()) }
    }

    fn read(line: &[u8]) -> Option<Self> {
        let Line { sequence, kind } = serde_json::from_slice(line).ok()?;
        Some(Self { sequence, is_partial: is_within_snapshot(&kind) })
    }
}

fn is_within_snapshot(kind: &str) -> bool {
    [EventType::SnapshotStarted, EventType::UserSnapshot, EventType::GroupSnapshot]
        .iter()
        .any(|own| own.as_str() == kind)
}

/// The open file.
pub(super) struct Lines {
    rotation: Rotation,
    file: File,
    bytes: u64,
    end: Option<End>,
}

impl Lines {
    /// Opens the file or makes it, and cuts off half a line.
    pub(super) fn open(rotation: Rotation) -> io::Result<Self> {
        rotation.make_folder()?;
        rotation.own()?;
        let mut file = open(&rotation)?;
        let bytes = whole(&mut file)?;
        // Before anything of it is changed: it may be somebody else's.
        let end = match last_line(&mut file, bytes)? {
            Some(line) => Some(End::read(&line).ok_or_else(foreign)?),
            None => rotation.newest()?.map(|sequence| End { sequence, is_partial: false }),
        };
        cut(&mut file, bytes)?;
        Ok(Self { rotation, file, bytes, end })
    }

    /// The number of the last event, unless nothing is known.
    pub(super) fn position(&self) -> Option<i64> {
        self.end.filter(|end| !end.is_partial).map(|end| end.sequence)
    }

    /// Whether this event was written already. Events of a snapshot come again with every snapshot.
    pub(super) fn has(&self, event: &Event) -> bool {
        let is_of_snapshot =
            event.event_type == EventType::SnapshotCompleted || is_within_snapshot(event.event_type.as_str());
        !is_of_snapshot && self.position().is_some_and(|position| event.sequence <= position)
    }

    /// Writes lines for good, or none of them.
    pub(super) fn append(&mut self, lines: &[u8], end: Option<End>) -> io::Result<()> {
        let Some(end) = end else { return Ok(()) };
        if self.bytes >= self.rotation.bytes {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(lines).and_then(|()| self.file.sync_data()) {
            // What is not whole must not be read.
            self.file.set_len(self.bytes)?;
            self.file.seek(SeekFrom::End(0))?;
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        self.end = Some(end);
        Ok(())
    }

    /// Whether the file could be written.
    pub(super) fn probe(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rotate(&mut self) -> io::Result<()> {
        // In the middle of a snapshot there is no number to go on from, so that the file only grows a little.
        let Some(position) = self.position() else { return Ok(()) };
        self.rotation.put_aside(position)?;
        (self.file, self.bytes) = (open(&self.rotation)?, 0);
        Ok(())
    }
}

fn open(rotation: &Rotation) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Links are not followed: the name belongs to this store.
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE)
        .custom_flags(flags)
        .open(rotation.file())?;
    // Of a worker that lost its store in the middle of a write, the last one must have ended.
    file.try_lock().map_err(|_| io::Error::other("another worker has it open"))?;
    Ok(file)
}

/// Cuts off half a line of an event after the whole ones.
fn cut(file: &mut File, bytes: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(bytes))?;
    let mut rest = Vec::new();
    file.take(BEGINNING.len() as u64).read_to_end(&mut rest)?;
    if !BEGINNING.starts_with(&rest) {
        return Err(foreign());
    }
    file.set_len(bytes)?;
    file.seek(SeekFrom::End(0))?;
    Ok(())
}

/// How many bytes the whole lines have.
fn whole(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    Ok(before(file, length)?.map_or(0, |newline| newline + 1))
}

/// Where the last newline before a place is.
fn before(file: &mut File, mut place: u64) -> io::Result<Option<u64>> {
    let mut buffer = Vec::new();
    while place > 0 {
        let start = place.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        buffer.resize(usize::try_from(place - start).unwrap_or_default(), 0);
        file.read_exact(&mut buffer)?;
        if let Some(found) = buffer.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(start + found as u64));
        }
        place = start;
    }
    Ok(None)
}

fn last_line(file: &mut File, bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(end) = bytes.checked_sub(1) else { return Ok(None) };
    let start = before(file, end)?.map_or(0, |newline| newline + 1);
    file.seek(SeekFrom::Start(start))?;
    let mut line = vec![0; usize::try_from(end - start).unwrap_or_default()];
    file.read_exact(&mut line)?;
    file.seek(SeekFrom::End(0))?;
    Ok(Some(line))
}

fn foreign() -> io::Error {
    io::Error::other("it holds something else than events; move it away, or give the store another name of a file")
}
