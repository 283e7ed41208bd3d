//! The normalized user.

use profile::Mapped;
use scim::{MemberReference, Resource};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Custom, ENTERPRISE, Entry, InvitationState, Moments, Reader, custom, entries, is_empty};

/// A person who may use the application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id that Tenantry gave; it never changes and is never given to another.
    pub id: String,
    /// The id that the client has for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name to sign in with, as the client wrote it; unique in the tenant without regard to case.
    pub user_name: String,
    /// Whether the user may use the application.
    pub active: bool,
    /// Where the application invites users: whether this one has verified the address. Only who has is a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationState>,
    /// The primary e-mail address; if none is marked, the one for work, or else the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The parts of the real name.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub name: Name,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The casual name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nick_name: Option<String>,
    /// The title, such as `Vice President`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The relation to the organization, such as `Contractor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The division.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    /// The cost centre.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// The number that the employer gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// The manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<Manager>,
    /// The preferred language, such as `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// The locale, such as `en-GB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The time zone, such as `Europe/Vienna`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The page of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_url: Option<String>,
    /// The e-mail addresses, in the order sent.
    #[serde(default)]
    pub emails: Vec<Entry>,
    /// The phone numbers, in the order sent.
    #[serde(default)]
    pub phone_numbers: Vec<Entry>,
    /// The addresses of instant messengers.
    #[serde(default)]
    pub ims: Vec<Entry>,
    /// The addresses of pictures.
    #[serde(default)]
    pub photos: Vec<Entry>,
    /// The postal addresses, in the order sent.
    #[serde(default)]
    pub addresses: Vec<Address>,
    /// What the user is entitled to.
    #[serde(default)]
    pub entitlements: Vec<Entry>,
    /// The roles, in the order sent.
    #[serde(default)]
    pub roles: Vec<Entry>,
    /// Certificates in base64.
    #[serde(default)]
    pub x509_certificates: Vec<Entry>,
    /// The groups that the user is in by the time of the event, the oldest first; before a deletion, those it was in.
    #[serde(default)]
    pub groups: Vec<GroupReference>,
    /// Attributes of extensions, by the extension's URN.
    #[serde(default)]
    pub custom: Custom,
    /// What the profile of the application makes of the user beside these members.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub application: Map<String, Value>,
    /// When it was created and last changed.
    #[serde(flatten)]
    pub moments: Moments,
}

/// The parts of a real name (RFC 7643 section 4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Name {
    /// The whole name, ready to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The middle names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// The title before the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// What follows the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Such as `work`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The whole address, ready to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Street and number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// The state or region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The country, such as `AT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Whether it is the one to use.
    #[serde(default)]
    pub primary: bool,
}

/// A user's manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manager {
    /// The manager's id, as the client sent it: of a user of this tenant, or of another system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The manager's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A group that a user is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReference {
    /// The group's id.
    pub id: String,
    /// The group's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

impl User {
    /// The normalized form of a user who is in these groups.
    #[must_use]
    pub fn of(id: &str, resource: &Resource, groups: &[MemberReference]) -> Self {
        let attributes = Value::Object(resource.attributes().clone());
        let all = Reader(Some(&attributes));
        let work = Reader(attributes.get(ENTERPRISE));
        let emails = entries(all, "emails");
        Self {
            id: id.to_owned(),
            external_id: all.text("externalId"),
            user_name: all.text("userName").unwrap_or_default(),
            active: resource.active(),
            invitation: None,
            email: main_address(&emails),
            name: Name::of(Reader(attributes.get("name"))),
            display_name: all.text("displayName"),
            nick_name: all.text("nickName"),
            title: all.text("title"),
            user_type: all.text("userType"),
            department: work.text("department"),
            organization: work.text("organization"),
            division: work.text("division"),
            cost_center: work.text("costCenter"),
            employee_number: work.text("employeeNumber"),
            manager: work.0.and_then(|work| work.get("manager")).map(|manager| Manager::of(Reader(Some(manager)))),
            preferred_language: all.text("preferredLanguage"),
            locale: all.text("locale"),
            timezone: all.text("timezone"),
            profile_url: all.text("profileUrl"),
            emails,
            phone_numbers: entries(all, "phoneNumbers"),
            ims: entries(all, "ims"),
            photos: entries(all, "photos"),
            addresses: all.list("addresses").map(Address::of).collect(),
            entitlements: entries(all, "entitlements"),
            roles: entries(all, "roles"),
            x509_certificates: entries(all, "x509Certificates"),
            groups: groups.iter().map(GroupReference::of).collect(),
            custom: custom(resource),
            application: Map::new(),
            moments: Moments::default(),
        }
    }

    /// As the application is told of the user, where its profile says so.
    ///
    /// # Errors
    /// If the profile made a member of another type than it has: never of one that was checked.
    pub fn told(self, mapped: Option<&Mapped>) -> Result<Self, serde_json::Error> {
        let Some(mapped) = mapped else { return Ok(self) };
        let Value::Object(mut members) = serde_json::to_value(&self)? else { return Ok(self) };
        mapped.apply(&mut members);
        serde_json::from_value(Value::Object(members))
    }
}

/// The one to write to.
fn main_address(emails: &[Entry]) -> Option<String> {
    let marked = emails.iter().find(|email| email.primary);
    let at_work = || emails.iter().find(|email| email.kind.as_deref() == Some("work"));
    marked.or_else(at_work).or(emails.first()).map(|email| email.value.clone())
}

impl Name {
    fn of(name: Reader<'_>) -> Self {
        Self {
            formatted: name.text("formatted"),
            given_name: name.text("givenName"),
            family_name: name.text("familyName"),
            middle_name: name.text("middleName"),
            honorific_prefix: name.text("honorificPrefix"),
            honorific_suffix: name.text("honorificSuffix"),
        }
    }
}

impl Address {
    fn of(address: Reader<'_>) -> Self {
        Self {
            kind: address.text("type"),
            formatted: address.text("formatted"),
            street_address: address.text("streetAddress"),
            locality: address.text("locality"),
            region: address.text("region"),
            postal_code: address.text("postalCode"),
            country: address.text("country"),
            primary: address.flag("primary"),
        }
    }
}

impl Manager {
    fn of(manager: Reader<'_>) -> Self {
        Self { id: manager.text("value"), display_name: manager.text("displayName") }
    }
}

impl GroupReference {
    fn of(group: &MemberReference) -> Self {
        Self { id: group.id.clone(), display_name: group.display.clone() }
    }
}
