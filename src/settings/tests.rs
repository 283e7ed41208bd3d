//! Where settings come from, and that each wrong one names itself.

use std::ffi::OsString;
use std::path::Path;

use super::layers::SettingsError;
use super::{Layers, Settings};

fn variables(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, text)| (OsString::from(name), OsString::from(text))).collect()
}

/// Reads variables over the defaults: the named file is empty, so that one in the current folder does not count.
fn layers(pairs: &[(&str, &str)]) -> Result<Layers, SettingsError> {
    let empty = tempfile::NamedTempFile::new().unwrap();
    Layers::read(Some(empty.path()), None, variables(pairs))
}

fn from_variables(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    layers(pairs)?.settings()
}

fn from_file(text: &str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, text).unwrap();
    Layers::read(Some(&path), None, [])?.settings()
}

#[test]
fn the_defaults_are_complete_and_possible() {
    let settings = from_variables(&[]).unwrap();
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.limits, gateway::Limits::default(), "the documented limits are the ones in force");
    assert_eq!(settings.database().url, "sqlite://data/tenantry.db");
    assert_eq!(settings.signing_key_file(), Path::new("data/signing.key"));
}

#[test]
fn every_default_says_why_one_would_change_it() {
    let mut explained = false;
    for line in super::DEFAULTS.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(explained, "{line}");
        }
        // One comment may explain settings that stand together.
        explained = line.starts_with('#') || (explained && !line.is_empty() && !line.starts_with('['));
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_option_over_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    std::fs::write(&path, "data_dir = \"one\"\n[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n").unwrap();
    let environment = variables(&[("TENANTRY_SERVER__LISTEN", "127.0.0.1:2"), ("TENANTRY_DATA_DIR", "two")]);
    let layers = Layers::read(Some(&path), Some(Path::new("three")), environment).unwrap();
    let settings = layers.settings().unwrap();
    assert_eq!(settings.server.workers, 3);
    assert_eq!(settings.server.listen.port(), 2);
    assert_eq!(settings.data_dir, Path::new("three"));
}

