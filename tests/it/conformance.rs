//! `docs/conformance.md` is true: every requirement and every quirk has its row, and the tests it names are there. So are those
//! that `docs/failures.md` names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use scim::Quirk;

const REQUIREMENTS: usize = 169;
const QUIRKS: usize = 55;

#[test]
fn every_requirement_is_met_by_a_test_or_says_why_not() {
    check('R', REQUIREMENTS);
}

#[test]
fn every_quirk_is_met_by_a_test_or_says_why_not() {
    check('Q', QUIRKS);
}

#[test]
fn every_repair_that_is_counted_is_explained() {
    let page = page();
    let missing: Vec<&str> =
        Quirk::ALL.iter().map(|quirk| quirk.label()).filter(|label| !page.contains(&format!("`{label}`"))).collect();
    assert!(missing.is_empty(), "docs/conformance.md does not explain {missing:?}");
}

#[test]
fn every_test_with_a_number_is_about_something_in_the_page() {
    for name in tests() {
        for number in numbers(&name) {
            let (kind, digits) = number.split_at(1);
            let most = if kind == "r" { REQUIREMENTS } else { QUIRKS };
            let known = digits.parse::<usize>().is_ok_and(|number| (1..=most).contains(&number));
            assert!(known, "{name}: there is no {number}");
        }
    }
}

#[test]
fn every_failure_is_shown_by_tests_that_are_there() {
    let page = std::fs::read_to_string(root().join("docs/failures.md")).expect("docs/failures.md");
    let sources: Vec<String> =
        rust_files(&root()).into_iter().map(|path| std::fs::read_to_string(path).expect("a source file")).collect();
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what happens"));
    let mut count = 0;
    for row in rows {
        let shown = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last cell");
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test shows: {row}");
        for name in names {
            let is_there = sources.iter().any(|text| text.contains(&format!("fn {name}(")));
            assert!(is_there, "no test is named {name}");
        }
        count += 1;
    }
    assert!(count >= 20, "{count} rows");
}

/// The rows of one table: complete, in order, each with a test of its number or a reason.
fn check(kind: char, count: usize) {
    let tests = tests();
    let rows = rows(kind);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), (1..=count).collect::<Vec<_>>());
    let width = if kind == 'R' { 3 } else { 2 };
    for row in rows {
        let own = format!("{}{:0width$}", kind.to_ascii_lowercase(), row.number);
        let unknown: Vec<_> = row.tests.iter().filter(|name| !tests.contains(*name)).collect();
        assert!(unknown.is_empty(), "{own}: no test is named {unknown:?}");
        let shown = row.tests.iter().any(|name| numbers(name).contains(&own));
        let reason = row.state.split_once(" because ").is_some_and(|(_, reason)| reason.len() > 20);
        assert!(shown || reason, "{own} has neither a test of its number nor a reason: {}", row.state);
    }
}

/// A row: its number, its state, and the tests it names.
struct Row {
    number: usize,
    state: String,
    tests: Vec<String>,
}

fn rows(kind: char) -> Vec<Row> {
    page().lines().filter_map(|line| row(line, kind)).collect()
}

fn row(line: &str, kind: char) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let number = cells.first()?.strip_prefix(kind)?.parse().ok()?;
    let state = cells.get(2)?.to_string();
    let tests = cells.last()?.split('`').map(str::to_owned).filter(|part| !numbers(part).is_empty()).collect();
    Some(Row { number, state, tests })
}

/// `r079`, `q12` and so on at the beginning of a test's name.
fn numbers(name: &str) -> BTreeSet<String> {
    name.split('_').take_while(|word| is_number(word)).map(str::to_owned).collect()
}

fn is_number(word: &str) -> bool {
    let length = match word.chars().next() {
        Some('r') => 4,
        Some('q') => 3,
        _ => return false,
    };
    word.len() == length && word.chars().skip(1).all(|letter| letter.is_ascii_digit())
}

/// The names of all test functions that begin with a number.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in rust_files(&root()) {
        let text = std::fs::read_to_string(path).expect("a source file");
        names.extend(text.split("fn ").skip(1).map(name).filter(|name| !numbers(name).is_empty()));
    }
    names
}

fn name(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/conformance.md")).expect("docs/conformance.md")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let inner = folders.iter().filter(|path| !["target", ".git", "data"].iter().any(|name| path.ends_with(name)));
    let own = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    own.chain(inner.flat_map(|path| rust_files(path))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
