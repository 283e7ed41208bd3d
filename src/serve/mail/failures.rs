//! What a mail about failures says. Of people it has the names of the users and groups that it is about, and nothing else.

use std::fmt::Write as _;

use journal::{Digest, Logged};
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The longest line, in letters.
const LINE: usize = 72;

/// A mail to one recipient.
pub(super) fn write(
    from: Mailbox,
    to: Mailbox,
    tenant: &str,
    digest: &Digest,
) -> Result<Message, lettre::error::Error> {
    let count = digest.count;
    let failures = if count == 1 { "1 failure".to_owned() } else { format!("{count} failures") };
    let subject = format!("Provisioning of {tenant}: {failures}");
    Message::builder().from(from).to(to).subject(subject).header(ContentType::TEXT_PLAIN).body(body(tenant, digest))
}

fn body(tenant: &str, Digest { count, newest }: &Digest) -> String {
    let mut text = format!("What the identity provider of {tenant} asked for was not done: {count}.\n\n");
    for failure in newest {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{}", asked(failure));
        wrap(&mut text, failure.hint.unwrap_or_default());
        text.push('\n');
    }
    let shown: i64 = newest.iter().map(|failure| failure.times).sum();
    if *count > shown {
        let _ = writeln!(text, "There are {} more.\n", count - shown);
    }
    let _ = write!(text, "All of them, with their causes:\n\ntenantry failures list {tenant}\n");
    text
}

/// In lines of mail.
fn wrap(text: &mut String, sentences: &str) {
    let mut length = 0;
    for word in sentences.split_whitespace() {
        let begins = length == 0 || length + word.len() >= LINE;
        if begins && length > 0 {
            text.push('\n');
        }
        text.push_str(if begins { "  " } else { " " });
        text.push_str(word);
        length = if begins { word.len() + 2 } else { length + word.len() + 1 };
    }
    if length > 0 {
        text.push('\n');
    }
}

fn asked(failure: &Logged) -> String {
    let Logged { operation, resource_type, status, .. } = failure;
    let kind = resource_type.as_deref().unwrap_or_default().to_lowercase();
    let named = &failure.named;
    let names = [&named.user_name, &named.display_name, &named.external_id, &named.id];
    let name = names.into_iter().flatten().next().map(String::as_str).unwrap_or_default();
    // A name is no place for a second line.
    let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let asked = [operation.as_str(), &kind, &name].into_iter().filter(|word| !word.is_empty());
    let asked = asked.collect::<Vec<_>>().join(" ");
    let times = if failure.times > 1 { format!(", {} times", failure.times) } else { String::new() };
    format!("{}  {asked}: {status}{times}", moment(failure.time_ms))
}

fn moment(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_wrapped() {
        let mut text = String::new();
        wrap(&mut text, &"word ".repeat(30));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.starts_with("  word") && line.len() <= LINE), "{text}");
        text.clear();
        wrap(&mut text, "");
        assert_eq!(text, "");
    }
}
