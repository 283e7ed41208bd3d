//! The command line without a server: arguments, tables, and what they hide.

use clap::{CommandFactory, Parser};
use serde_json::json;

use super::{Cli, assignments, limits, resource, table, tenant, token};

#[test]
fn the_arguments_make_sense() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example() {
    fn check(command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example"), "{} has no example", command.get_name());
        command.get_subcommands().filter(|command| command.get_name() != "help").for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn every_example_is_understood() {
    fn examples(command: &clap::Command, found: &mut Vec<String>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        found.extend(help.lines().filter_map(|line| line.rsplit_once(" tenantry ").map(|(_, line)| line.to_owned())));
        command.get_subcommands().for_each(|command| examples(command, found));
    }
    let mut found = Vec::new();
    examples(&Cli::command(), &mut found);
    assert!(found.len() > 20, "{found:?}");
    for line in found {
        let words = words(&line);
        let parsed = Cli::try_parse_from(std::iter::once("tenantry".to_owned()).chain(words.clone()));
        if let Err(error) = parsed {
            panic!("{words:?}: {error}");
        }
    }
}

/// The words of a shell line up to what is no argument any more: a pipe, a redirection, or the remark after two spaces.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" | ").next().unwrap().split(" > ").next().unwrap().split("   ").next().unwrap();
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn a_created_tenant_is_shown_with_its_token() {
    let answer = json!({
        "name": "acme", "enabled": true, "base_url": "http://127.0.0.1:8080/t/acme/scim/v2",
        "token": "abc.def", "token_id": "7d0c", "expires": "2027-01-02T03:04:05Z",
    });
    assert_eq!(
        tenant::created_text(&answer),
        "Tenant acme is created.\n\n\
         Tenant URL  http://127.0.0.1:8080/t/acme/scim/v2\n\
         Token       abc.def\n\
         Token id    7d0c\n\
         Expires     2027-01-02 03:04\n\n\
         The token is shown this once.\n"
    );
}

#[test]
fn tokens_are_a_table() {
    let answer = json!({"tenant": "acme", "tokens": [
        {"id": "aa", "state": "current", "issued": "2026-01-02T03:04:05Z", "expires": "2027-01-02T03:04:05Z", "ended": null,
         "scopes": ["users"], "networks": ["192.0.2.0/24"],
         "last_used": {"time": "2026-01-03T03:04:05Z", "address": "192.0.2.7", "client": "okta"}},
        {"id": "bb", "state": "superseded", "issued": "2025-01-02T03:04:05Z", "expires": "2026-01-02T03:04:05Z",
         "ended": "2026-01-02T03:04:05Z"},
    ]});
    assert_eq!(
        token::list_text(&answer),
        "TOKEN ID  STATE       ISSUED            EXPIRES           ENDED             LAST USED                        ONLY\n\
         aa        current     2026-01-02 03:04  2027-01-02 03:04                    2026-01-03 03:04 okta 192.0.2.7  \
         users from 192.0.2.0/24\n\
         bb        superseded  2025-01-02 03:04  2026-01-02 03:04  2026-01-02 03:04\n"
    );
    assert_eq!(
        token::list_text(&json!({"tenant": "acme", "tokens": []})),
        "There is no token yet. Issue one: tenantry token issue acme"
    );
}

#[test]
fn a_page_of_users_says_which_part_it_is() {
    let answer = json!({"tenant": "acme", "total": 7, "start": 3, "users": [
        {"id": "1", "userName": "ada", "displayName": "Ada", "active": true, "externalId": "e1"},
        {"id": "2", "userName": "bob", "active": false},
    ]});
    assert_eq!(
        resource::users_text(&answer),
        "USERNAME  DISPLAY NAME  ACTIVE  EXTERNAL ID  ID\n\
         ada       Ada           yes     e1           1\n\
         bob                     no                   2\n\
         \n3 to 4 of 7 users"
    );
    let beyond = json!({"total": 7, "start": 9, "users": []});
    assert_eq!(resource::users_text(&beyond), "There are 7 users; number 9 is beyond the last.");
    let none = json!({"total": 0, "start": 1, "groups": []});
    assert_eq!(resource::groups_text(&none), "There are no groups to show.");
}

#[test]
fn what_clients_sent_does_not_steer_the_terminal() {
    let answer = json!({"total": 1, "start": 1, "users": [{"id": "1", "userName": "\u{1b}[2Jada\n\u{7}"}]});
    let text = resource::users_text(&answer);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    assert_eq!(text.lines().count(), 2, "{text:?}");
}

#[test]
fn facts_stand_under_each_other() {
    let text = table::facts([("A", "1".to_owned()), ("Long", "2".to_owned())]);
    assert_eq!(text, "A     1\nLong  2\n");
}

#[test]
fn settings_of_a_tenant_are_json_or_words() {
    let words = ["strict=true", "rate_burst=7", "name=ada", "extensions=[]", "unique_group_names="].map(str::to_owned);
    let expected =
        json!({"strict": true, "rate_burst": 7, "name": "ada", "extensions": [], "unique_group_names": null});
    assert_eq!(serde_json::Value::Object(assignments::parse(&words).unwrap()), expected);
    let refused = assignments::parse(&["strict".to_owned()]).unwrap_err();
    assert_eq!(refused.message, "\"strict\" is not of the form NAME=VALUE, such as strict=true");
    let refused = assignments::parse(&["extensions=@no/such/file".to_owned()]).unwrap_err();
    assert!(refused.message.starts_with("no/such/file cannot be read: "), "{refused}");
}

#[test]
fn the_help_names_every_setting_of_a_tenant() {
    let help = Cli::command().find_subcommand("tenant").unwrap().find_subcommand("set").unwrap().clone();
    let help = help.get_after_help().unwrap().to_string();
    for name in tenancy::Settings::names() {
        assert!(help.contains(&name), "{name}");
    }
}

#[test]
fn limits_are_shown_with_where_they_come_from() {
    let all = |failures: u32| json!({"address_requests_per_second": 0, "address_requests_burst": 20000, "address_per_second": 30, "address_burst": failures});
    let answer = json!({"limits": all(7), "settings": all(300), "set": ["address_burst"]});
    assert_eq!(
        limits::shown_text(&answer),
        "LIMIT                        VALUE  FROM             SETTINGS  OF ONE NETWORK ADDRESS\n\
         address_requests_per_second  0      the settings     0         requests a second (0: no limit)\n\
         address_requests_burst       20000  the settings     20000     requests at once\n\
         address_per_second           30     the settings     30        requests without a valid token a second\n\
         address_burst                7      set at run time  300       requests without a valid token at once\n"
    );
    let help = Cli::command().find_subcommand("limits").unwrap().find_subcommand("set").unwrap().clone();
    let help = help.get_after_help().unwrap().to_string();
    assert!(tenancy::AddressLimit::ALL.iter().all(|limit| help.contains(limit.name())), "{help}");
}

#[test]
fn events_have_no_negative_numbers() {
    let tail = |from: &str| Cli::try_parse_from(["tenantry", "events", "tail", "acme", "--from", from]);
    tail("0").unwrap();
    for wrong in ["-1", "many"] {
        let refused = tail(wrong).unwrap_err().to_string();
        assert!(refused.contains(&format!("'{wrong}' for '--from <N>': events are numbered from 1 on")), "{refused}");
    }
}
