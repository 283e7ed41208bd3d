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

mod several {
    use std::path::PathBuf;

    use secrecy::ExposeSecret;

    use super::super::{System, authenticate, on_both};
    use crate::{KeyError, KeySource, NewOauthClient, Refusal, SigningKeys};

    const ONE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    const TWO: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

    fn ids(keys: &SigningKeys) -> Vec<String> {
        keys.iter().map(|key| key.id().to_owned()).collect()
    }

    #[test]
    fn several_keys_stand_in_lines_or_between_commas_and_the_first_signs() {
        let one = SigningKeys::parse(ONE).unwrap();
        for text in [format!("{TWO}\n{ONE}\n"), format!("{TWO},{ONE}"), format!("# new\n{TWO} # 2027\n\n{ONE}")] {
            let both = SigningKeys::parse(&text).unwrap();
            assert_eq!(ids(&both)[1..], ids(&one), "{text}");
            assert_eq!(both.signing().id(), SigningKeys::parse(TWO).unwrap().signing().id());
        }
        assert!(matches!(SigningKeys::parse(&format!("{ONE}\n{ONE}")), Err(KeyError::Twice { .. })));
        assert!(matches!(SigningKeys::parse("# nothing\n"), Err(KeyError::Form)));
    }

    #[test]
    fn a_file_is_rotated_and_keys_are_retired_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        let source = KeySource::File(path.clone());
        let first = ids(&source.load().unwrap());
        let both = ids(&source.rotate(&first[0]).unwrap());
        assert_eq!((both.len(), &both[1..]), (2, first.as_slice()));
        assert_eq!(ids(&source.load().unwrap()), both);
        assert_eq!(ids(&source.rotate(&first[0]).unwrap()), both, "the new one waits already");
        assert_eq!(ids(&source.without(&first[0]).unwrap()), both[..1]);
        assert_eq!(ids(&source.load().unwrap()), both, "it is not taken away yet");
        assert!(matches!(source.retire(&both[0]), Err(KeyError::Signs { .. })));
        assert!(matches!(source.retire("12345678"), Err(KeyError::Unknown { .. })));
        assert_eq!(ids(&source.retire(&first[0]).unwrap()), both[..1]);
        assert_eq!(ids(&source.load().unwrap()), both[..1]);
        assert_eq!(super::modes(&path), 0o600);
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn of_a_mounted_folder_the_last_name_signs_and_hidden_names_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("2026-11", ONE), ("2027-01", TWO), ("..data", "hidden"), (".x", "hidden")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let source = KeySource::File(PathBuf::from(folder.path()));
        assert_eq!(ids(&source.load().unwrap()), ids(&SigningKeys::parse(&format!("{TWO}\n{ONE}")).unwrap()));
        assert!(matches!(source.rotate("x"), Err(KeyError::ReadOnly { .. })));
        std::fs::write(folder.path().join("2027-02"), "nonsense").unwrap();
        assert!(source.load().unwrap_err().to_string().contains("2027-02"));
    }

    #[test]
    fn keys_of_the_settings_are_not_written() {
        let source = KeySource::Settings(Box::new(SigningKeys::parse(ONE).unwrap()));
        assert!(matches!(source.rotate("x"), Err(KeyError::ReadOnly { .. })));
        assert!(matches!(source.retire("x"), Err(KeyError::ReadOnly { .. })));
    }

    on_both! {
        async fn tokens_of_an_old_key_are_valid_until_it_is_gone(system: System) {
            let source = KeySource::File(system.folder.path().join("signing.key"));
            let old = system.token("acme").await;
            let before = system.tenants.signing_keys().signing().id().to_owned();
            system.tenants.replace_keys(source.rotate(&before).unwrap()).await;
            let now = system.tenants.signing_keys().signing().id().to_owned();
            let issued = system.tenants.issue_token("beta", 30).await.unwrap();
            let new = format!("Bearer {}", issued.token.expose_secret());
            let mut signed = system.tenants.signed_tokens().await.unwrap();
            signed.sort_by(|one, other| one.tenant.cmp(&other.tenant));
            let keys: Vec<_> = signed.iter().map(|token| (token.tenant.as_str(), token.key_id.as_str())).collect();
            assert_eq!(keys, [("acme", before.as_str()), ("beta", now.as_str())]);
            for tenants in [system.tenants.clone(), system.restarted_with(source.load().unwrap()).await] {
                authenticate(&tenants, "acme", &old).await.unwrap();
                authenticate(&tenants, "beta", &new).await.unwrap();
            }
            // Also what was accepted before and is remembered.
            system.tenants.replace_keys(source.retire(&before).unwrap()).await;
            assert_eq!(system.authenticate("acme", &old).await.unwrap_err(), Refusal::Unknown);
            system.authenticate("beta", &new).await.unwrap();
        }

        async fn the_end_of_a_key_is_noted_though_the_version_before_took_it(system: System) {
            let client = NewOauthClient { name: "entra".to_owned(), ..NewOauthClient::default() };
            system.tenants.create_oauth_client("acme", &client).await.unwrap();
            let source = KeySource::File(system.folder.path().join("signing.key"));
            let before = system.tenants.signing_keys().signing().id().to_owned();
            system.meddle(&["DELETE FROM signing_keys"]).await;
            let tenants = system.restarted_with(source.rotate(&before).unwrap()).await;
            let left = tenants.access_tokens_of(&before).await.unwrap().unwrap();
            assert_eq!(left.tenants, ["acme"]);
            assert_eq!(tenants.access_tokens_of("12345678").await.unwrap(), None);
        }
    }
}

fn modes(path: &std::path::Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
