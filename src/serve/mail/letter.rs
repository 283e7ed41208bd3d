//! What a mail says.

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use tenancy::{CredentialEnd, EndOf};

/// A mail to one recipient about something that ends soon.
pub(super) fn write(from: Mailbox, to: Mailbox, end: &CredentialEnd) -> Result<Message, lettre::error::Error> {
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
