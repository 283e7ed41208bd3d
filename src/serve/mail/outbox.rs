//! Which mail is sent next, and when: no clock and no network.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lettre::Message;

/// For how long a mail is tried.
const TRIED: Duration = Duration::from_hours(1);
/// How long a mail waits until it is tried again, and all of them where there was no answer at all.
const PAUSE: Duration = Duration::from_mins(1);

/// A mail that waits.
pub(super) struct Waiting {
    pub(super) message: Message,
    pub(super) tries: u32,
    since: Instant,
    due: Instant,
}

/// Why a mail was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server will never take it.
    Refused,
    /// The server does not take it now.
    Later,
    /// There is no server now.
    NoServer,
}

/// The mails that wait, those that are due first in front.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: VecDeque<Waiting>,
    rests_until: Option<Instant>,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a new mail, which is due at once.
    pub(super) fn add(&mut self, message: Message, now: Instant) {
        self.insert(Waiting { message, tries: 0, since: now, due: now });
    }

    /// When the next mail is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let due = self.waiting.front()?.due;
        Some(self.rests_until.map_or(due, |rest| rest.max(due)))
    }

    /// The mail that is due now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Waiting> {
        self.next_due().filter(|due| *due <= now)?;
        self.waiting.pop_front()
    }

    /// Takes a mail back that was not sent; `false`: it is given up.
    pub(super) fn put_back(&mut self, mut mail: Waiting, failure: Failure, now: Instant) -> bool {
        if failure == Failure::NoServer {
            self.rests_until = Some(now + PAUSE);
        }
        mail.tries += 1;
        mail.due = now + PAUSE;
        let goes_on = failure != Failure::Refused && mail.due < mail.since + TRIED;
        if goes_on {
            self.insert(mail);
        }
        goes_on
    }

    fn insert(&mut self, mail: Waiting) {
        let place = self.waiting.partition_point(|other| other.due <= mail.due);
        self.waiting.insert(place, mail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subject: &str) -> Message {
        let address: lettre::message::Mailbox = "ada@acme.example".parse().unwrap();
        Message::builder().from(address.clone()).to(address).subject(subject).body(String::new()).unwrap()
    }

    fn subject(mail: &Waiting) -> String {
        let formatted = String::from_utf8(mail.message.formatted()).unwrap();
        formatted.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned()
    }

    #[test]
    fn a_mail_that_is_not_taken_now_holds_up_no_other() {
        let (mut outbox, start) = (Outbox::default(), Instant::now());
        outbox.add(message("first"), start);
        outbox.add(message("second"), start);
        let first = outbox.next(start).unwrap();
        assert!(outbox.put_back(first, Failure::Later, start));
        assert_eq!(subject(&outbox.next(start).unwrap()), "second");
        assert!(outbox.next(start).is_none(), "the first is due in a minute");
        assert_eq!(outbox.next_due(), Some(start + PAUSE));
        assert_eq!(subject(&outbox.next(start + PAUSE).unwrap()), "first");
    }

    #[test]
    fn without_a_server_all_wait() {
        let (mut outbox, start) = (Outbox::default(), Instant::now());
        outbox.add(message("first"), start);
        outbox.add(message("second"), start);
        let first = outbox.next(start).unwrap();
        assert!(outbox.put_back(first, Failure::NoServer, start));
        assert!(outbox.next(start + PAUSE / 2).is_none());
        assert_eq!(subject(&outbox.next(start + PAUSE).unwrap()), "second");
    }

    #[test]
    fn a_mail_is_tried_for_an_hour_and_a_refused_one_once() {
        let (mut outbox, start) = (Outbox::default(), Instant::now());
        outbox.add(message("first"), start);
        let mut now = start;
        let mut tries = 0;
        while let Some(mail) = outbox.next(now) {
            tries += 1;
            let goes_on = outbox.put_back(mail, Failure::Later, now);
            assert_eq!(goes_on, outbox.len() == 1);
            now += PAUSE;
        }
        assert_eq!(tries, 60);
        outbox.add(message("second"), start);
        let second = outbox.next(start).unwrap();
        assert!(!outbox.put_back(second, Failure::Refused, start));
        assert_eq!(outbox.len(), 0);
    }
}
