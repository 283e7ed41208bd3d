//! A PATCH that applies leaves a resource that is valid and can be stored and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::{Dialect, Patch, Resource, ResourceKind, Schemas, check};

const USER: &str = r#"{"userName":"ada","active":true,"name":{"givenName":"Ada"},
    "emails":[{"value":"ada@acme.example","type":"work","primary":true},{"value":"ada@home.example","type":"home"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"1"}}}"#;

fuzz_target!(|text: &str| {
    let Ok(body) = serde_json::from_str(text) else { return };
    let Ok(current) = Resource::from_document(USER) else { return };
    let schemas = Schemas::standard();
    let of = schemas.of(ResourceKind::User);
    let mut dialect = Dialect::lenient();
    let Ok(patch) = Patch::parse(body, of, 100, &mut dialect) else { return };
    if let Ok(patched) = patch.apply(&current, of, &mut dialect) {
        assert_eq!(check(&patched, of), Ok(()));
        let stored = Resource::from_document(&patched.to_document(of, "1"));
        assert_eq!(stored.ok().as_ref(), Some(&patched));
    }
});
