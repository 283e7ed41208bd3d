//! A store in files of JSON lines: one event a line, in order, rotated by size.
//!
//! What is written is what counts: where to go on is read from the last whole line, so each event is in the files exactly
//! once, whatever is killed when. Half a line that a full disk or a power cut left is cut off.

mod lines;
mod rotation;

use async_trait::async_trait;
use events::Event;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Failed, Failure, Kind, Opened, Opening, Store, read};
use lines::Lines;
use rotation::Rotation;

pub(super) const KIND: Kind = Kind {
    name: "file",
    about: "files of JSON lines in the folder of the tenant's stores, rotated by size",
    secrets: &[],
    check,
    open,
};

/// The settings of this kind.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The name of the file that is written, in the folder of the tenant's stores. Usually that of the store.
    name: Option<String>,
    /// A file of so many megabytes is put aside.
    rotate_megabytes: u64,
    /// How many files are kept that were put aside.
    keep: usize,
}

const LONGEST_NAME: usize = 100;
const MOST_MEGABYTES: u64 = 100_000;
const MEGABYTE: u64 = 1 << 20;

impl Default for Settings {
    fn default() -> Self {
        Self { name: None, rotate_megabytes: 100, keep: 10 }
    }
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    read::<Settings>(settings)?.check()
}

impl Settings {
    fn check(&self) -> Result<(), String> {
        if let Some(name) = self.name.as_deref().filter(|name| !is_plain(name)) {
            return Err(format!(
                "name is the name of a file, not \"{name}\": of letters, digits, hyphens, underscores and dots, at most {LONGEST_NAME}, \
                 such as events.jsonl"
            ));
        }
        if !(1..=MOST_MEGABYTES).contains(&self.rotate_megabytes) {
            return Err(format!("rotate_megabytes is between 1 and {MOST_MEGABYTES}"));
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(letter) && !name.starts_with('.')
}

struct FileStore {
    /// `None` only while another thread writes.
    lines: Option<Lines>,
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let settings: Settings = read(&opening.settings).map_err(Failure::refused)?;
        settings.check().map_err(Failure::refused)?;
        let rotation = Rotation {
            folder: opening.place.folder,
            name: settings.name.unwrap_or_else(|| format!("{}.jsonl", opening.place.store)),
            bytes: settings.rotate_megabytes * MEGABYTE,
            keep: settings.keep,
            owner: opening.place.id,
        };
        let lines = away(move || Lines::open(rotation)).await?;
        let store: Box<dyn Store> = Box::new(FileStore { lines: Some(lines) });
        Ok(store)
    })
}

#[async_trait]
impl Store for FileStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let Some(mut lines) = self.lines.take() else { return Err(broken().into()) };
        let mut text = Vec::new();
        let mut ends = Vec::with_capacity(events.len());
        for event in events.iter().filter(|event| !lines.has(event)) {
            serde_json::to_writer(&mut text, event).map_err(|error| Failure::refused(error.to_string()))?;
            text.push(b'\n');
            ends.push(lines::End::of(event));
        }
        let (lines, written) = away(move || {
            let written = lines.append(&text, ends.last().copied());
            Ok((lines, written))
        })
        .await?;
        self.lines = Some(lines);
        written.map_err(|error| unavailable(&error))?;
        Ok(())
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        Ok(self.lines.as_ref().and_then(Lines::position))
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        let Some(lines) = self.lines.as_ref() else { return Err(broken()) };
        lines.probe().map_err(|error| unavailable(&error))
    }
}

/// Does something with files on a thread that may wait.
async fn away<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| unavailable(&error)),
        Err(_) => Err(broken()),
    }
}

fn unavailable(error: &std::io::Error) -> Failure {
    Failure::unavailable(format!("the file cannot be written: {error}"))
}

/// A write was broken off; the next worker opens the file anew.
fn broken() -> Failure {
    Failure::unavailable("the file was left while it was written")
}
