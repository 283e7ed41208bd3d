//! The migrations of the store's tables. One statement each, so that MySQL, which cannot take back half of one, makes it wholly or
//! not at all. What is here was made somewhere: it is never changed, only followed by more.

use super::names;

/// A part of the tables, with migrations of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) tables: &'static [&'static str],
    pub(super) steps: &'static [&'static str],
}

/// What tells whose the other tables are; it is made before them.
pub(super) const STORE: &str = "CREATE TABLE {tenantry_store} (
    one INTEGER NOT NULL PRIMARY KEY,
    store_id {id} NOT NULL,
    tenant {word} NOT NULL,
    position BIGINT NOT NULL,
    writes BIGINT NOT NULL,
    generation BIGINT NOT NULL){end}";

/// Which migrations were made.
pub(super) const VERSIONS: &str = "CREATE TABLE {tenantry_versions} (
    part {word} NOT NULL,
    version BIGINT NOT NULL,
    made_at {time} NOT NULL,
    PRIMARY KEY (part, version)){end}";

/// Users, groups and memberships.
pub(super) const DIRECTORY: Part = Part {
    name: "directory",
    tables: &[names::USERS, names::GROUPS, names::MEMBERSHIPS],
    steps: &[
        "CREATE TABLE {users} (
            id {id} NOT NULL PRIMARY KEY,
            external_id {text},
            user_name {name} NOT NULL,
            active {flag} NOT NULL,
            email {name},
            formatted_name {text},
            given_name {text},
            family_name {text},
            middle_name {text},
            honorific_prefix {text},
            honorific_suffix {text},
            display_name {text},
            nick_name {text},
            title {text},
            user_type {text},
            department {text},
            organization {text},
            division {text},
            cost_center {text},
            employee_number {text},
            manager_id {text},
            manager_name {text},
            preferred_language {text},
            locale {text},
            timezone {text},
            profile_url {text},
            data {json} NOT NULL,
            version BIGINT NOT NULL,
            created_at {time},
            changed_at {time} NOT NULL,
            generation BIGINT NOT NULL){end}",
        "CREATE TABLE {groups} (
            id {id} NOT NULL PRIMARY KEY,
            external_id {text},
            display_name {text} NOT NULL,
            data {json} NOT NULL,
            version BIGINT NOT NULL,
            created_at {time},
            changed_at {time} NOT NULL,
            generation BIGINT NOT NULL){end}",
        "CREATE TABLE {memberships} (
            group_id {id} NOT NULL,
            member_id {id} NOT NULL,
            member_type {word},
            generation BIGINT NOT NULL,
            PRIMARY KEY (group_id, member_id)){end}",
        "CREATE INDEX {prefix}memberships_by_member ON {memberships} (member_id, group_id)",
        "CREATE INDEX {prefix}users_by_user_name ON {users} ({by user_name})",
        "CREATE INDEX {prefix}users_by_email ON {users} ({by email})",
        "CREATE INDEX {prefix}users_by_external_id ON {users} ({by external_id})",
    ],
};

/// The events.
pub(super) const EVENTS: Part = Part {
    name: "events",
    tables: &[names::EVENTS],
    steps: &["CREATE TABLE {events} (
        sequence BIGINT NOT NULL PRIMARY KEY,
        id {id} NOT NULL,
        type {word} NOT NULL,
        subject {text} NOT NULL,
        time {time} NOT NULL,
        data {json} NOT NULL){end}"],
};
