//! The tour in the README, and what docs/api.md shows, work as they are printed.

use std::path::Path;
use std::process::Command;

use crate::stores::add_store;
use crate::support::{System, Tenant};

on_both! {
    /// Every command of the tour, in one shell; what it prints is what the README shows, with anything for `…`.
    async fn the_tour_of_the_readme_works_word_for_word(system) {
        let tenant = system.tenant("demo");
        add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db"]);
        let steps = tour();
        assert!(steps.len() > 5, "the tour has {} steps", steps.len());
        check(&system, &tenant, &steps);
    }

    /// The same for the page about the administration API, at a server of its own: it changes what is of all tenants.
    async fn the_page_about_the_api_works_word_for_word(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("demo");
        let local = |text: &str| {
            let (name, admin) = (&tenant.name, system.server().admin());
            text.replace("http://127.0.0.1:8081/api/v1", &admin)
                .replace("/tenants/demo", &format!("/tenants/{name}"))
                .replace("/t/demo/", &format!("/t/{name}/"))
                .replace("\"demo\"", &format!("\"{name}\""))
        };
        let steps: Vec<Step> = steps(&local(&read("docs/api.md")));
        assert_eq!(steps.len(), 8);
        check(&system, &tenant, &steps);
    }
}

/// Commands and what they print.
struct Step {
    commands: String,
    shown: String,
}

/// Printed after each step.
const END: &str = "@@ end of a step @@";

fn tour() -> Vec<Step> {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("## A tour\n").expect("a tour");
    let (tour, _) = rest.split_once("\n## ").expect("what follows the tour");
    steps(tour)
}

fn read(page: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn steps(text: &str) -> Vec<Step> {
    text.split("```sh\n").skip(1).map(step).collect()
}

/// Walks through all steps, and looks at what each has printed.
#[track_caller]
fn check(system: &System, tenant: &Tenant, steps: &[Step]) {
    let printed = walk(system, tenant, steps);
    for (step, part) in steps.iter().zip(printed.split(END)) {
        assert_shown(step, part);
    }
}

fn step(text: &str) -> Step {
    let (commands, rest) = text.split_once("```\n").expect("the end of the commands");
    let shown = rest.strip_prefix("```\n").and_then(|shown| shown.split_once("```")).map_or("", |(shown, _)| shown);
    Step { commands: commands.to_owned(), shown: shown.to_owned() }
}

/// Runs all steps with this tenant in the place of the one that a first start makes.
fn walk(system: &System, tenant: &Tenant, steps: &[Step]) -> String {
    let program = system.server().program(&[]).into_command().get_program().to_string_lossy().into_owned();
    let script: String = steps.iter().map(|step| format!("{}\nprintf '\\n{END}\\n'\n", step.commands)).collect();
    let script = script
        .replace("http://127.0.0.1:8080/t/demo/scim/v2", &tenant.base_url)
        .replace("target/debug/tenantry", &program)
        .replace("sqlite3 data/stores/demo/", &format!("arrived; sqlite3 stores/{}/", tenant.name))
        .replace(" demo", &format!(" {}", tenant.name));
    // A person is slower than the delivery; a script has to wait for it.
    let name = &tenant.name;
    let arrived = format!(
        "arrived() {{ until {program} store show {name} users --json | grep -q '\"lag\": 0,'; do sleep 0.1; done; }}\n"
    );
    let script = arrived + &script;
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("TENANTRY_DATA_DIR", system.server().data_folder())
        .current_dir(system.server().data_folder())
        .output()
        .expect("bash; the tour also needs curl and sed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Every piece between two `…` is there, in order.
#[track_caller]
fn assert_shown(step: &Step, printed: &str) {
    let mut rest = printed;
    for piece in step.shown.split(['…', '\n']).filter(|piece| !piece.is_empty()) {
        let place =
            rest.find(piece).unwrap_or_else(|| panic!("{}printed:\n{printed}\nwithout: {piece}", step.commands));
        rest = &rest[place + piece.len()..];
    }
}