#[test]
fn variables_have_the_type_of_their_setting() {
    let settings = from_variables(&[
        ("TENANTRY_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("TENANTRY_SERVER__DEMO_TENANT", "false"),
        ("TENANTRY_LIMITS__PAGE_SIZE", "50"),
        ("TENANTRY_LOG__FORMAT", "json"),
    ])
    .unwrap();
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert!(!settings.server.demo_tenant);
    assert_eq!(settings.limits.page_size, 50);
    assert_eq!(settings.log.format, telemetry::Format::Json);
}

#[test]
fn variables_of_the_surroundings_are_passed_over() {
    from_variables(&[("TENANTRY_CONFIG", "x"), ("PATH", "/bin"), ("TENANTRYX", "1")]).unwrap();
    for name in ["PORT", "SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8080_TCP", "PORT_80_TCP_ADDR"] {
        let (one, other) = (format!("TENANTRY_{name}"), format!("TENANTRY_DB_{name}"));
        from_variables(&[(&one, "x"), (&other, "x")]).unwrap();
    }
}

#[test]
fn a_variable_that_is_no_setting_stops_the_start() {
    for (variable, meant) in [
        ("TENANTRY_DATABASE_URL", "did you mean TENANTRY_DATABASE__URL? there are data_dir and"),
        ("TENANTRY_DATADIR", "did you mean TENANTRY_DATA_DIR? there are data_dir and"),
        ("TENANTRY_SERVER__LISTNE", "did you mean TENANTRY_SERVER__LISTEN? section server has"),
        ("TENANTRY_SEVER__LISTEN", "did you mean TENANTRY_SERVER__LISTEN? there are data_dir and"),
        ("TENANTRY_FOO", "there are data_dir and the sections admin, database"),
        ("TENANTRY_LOG_FORMAT", "did you mean TENANTRY_LOG__FORMAT? "),
    ] {
        let sentence = from_variables(&[(variable, "x")]).unwrap_err().to_string();
        assert!(sentence.contains(&format!("(in environment variable {variable}); {meant}")), "{sentence}");
    }
}

#[test]
fn a_database_that_cannot_work_is_refused() {
    for (url, reason) in [
        ("sqlite::memory:", "a database in memory is gone"),
        ("sqlite://:memory:", "a database in memory is gone"),
        ("sqlite://data/x.db?mode=memory", "a database in memory is gone"),
        ("sqlite://data/x.db?cache=shared&mode=memory", "a database in memory is gone"),
        ("sqlite://data/x.db?mode=ro", "the database is written to"),
        ("sqlite://", "it names no file"),
        ("postgres://ada:hunter2@host:many/name", "it is not of the form postgres://user:password@host:port/name"),
        ("postgres://ada:hunter2@host/name?sslmode=hunter2", "it is not of the form postgres://"),
        ("postgres://ada:hunter2/x@host/name", "it is not of the form postgres://user:password@host:port/name"),
    ] {
        let sentence = from_variables(&[("TENANTRY_DATABASE__URL", url)]).unwrap_err().to_string();
        let begins = format!("setting database.url (in environment variable TENANTRY_DATABASE__URL): {reason}");
        assert!(sentence.starts_with(&begins), "{url}: {sentence}");
    }
    for url in ["sqlite:x.db", "sqlite:///var/x.db?mode=rwc", "postgres://host", "postgresql://ada@host:5432/name"] {
        from_variables(&[("TENANTRY_DATABASE__URL", url)]).unwrap();
    }
}

#[test]
fn no_password_of_a_url_is_shown() {
    for (url, shown) in [
        ("postgres://ada:hunter2@host/name", "postgres://ada:…@host/name"),
        ("postgres://host/name?password=hunter2&sslmode=require", "postgres://host/name?password=…&sslmode=require"),
        ("postgres://ada@host:1/name?x=1&sslpassword=hun@ter2", "postgres://ada@host:1/name?x=1&sslpassword=…"),
        ("postgres://host/name?PASSWORD=hunter2", "postgres://host/name?PASSWORD=…"),
        ("postgres://host/name?pass%77ord=hunter2", "postgres://host/name?pass%77ord=…"),
        ("postgres://ada:hun?ter2@host/name", "postgres://ada:…@host/name"),
        ("sqlite://data/tenantry.db", "sqlite://data/tenantry.db"),
        ("redis://:hunter2@host:6379/1", "redis://:…@host:6379/1"),
        ("unix:///run/redis.sock?pass=hunter2", "unix:///run/redis.sock?pass=…"),
    ] {
        assert_eq!(super::show::without_password(url), shown);
    }
}

#[test]
fn each_wrong_variable_names_itself() {
    for (variable, text, reason) in [
        ("TENANTRY_SERVER__LISTEN", "8080", "\"8080\" is not an address and port such as 127.0.0.1:8080"),
        ("TENANTRY_SERVER__OPERATIONS_LISTEN", "x", "\"x\" is not an address and port such as 127.0.0.1:8080"),
        ("TENANTRY_SERVER__PUBLIC_URL", "scim.example.com", "\"scim.example.com\" is not an origin such as"),
        ("TENANTRY_SERVER__PUBLIC_URL", "https://a/b", "\"https://a/b\" is not an origin such as"),
        ("TENANTRY_SERVER__BASE_DOMAIN", "*.example.com", "\"*.example.com\" is not a domain name such as"),
        ("TENANTRY_SERVER__TRUSTED_PROXIES", "10.0.0.0/99", "\"10.0.0.0/99\" is neither an address nor a network"),
        ("TENANTRY_SERVER__WORKERS", "many", "\"many\" is not a whole number"),
        ("TENANTRY_SERVER__WORKERS", "-1", "invalid value: integer `-1`"),
        ("TENANTRY_SERVER__DEMO_TENANT", "yes", "\"yes\" is neither true nor false"),
        ("TENANTRY_DATABASE__URL", "mysql://root:hunter2@host/x", "it begins with neither sqlite:// nor postgres://"),
        ("TENANTRY_DATABASE__MAX_CONNECTIONS", "0", "0 is not between 1 and 1000"),
        (
            "TENANTRY_REPLICAS__REDIS_URL",
            "http://:hunter2@host",
            "it begins with none of redis://, rediss:// and unix://",
        ),
        ("TENANTRY_REPLICAS__LEASE_MS", "100", "100 is not between 200 and 60000"),
        ("TENANTRY_TOKENS__SIGNING_KEY", "hunter2", "a signing key is 32 random bytes in base64"),
        ("TENANTRY_TOKENS__DEFAULT_DAYS", "5000", "5000 is not between 1 and 3650"),
        ("TENANTRY_LIMITS__BODY_BYTES", "1MB", "\"1MB\" is not a whole number"),
        ("TENANTRY_LOG__FORMAT", "xml", "unknown variant `xml`"),
        ("TENANTRY_LOG__REQUESTS", "some", "unknown variant `some`"),
    ] {
        let sentence = from_variables(&[(variable, text)]).unwrap_err().to_string();
        let name = variable.trim_start_matches("TENANTRY_").replace("__", ".").to_lowercase();
        let begins = format!("setting {name} (in environment variable {variable}): {reason}");
        assert!(sentence.starts_with(&begins), "{sentence}\nis not\n{begins}");
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
}

#[test]
fn each_wrong_line_of_a_file_names_its_setting() {
    for (text, sentence) in [
        ("[server]\nlisten = 8080", "setting server.listen (in "),
        ("[server]\nlistne = \"127.0.0.1:1\"", "no setting is named server.listne (in "),
        ("[sever]\nlisten = \"127.0.0.1:1\"", "no setting is named sever.listen (in "),
        ("data = \"x\"", "no setting is named data (in "),
        ("[limits]\nbody_bytes = \"many\"", "setting limits.body_bytes (in "),
        ("[limits]\npage_size = 0", "setting limits.page_size must be at least 1"),
        ("[limits]\npage_size = 500", "setting limits.page_size must not exceed limits.page_size_max"),
        ("[tokens]\nmax_days = 30", "setting tokens.default_days must not exceed tokens.max_days"),
        ("[server]\noperations_listen = \"127.0.0.1:8080\"", "setting server.operations_listen must differ from"),
        (
            "[replicas]\nredis_url = \"redis://host\"",
            "setting replicas.redis_url is for several servers on one PostgreSQL",
        ),
        ("data_dir = \"\"", "setting data_dir is empty; name a folder"),
        ("listen = ", "the settings file "),
    ] {
        let refused = from_file(text).unwrap_err().to_string();
        assert!(refused.starts_with(sentence), "{refused}");
    }
}

#[test]
fn a_misspelt_variable_is_told_what_there_is() {
    let sentence = from_variables(&[("TENANTRY_SERVER__LISTNE", "x")]).unwrap_err().to_string();
    assert!(
        sentence.contains("section server has base_domain, demo_tenant, documentation_url, listen, "),
        "{sentence}"
    );
    let sentence = from_variables(&[("TENANTRY_SEVER__LISTEN", "x")]).unwrap_err().to_string();
    let all = "there are data_dir and the sections admin, database, events, failures, limits, log, mail, oauth, profiles, replicas, server, stores, tokens";
    assert!(sentence.contains(all), "{sentence}");
}

#[test]
fn a_named_file_that_is_missing_stops_the_start() {
    let refused = Layers::read(Some(Path::new("no/such/file.toml")), None, []).unwrap_err().to_string();
    assert!(refused.starts_with("the settings file no/such/file.toml cannot be read"), "{refused}");
}

#[test]
fn secrets_are_not_shown() {
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let layers = layers(&[
        ("TENANTRY_TOKENS__SIGNING_KEY", key),
        ("TENANTRY_DATABASE__URL", "postgres://ada:hunter2@host/name"),
        ("TENANTRY_REPLICAS__REDIS_URL", "redis://:hunter2@host"),
    ])
    .unwrap();
    let shown = layers.to_json().to_string();
    assert!(!shown.contains(key) && !shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("postgres://ada:…@host/name"), "{shown}");
    let debugged = format!("{:?}", layers.settings().unwrap());
    assert!(!debugged.contains(key) && !debugged.contains("hunter2"), "{debugged}");
}
