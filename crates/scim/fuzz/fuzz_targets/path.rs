//! A path that was read prints itself; the print needs no forgiveness and means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim::{Dialect, Path, ResourceKind, Schemas};

fuzz_target!(|text: &str| {
    let schemas = Schemas::standard();
    for kind in ResourceKind::ALL {
        if let Ok(Some(path)) = Path::parse(text, schemas.of(kind), &mut Dialect::lenient()) {
            let again = Path::parse(&path.to_string(), schemas.of(kind), &mut Dialect::strict());
            assert_eq!(again, Ok(Some(path)));
        }
    }
});
