//! The file from which a store gets its snapshot.

use std::collections::VecDeque;
use std::io::SeekFrom;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use directory::Directories;
use events::{Event, EventType};
use tenancy::Administered;
use time::OffsetDateTime;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter};
use uuid::Uuid;

use super::Wish;
use super::event::{Frame, Item, Part};
use crate::{DeliveryError, Options, Unfinished};

/// A snapshot that was read and waits to be taken. The file has no name: it is gone with the process, and with the value.
#[derive(Debug)]
pub(crate) struct Spool {
    frame: Frame,
    file: BufReader<File>,
    /// Where the first item begins that was not taken.
    offset: u64,
    /// What was read and not taken: how long each is, and whether it counts.
    ahead: VecDeque<(u64, bool)>,
    done: u64,
    /// What the store left that did not take all of it.
    pub(crate) left: Option<Unfinished>,
}

impl Spool {
    /// Reads a tenant's directory as it is now.
    pub(crate) async fn make(
        directories: &Directories,
        (tenant, folder): (&Administered, &Path),
        (wish, options): (&Wish, &Options),
    ) -> Result<Self, DeliveryError> {
        let mut file = BufWriter::new(nameless(folder).await?);
        let mut snapshot = directories.snapshot(tenant).await?;
        let frame = Frame {
            id: wish.id,
            source: format!("/tenants/{}", tenant.tenant().name()),
            sequence: snapshot.sequence(),
            time: OffsetDateTime::now_utc(),
            users: if options.is_for(EventType::UserSnapshot) { snapshot.users() } else { 0 },
            groups: if options.is_for(EventType::GroupSnapshot) { snapshot.groups() } else { 0 },
            profile: std::sync::Arc::clone(tenant.tenant().profile()),
        };
        write(&mut file, &Item::Started).await?;
        loop {
            let parts = snapshot.read().await?;
            if parts.is_empty() {
                break;
            }
            for part in parts.into_iter().filter(|part| options.is_for(type_of(part.kind))) {
                write(&mut file, &Item::Part(Box::new(Part::of(part)?))).await?;
            }
        }
        drop(snapshot);
        write(&mut file, &Item::Completed).await?;
        file.flush().await?;
        let file = BufReader::new(file.into_inner());
        let mut spool = Self { frame, file, offset: 0, ahead: VecDeque::new(), done: 0, left: None };
        spool.rewind().await?;
        Ok(spool)
    }

    /// Which wish it fulfils.
    pub(crate) fn wish(&self) -> Uuid {
        self.frame.id
    }

    /// The number of the last event that is in it.
    pub(crate) fn sequence(&self) -> i64 {
        self.frame.sequence
    }

    /// How far it has come.
    pub(crate) fn progress(&self, wish: &Wish) -> Wish {
        let total = u64::try_from(self.frame.users + self.frame.groups).unwrap_or_default();
        Wish { sequence: Some(self.frame.sequence), done: self.done, total, ..wish.clone() }
    }

    /// The next events that were not taken, and not many more bytes of them than `bytes`. None when it is complete.
    pub(crate) async fn next(&mut self, limit: u32, bytes: u32) -> Result<Vec<Event>, DeliveryError> {
        if !self.ahead.is_empty() {
            self.rewind().await?;
        }
        let (mut events, mut size, mut line) = (Vec::new(), 0, String::new());
        while events.len() < limit as usize && size < u64::from(bytes) {
            line.clear();
            let length = self.file.read_line(&mut line).await? as u64;
            if length == 0 {
                break;
            }
            let item: Item = serde_json::from_str(&line)?;
            self.ahead.push_back((length, item.is_first()));
            events.push(item.event(&self.frame)?);
            size += length;
        }
        Ok(events)
    }

    /// So many of the events that [`Self::next`] gave were taken, or are passed over.
    pub(crate) fn take(&mut self, count: usize) {
        for (length, is_first) in self.ahead.drain(..count.min(self.ahead.len())) {
            self.offset += length;
            self.done += u64::from(is_first);
        }
    }

    async fn rewind(&mut self) -> Result<(), DeliveryError> {
        self.ahead.clear();
        self.file.seek(SeekFrom::Start(self.offset)).await?;
        Ok(())
    }
}

fn type_of(kind: scim::ResourceKind) -> EventType {
    match kind {
        scim::ResourceKind::User => EventType::UserSnapshot,
        scim::ResourceKind::Group => EventType::GroupSnapshot,
    }
}

/// A file for its owner alone, without a name from the first moment that it has something in it.
async fn nameless(folder: &Path) -> Result<File, DeliveryError> {
    let path = folder.join(format!(".snapshot-{}", Uuid::now_v7()));
    tokio::fs::create_dir_all(folder).await?;
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    let file = tokio::fs::OpenOptions::from(options).open(&path).await?;
    tokio::fs::remove_file(&path).await?;
    Ok(file)
}

async fn write(file: &mut BufWriter<File>, item: &Item) -> Result<(), DeliveryError> {
    let mut line = serde_json::to_vec(item)?;
    line.push(b'\n');
    Ok(file.write_all(&line).await?)
}
