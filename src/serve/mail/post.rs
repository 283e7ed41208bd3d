//! The task that sends mail, however long the mail server takes.

use std::time::{Duration, Instant};

use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use tokio::sync::mpsc;

use super::WAITING;
use super::outbox::{Failure, Outbox, Waiting};

/// How long a mail server may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Sends what is written.
pub(crate) struct Post {
    server: AsyncSmtpTransport<Tokio1Executor>,
    letters: mpsc::Receiver<Message>,
    outbox: Outbox,
}

impl Post {
    pub(super) fn new(server: AsyncSmtpTransport<Tokio1Executor>, letters: mpsc::Receiver<Message>) -> Self {
        Self { server, letters, outbox: Outbox::default() }
    }

    /// Goes on until nobody writes any more and what was written last was tried once.
    pub(crate) async fn run(mut self) {
        while let Some(letter) = self.next_letter().await {
            self.outbox.add(letter, Instant::now());
            self.send_what_is_due().await;
        }
        if self.outbox.len() > 0 {
            tracing::warn!(mails = self.outbox.len(), "mails that could not be sent are lost with the process");
        }
    }

    /// Waits for a letter, and meanwhile sends again what is due.
    async fn next_letter(&mut self) -> Option<Message> {
        loop {
            let due = self.outbox.next_due();
            let has_room = self.outbox.len() < WAITING;
            tokio::select! {
                letter = self.letters.recv(), if has_room => return letter,
                () = until(due) => self.send_what_is_due().await,
            }
        }
    }

    async fn send_what_is_due(&mut self) {
        while let Some(mail) = self.outbox.next(Instant::now()) {
            if let Err(error) = self.server.send(mail.message.clone()).await {
                self.take_back(mail, &error);
            }
        }
    }

    fn take_back(&mut self, mail: Waiting, error: &Error) {
        // What a server says may hold an address, so only its code is told.
        let code = error.status().map(|code| code.to_string());
        let tries = mail.tries + 1;
        let failure = match (error.is_permanent(), &code) {
            (true, _) => Failure::Refused,
            (false, Some(_)) => Failure::Later,
            (false, None) => Failure::NoServer,
        };
        if self.outbox.put_back(mail, failure, Instant::now()) {
            tracing::warn!(smtp.code = code, tries, "a mail could not be sent");
        } else {
            tracing::warn!(smtp.code = code, tries, "a mail could not be sent and is given up");
        }
    }
}

/// Done at that moment; never, if there is none.
async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
