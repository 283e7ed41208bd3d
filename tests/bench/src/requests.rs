//! The requests of every workload.

use std::io::Write;
use std::sync::Arc;

use crate::load::{Counts, Dice, Requests};
use crate::people::Person;
use crate::target::Target;

/// The tag of the people that are there before the measurement.
pub(crate) const SEEDED: &str = "s";

/// A tenant with people in it.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) target: Target,
    /// The ids that the server gave: of person 0, 1, 2…
    pub(crate) ids: Arc<[String]>,
}

/// What clients ask of one directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ById,
    ByUserName,
    ByExternalId,
    ByEmail,
    /// A filter that no index answers; nobody is found.
    ByTitle,
    Patch,
    /// The page that starts after so many users.
    PageAfter(u64),
}

impl Kind {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ById => "by-id",
            Self::ByUserName => "by-user-name",
            Self::ByExternalId => "by-external-id",
            Self::ByEmail => "by-email",
            Self::ByTitle => "by-title",
            Self::Patch => "patch",
            Self::PageAfter(0) => "first page",
            Self::PageAfter(_) => "deep page",
        }
    }
}

impl Directory {
    /// The requests of one client, each about someone at random.
    pub(crate) fn requests(&self, kind: Kind, client: u64) -> Requests {
        let directory = self.clone();
        let mut dice = Dice::new(client);
        let mut change = client << 32;
        Box::new(move |request| {
            let number = dice.below(directory.users());
            change += 1;
            directory.write(request, kind, number, change);
            Counts::Yes
        })
    }

    /// How many people were there at first.
    pub(crate) fn users(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Writes one request of this kind about this person.
    pub(crate) fn write(&self, request: &mut Vec<u8>, kind: Kind, number: u64, change: u64) {
        let (target, person) = (&self.target, Person { tag: SEEDED, number });
        match kind {
            Kind::ById => target.get(request, format_args!("/Users/{}", self.id(number))),
            Kind::ByUserName => {
                target.get(request, format_args!("/Users?filter=userName+eq+%22{}%22", person.user_name()));
            }
            Kind::ByExternalId => {
                target.get(request, format_args!("/Users?filter=externalId+eq+%22{}%22", person.external_id()));
            }
            Kind::ByEmail => target.get(
                request,
                format_args!("/Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22{}%22", person.email()),
            ),
            Kind::ByTitle => target.get(request, format_args!("/Users?filter=title+eq+%22Nobody+{number}%22")),
            Kind::Patch => {
                let body = patch("title", &format!("Engineer {change}"));
                target.send(request, "PATCH", format_args!("/Users/{}", self.id(number)), &body);
            }
            Kind::PageAfter(skipped) => {
                target.get(request, format_args!("/Users?startIndex={}&count=100", skipped + 1));
            }
        }
    }

    /// The id of a person.
    pub(crate) fn id(&self, number: u64) -> &str {
        usize::try_from(number).ok().and_then(|index| self.ids.get(index)).map_or("", String::as_str)
    }
}

/// The body with which Entra replaces one attribute.
fn patch(path: &str, value: &str) -> Vec<u8> {
    format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"Replace","path":"{path}","value":"{value}"}}]}}"#
    )
    .into_bytes()
}

/// `GET /ServiceProviderConfig`, over and over.
pub(crate) fn discovery(target: &Target) -> Requests {
    let mut prepared = Vec::new();
    target.get(&mut prepared, format_args!("/ServiceProviderConfig"));
    Box::new(move |request| {
        request.extend_from_slice(&prepared);
        Counts::Yes
    })
}

/// `POST /Users`, never the same person twice: `tag` is new in every turn.
pub(crate) fn create(target: Target, tag: String, client: u64) -> Requests {
    let mut body = Vec::with_capacity(1024);
    let mut number = client * 1_000_000;
    Box::new(move |request| {
        body.clear();
        Person { tag: &tag, number }.write(&mut body);
        number += 1;
        target.send(request, "POST", format_args!("/Users"), &body);
        Counts::Yes
    })
}

/// Adds a member to a group and takes it out again; only the adding is measured.
pub(crate) fn add_member(target: Target, group: String, members: Arc<[String]>) -> Requests {
    let mut body = Vec::with_capacity(512);
    let mut turn = 0;
    Box::new(move |request| {
        let adding = turn % 2 == 0;
        let member = members.get(turn / 2 % members.len().max(1)).map_or("", String::as_str);
        turn += 1;
        body.clear();
        write_member(&mut body, if adding { "Add" } else { "Remove" }, &[member]);
        target.send(request, "PATCH", format_args!("/Groups/{group}"), &body);
        if adding { Counts::Yes } else { Counts::No }
    })
}

/// The body with which Entra adds members, or removes them.
pub(crate) fn write_member(body: &mut Vec<u8>, operation: &str, members: &[impl AsRef<str>]) {
    let values: Vec<_> = members.iter().map(|id| format!(r#"{{"value":"{}"}}"#, id.as_ref())).collect();
    let values = values.join(",");
    // A write into memory cannot fail.
    let _ = write!(
        body,
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"{operation}","path":"members","value":[{values}]}}]}}"#
    );
}
