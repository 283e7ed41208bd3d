//! What a mail says.

use directory::BreakerAlarm;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use tenancy::{CredentialEnd, EndOf};

/// A mail that is ready, or why it is not.
pub(super) type Written = Result<Message, lettre::error::Error>;

/// A mail to one recipient about something that ends soon.
pub(super) fn write(from: Mailbox, to: Mailbox, end: &CredentialEnd) -> Written {
    let days = if end.days_left == 1 { "1 day".to_owned() } else { format!("{} days", end.days_left) };
    let (subject, body) = match &end.of {
        EndOf::Token(id) => (format!("The provisioning token of {} ends in {days}", end.tenant), of_token(end, id)),
        EndOf::Secret { id, client, name } => (
            format!("A secret of the OAuth client {name} of {} ends in {days}", end.tenant),
            of_secret(end, id, client),
        ),
    };
    Message::builder().from(from).to(to).subject(subject).header(ContentType::TEXT_PLAIN).body(body)
}

/// A mail to one recipient about a breaker that has tripped.
pub(super) fn write_alarm(from: Mailbox, to: Mailbox, alarm: &BreakerAlarm) -> Written {
    let BreakerAlarm { tenant, sequence, is_held, is_flood } = alarm;
    let (does, what) = match is_flood {
        true => ("makes too many new users", "too many users are new"),
        false => ("deactivates or deletes too many users", "too many users end"),
    };
    let (then, ways) = if *is_held {
        (
            "The stores of the tenant get nothing more until it is decided",
            format!(
                "It was meant: tenantry breaker release {tenant}\n\
                 It was an accident (first have the identity provider put right):\n\
                 tenantry breaker discard {tenant}\n"
            ),
        )
    } else {
        (
            "The stores of the tenant get these changes like all others",
            format!(
                "To hold what comes: tenantry breaker set {tenant} {}=hold\n",
                if *is_flood { "new_mode" } else { "mode" }
            ),
        )
    };
    let body = format!(
        "The identity provider of tenant {tenant} {does} at once. {then}.\n\n\
         What it is about: tenantry breaker show {tenant}\n\
         Who it is about: tenantry events tail {tenant} --from {sequence}\n{ways}"
    );
    let subject = format!("The breaker of {tenant} has tripped: {what} at once");
    Message::builder().from(from).to(to).subject(subject).header(ContentType::TEXT_PLAIN).body(body)
}

fn of_token(end: &CredentialEnd, id: &tenancy::TokenId) -> String {
    let (tenant, until) = (&end.tenant, end.moment());
    format!(
        "The provisioning token {id} of tenant {tenant} is valid until {until}.\n\n\
         From then on the requests of the identity provider are refused. Issue a new token before, and enter it there:\n\n\
         tenantry token issue {tenant}\n"
    )
}

fn of_secret(end: &CredentialEnd, id: &tenancy::SecretId, client: &tenancy::OauthClientId) -> String {
    let (tenant, until) = (&end.tenant, end.moment());
    format!(
        "The secret {id} of the OAuth client {client} of tenant {tenant} is valid until {until}.\n\n\
         From then on the client gets no access token with it. Issue another one before, enter it there, and revoke this one:\n\n\
         tenantry oauth secret issue {tenant} {client}\n\
         tenantry oauth secret revoke {tenant} {client} {id}\n"
    )
}
