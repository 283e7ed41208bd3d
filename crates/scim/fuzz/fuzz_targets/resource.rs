//! A body that was read can be stored, is read again as the same, and needs no forgiveness then.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::{Dialect, Draft, Resource, ResourceKind, Schemas};

fuzz_target!(|text: &str| {
    let Ok(body) = serde_json::from_str::<serde_json::Value>(text) else { return };
    let schemas = Schemas::standard();
    for kind in ResourceKind::ALL {
        let of = schemas.of(kind);
        let Ok(draft) = Draft::parse(body.clone(), of, &mut Dialect::lenient()) else { continue };
        let document = draft.resource.to_document(of, "1");
        let stored = Resource::from_document(&document);
        assert_eq!(stored.ok().as_ref(), Some(&draft.resource));
        let again = serde_json::from_str(&document).map(|body| Draft::parse(body, of, &mut Dialect::strict()));
        assert_eq!(again.ok().and_then(Result::ok).map(|draft| draft.resource), Some(draft.resource));
    }
});
