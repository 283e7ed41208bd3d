//! The rules of the house that a reader of one file cannot see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each of our crates may use. The tests may use what they test.
const ARROWS: [(&str, &[&str]); 18] = [
    (
        "tenantry",
        &[
            "database",
            "delivery",
            "directory",
            "events",
            "feed",
            "gateway",
            "journal",
            "migrations",
            "profile",
            "replicas",
            "telemetry",
            "tenancy",
            "tenant-admin",
            "scim",
        ],
    ),
    (
        "gateway",
        &[
            "directory",
            "tenancy",
            "delivery",
            "events",
            "journal",
            "limits",
            "outbound",
            "profile",
            "replicas",
            "scim",
            "telemetry",
        ],
    ),
    ("tenant-admin", &["directory", "tenancy", "delivery", "events", "journal", "profile", "scim", "telemetry"]),
    ("delivery", &["directory", "events", "outbound", "profile", "tenancy", "database", "scim"]),
    ("feed", &["delivery", "events"]),
    ("journal", &["tenancy", "database"]),
    ("directory", &["events", "journal", "profile", "tenancy", "database", "scim"]),
    ("events", &["profile", "tenancy", "database", "scim"]),
    ("tenancy", &["database", "profile", "replicas", "scim"]),
    ("profile", &["scim"]),
    ("limits", &["replicas"]),
    ("outbound", &[]),
    ("replicas", &[]),
    ("database", &["migrations"]),
    ("migrations", &[]),
    ("telemetry", &[]),
    ("scim", &[]),
    ("it", &["scim"]),
];

/// The longest file; at 300 lines one looks for the second subject.
const LINES: usize = 400;

#[test]
fn every_arrow_between_crates_is_one_of_the_design() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let own = workspace_dependencies();
    let names: BTreeSet<&str> = own.keys().map(String::as_str).collect();
    for (package, dependencies) in &own {
        if package == "bench" {
            continue;
        }
        let allowed = allowed.get(package.as_str()).unwrap_or_else(|| panic!("{package} has no place in the design"));
        for dependency in dependencies.iter().filter(|dependency| names.contains(dependency.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "{package} must not use {dependency}");
        }
    }
}

#[test]
fn the_protocol_knows_no_network_no_database_and_no_clock() {
    let own = workspace_dependencies();
    for forbidden in ["tokio", "actix-web", "sea-orm", "sqlx", "reqwest", "futures"] {
        assert!(!own["scim"].contains(forbidden), "scim must not use {forbidden}");
    }
}

#[test]
fn no_file_is_longer_than_its_reader_has_patience_for() {
    let long: Vec<String> = rust_files(&root())
        .into_iter()
        .map(|path| (std::fs::read_to_string(&path).expect("a file").lines().count(), path))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, path)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "longer than {LINES} lines:\n{}", long.join("\n"));
}

/// The packages of the workspace with the names of everything they depend on in a build.
fn workspace_dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo metadata");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("its JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (text(&package["name"]), dependencies(package))).collect()
}

fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter().filter(|dependency| dependency["kind"].is_null()).map(|dependency| text(&dependency["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let skipped = ["target", "fixtures", ".git", "data"];
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().filter(|path| !skipped.iter().any(|name| path.ends_with(name)));
    let own = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    own.chain(inner.flat_map(|path| rust_files(path))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
