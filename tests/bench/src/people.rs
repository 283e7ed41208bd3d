//! The people of the directories: as many as asked for, each told apart by a number.

use std::io::Write;

/// Someone to be provisioned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person<'a> {
    /// Tells groups of people apart; letters and digits.
    pub(crate) tag: &'a str,
    pub(crate) number: u64,
}

impl Person<'_> {
    /// Names come with capitals, as directories keep them; the server must fold them.
    pub(crate) fn user_name(&self) -> String {
        format!("Mara.Voss.{}{:07}@bench.example", self.tag, self.number)
    }

    /// An address for mail.
    pub(crate) fn email(&self) -> String {
        format!("mara.voss.{}{:07}@mail.bench.example", self.tag, self.number)
    }

    /// The number of the person at the identity provider.
    pub(crate) fn external_id(&self) -> String {
        format!("8f14e45f-{}-{:07}", self.tag, self.number)
    }

    /// The body with which Entra creates a user, in its order of attributes.
    pub(crate) fn write(&self, body: &mut Vec<u8>) {
        let (number, external_id) = (self.number, self.external_id());
        let (user_name, email) = (self.user_name(), self.email());
        // A write into memory cannot fail.
        let _ = write!(
            body,
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"{external_id}","userName":"{user_name}","active":true,"displayName":"Mara Voss {number}","emails":[{{"primary":true,"type":"work","value":"{email}"}}],"meta":{{"resourceType":"User"}},"name":{{"formatted":"Mara Voss","familyName":"Voss","givenName":"Mara"}},"phoneNumbers":[{{"type":"work","value":"+49 30 5550{number}"}}],"preferredLanguage":"de-DE","title":"Engineer","addresses":[{{"primary":true,"type":"work","streetAddress":"Hafenweg 12","locality":"Berlin","postalCode":"10115","country":"Germany"}}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{{"employeeNumber":"{number}","department":"Optics"}}}}"#
        );
    }
}

#[cfg(test)]
mod tests {
    use super::Person;

    #[test]
    fn a_body_is_as_large_as_real_ones() {
        let mut body = Vec::new();
        Person { tag: "s", number: 12_345 }.write(&mut body);
        assert!((760..=860).contains(&body.len()), "{} bytes", body.len());
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["userName"], "Mara.Voss.s0012345@bench.example");
    }
}
