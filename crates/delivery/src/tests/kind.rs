//! A kind of store for tests: a book that a test reads, and that behaves as the test says.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use events::{Data, Event, EventType};
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::store::{Failed, Failure, Kind, Opened, Opening, Store};

pub(crate) const KIND: Kind = Kind { name: "test", about: "a book", secrets: &["secret"], check, open };

static BOOKS: LazyLock<Mutex<HashMap<String, Arc<Book>>>> = LazyLock::new(Mutex::default);

/// What a store was brought.
pub(super) struct Book {
    entries: Mutex<Vec<Entry>>,
    behaviour: watch::Sender<Behaviour>,
}

/// One event that was taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) event_type: EventType,
    pub(super) sequence: i64,
    pub(super) id: uuid::Uuid,
    pub(super) subject: String,
    pub(super) members: usize,
}

/// How a store behaves.
#[derive(Clone, Debug)]
pub(super) enum Behaviour {
    Takes,
    /// It cannot be opened.
    Shut,
    /// It is busy, after it has taken so many events more.
    BusyAfter(usize),
    /// It refuses the events with these numbers.
    Refuses(BTreeSet<i64>),
    /// It never answers.
    Hangs,
    Panics,
}

impl Book {
    /// The book of this name.
    pub(super) fn of(name: &str) -> Arc<Self> {
        let mut books = BOOKS.lock().unwrap();
        let new = || Arc::new(Self { entries: Mutex::default(), behaviour: watch::channel(Behaviour::Takes).0 });
        Arc::clone(books.entry(name.to_owned()).or_insert_with(new))
    }

    pub(super) fn behave(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    /// It is set back to where it had nothing above this number.
    pub(super) fn restore(&self, to: i64) {
        self.entries.lock().unwrap().retain(|entry| entry.sequence <= to);
    }

    /// The numbers of what was taken.
    pub(super) fn numbers(&self) -> Vec<i64> {
        self.entries().iter().map(|entry| entry.sequence).collect()
    }
}

struct TestStore {
    book: Arc<Book>,
    /// Whether it says itself where it stands.
    keeps: bool,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    let known = settings.keys().all(|name| ["book", "secret", "keeps"].contains(&name.as_str()));
    if known { Ok(()) } else { Err("there are book, secret and keeps".to_owned()) }
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let book = Book::of(opening.settings.get("book").and_then(Value::as_str).unwrap_or_default());
        if matches!(*book.behaviour.borrow(), Behaviour::Shut) {
            return Err(Failure::unavailable("it is shut"));
        }
        let store: Box<dyn Store> = Box::new(TestStore { book, keeps: opening.settings.get("keeps").is_some() });
        Ok(store)
    })
}

#[async_trait]
impl Store for TestStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        for (taken, event) in events.iter().enumerate() {
            self.take(event).await.map_err(|failure| failure.after(taken))?;
        }
        Ok(())
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        Ok(self.keeps.then(|| self.book.numbers().into_iter().max().unwrap_or_default()))
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl TestStore {
    async fn take(&self, event: &Event) -> Result<(), Failure> {
        let behaviour = self.book.behaviour.borrow().clone();
        match behaviour {
            Behaviour::Shut => return Err(Failure::unavailable("it is shut")),
            Behaviour::Refuses(numbers) if numbers.contains(&event.sequence) => {
                return Err(Failure::refused("it does not like this one"));
            }
            Behaviour::BusyAfter(0) => return Err(Failure::unavailable("it is busy")),
            Behaviour::BusyAfter(more) => self.book.behave(Behaviour::BusyAfter(more - 1)),
            Behaviour::Hangs => {
                let mut changed = self.book.behaviour.subscribe();
                let _ = changed.wait_for(|behaviour| !matches!(behaviour, Behaviour::Hangs)).await;
                // Time enough to be told that it is not wanted any more.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Behaviour::Panics => panic!("it panics"),
            Behaviour::Takes | Behaviour::Refuses(_) => {}
        }
        let members = match &event.data {
            Data::Group(group) => group.members.as_ref().map_or(0, |members| members.added.len()),
            _ => 0,
        };
        self.book.entries.lock().unwrap().push(Entry {
            event_type: event.event_type,
            sequence: event.sequence,
            id: event.id,
            subject: event.subject.clone(),
            members,
        });
        Ok(())
    }
}
