//! What an administrator of an identity provider can do about a failure. It follows from what is kept, so it is kept nowhere.

/// A sentence in plain words, where one helps. `operation` and `resource_type` are as in the table.
pub(crate) fn hint(
    status: i64,
    scim_type: Option<&str>,
    operation: &str,
    resource_type: Option<&str>,
) -> Option<&'static str> {
    let is_group = resource_type == Some("Group");
    Some(match (status, scim_type) {
        (409, _) if is_group => {
            "A group of this name is there already. Rename one of the two in the identity provider, or delete the one that is \
             not needed."
        }
        (409, _) => {
            "Another user has this user name already. Look for two people, or an old and a new account, with the same name in the \
             identity provider; or match by this name, so that the user is updated and not created again."
        }
        (404, _) if operation == "delete" => "It is gone already: nothing has to be done.",
        (404, _) => {
            "The identity provider remembers a user or group that is no longer here, usually after a deletion. Start the \
             synchronization of this user or group anew (in Entra: restart provisioning; in Okta: assign again)."
        }
        (400, Some("invalidFilter")) => {
            "The identity provider asks by an attribute that cannot be matched by. Look at the matching attribute in its mapping."
        }
        (400, Some("mutability")) => {
            "The mapping of the identity provider sets an attribute that cannot be changed. Take it out of the mapping."
        }
        (400, Some("invalidPath" | "noTarget")) => {
            "The mapping of the identity provider names an attribute, or a value of it, that is not there. Compare the mapping with \
             the attributes that the application takes."
        }
        (400, Some("invalidSyntax")) => {
            "The request is malformed; this is a fault of the identity provider's connector."
        }
        (400, _) => {
            "A value is missing or of the wrong form. Correct it at this user or group in the identity provider, or in its mapping; \
             the sentence names the attribute."
        }
        (401, _) => {
            "The token has ended or is a wrong one: nothing is provisioned until the identity provider has a valid one. Issue a new \
             token and enter it there."
        }
        (403, _) => {
            "The token is good, but not for this: it is limited, or this is switched off for the tenant. Nothing changes by trying \
             again."
        }
        (412, _) => "It was changed by somebody else meanwhile. The identity provider reads it and tries again.",
        (413, _) => "The request is too large. Let the identity provider send fewer members or operations at once.",
        (429, _) => {
            "Too many requests at once. The identity provider tries again by itself; if this goes on, ask for a higher rate."
        }
        (500, _) => "The service failed. Tell its operator the id of the request.",
        (501, _) => "This is not offered; switch it off in the identity provider.",
        (503, _) => "The service could not do it at that moment. The identity provider tries again by itself.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn hints_depend_on_what_failed() {
        assert!(hint(409, Some("uniqueness"), "create", Some("User")).unwrap().contains("user name"));
        assert!(hint(409, None, "create", Some("Group")).unwrap().contains("group"));
        assert_eq!(hint(404, None, "delete", Some("User")), Some("It is gone already: nothing has to be done."));
        assert_eq!(hint(405, None, "other", None), None);
    }
}
