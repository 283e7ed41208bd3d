//! The signing key and its file.

use std::os::unix::fs::PermissionsExt;

use crate::{KeyError, SigningKey};

#[test]
fn a_key_is_made_once_readable_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing.key");
    let made = SigningKey::load_or_create(&path).unwrap();
    let loaded = SigningKey::load_or_create(&path).unwrap();
    assert_eq!(made.id(), loaded.id());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(SigningKey::parse(&text).unwrap().id(), made.id());
    assert!(!format!("{made:?}").contains(text.trim()));
}

#[test]
fn what_is_no_key_is_refused() {
    for text in ["", "short", "AAAA", &"A".repeat(44), "not base64 at all, but forty-four letters long"] {
        assert!(matches!(SigningKey::parse(text), Err(KeyError::Form)), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signing.key");
    std::fs::write(&path, "nonsense").unwrap();
    let refused = SigningKey::load_or_create(&path).unwrap_err();
    assert!(refused.to_string().contains("signing.key does not hold a signing key"), "{refused}");
    let refused = SigningKey::load_or_create(&folder.path().join("no/such/folder")).unwrap_err();
    assert!(matches!(refused, KeyError::File { .. }));
}

#[test]
fn a_derived_key_is_always_the_same_and_its_own() {
    let key = SigningKey::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let other = SigningKey::parse("/////wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    assert_eq!(key.derive("cursors"), key.derive("cursors"));
    assert_ne!(key.derive("cursors"), key.derive("links"));
    assert_ne!(key.derive("cursors"), other.derive("cursors"));
}
