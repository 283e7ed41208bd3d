//! A filter that was read prints itself; the print needs no forgiveness and means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::{Dialect, Filter, ResourceKind, Schemas};

fuzz_target!(|text: &str| {
    let schemas = Schemas::standard();
    for kind in ResourceKind::ALL {
        let _ = Filter::parse_root(text, &schemas, kind, &mut Dialect::lenient());
        if let Ok(filter) = Filter::parse(text, schemas.of(kind), &mut Dialect::lenient()) {
            let again = Filter::parse(&filter.to_string(), schemas.of(kind), &mut Dialect::strict());
            assert_eq!(again.as_ref(), Ok(&filter));
            let _ = filter.matches(&serde_json::Map::new());
        }
    }
});
