//! The SQL of a batch. Every statement takes its rows as one parameter, so it has one text for all batches.

use database::rows::Column::{Boolean, Integer, OptionalText, OptionalUuid, Text, Uuid};
use database::rows::{Named, source};
use sea_orm::DbBackend;

use super::breaker::Sql;
use super::invitation;
use crate::read::{RECORD_COLUMNS, RECORD_COUNT, groups_expression};

/// A resource by tenant and id.
pub(super) const PLACE: [Named; 2] = [("tenant_id", Integer), ("id", Uuid)];
pub(super) const PAIR: [Named; 3] = [("tenant_id", Integer), ("group_id", Uuid), ("member_id", Uuid)];
pub(super) const NAME: [Named; 2] = [("tenant_id", Integer), ("name", Text)];
pub(super) const TENANT: [Named; 1] = [("tenant_id", Integer)];

/// A resource that is changed, and whether the answer shows the groups it is in.
pub(super) const TARGET: [Named; 3] = [PLACE[0], PLACE[1], ("with_groups", Boolean)];
pub(super) const EMAIL: [Named; 3] = [("tenant_id", Integer), ("value", Text), ("resource_id", Uuid)];
pub(super) const MEMBERSHIP: [Named; 4] = [PAIR[0], PAIR[1], PAIR[2], ("display", OptionalText)];
pub(super) const BLOCK: [Named; 4] = [("tenant_id", Integer), ("kind", Integer), ("block", Integer), ("live", Integer)];
/// By how much the counters of a directory grow, and what they are then.
pub(super) const COUNTERS: [Named; 6] = [
    ("tenant_id", Integer),
    ("events", Integer),
    ("positions", Integer),
    ("sequence", Integer),
    ("next_position", Integer),
    ("naming", Integer),
];

/// The columns of `resources`, as they are written.
pub(super) const RESOURCE: [Named; 16] = [
    ("tenant_id", Integer),
    ("id", Uuid),
    ("kind", Integer),
    ("position", Integer),
    ("version", Integer),
    ("created", Integer),
    ("modified", Integer),
    ("active", Boolean),
    ("user_name", OptionalText),
    ("external_id", OptionalText),
    ("display_name", OptionalText),
    ("display", OptionalText),
    ("manager_id", OptionalUuid),
    ("member_count", Integer),
    ("document", Text),
    ("told_name", OptionalText),
];

/// The place of a user's told name in what `targets` answers: after the tenant, the record and the groups.
pub(super) const TOLD_NAME: usize = RECORD_COUNT + 2;

/// How many of [`RESOURCE`] never change: tenant, id, kind, position.
const FIXED: usize = 4;

#[derive(Debug)]
pub(crate) struct Statements {
    pub(super) backend: DbBackend,
    pub(super) lock: String,
    pub(super) counters: String,
    pub(super) create_directories: String,
    pub(super) targets: String,
    pub(super) mentioned: String,
    pub(super) pairs: String,
    pub(super) whole_groups: String,
    pub(super) user_names: String,
    pub(super) group_names: String,
    pub(super) told_names: String,
    pub(super) groups_of: String,
    pub(super) reports_of: String,
    pub(super) insert_resources: String,
    pub(super) update_resources: String,
    pub(super) delete_resources: String,
    pub(super) delete_emails: String,
    pub(super) insert_emails: String,
    pub(super) insert_memberships: String,
    pub(super) delete_memberships: String,
    pub(super) delete_members_of: String,
    pub(super) delete_member: String,
    pub(super) count_blocks: String,
    pub(super) save_counters: String,
    pub(super) append_events: String,
    pub(super) keep_password_hashes: String,
    pub(super) notices: String,
    pub(super) delete_notices: String,
    pub(super) breaker: Sql,
    pub(super) invitation: invitation::Sql,
    pub(super) note: String,
    pub(super) erase: [String; 11],
}

impl Statements {
    pub(crate) fn new(backend: DbBackend) -> Self {
        let rows = |columns: &[Named]| source(backend, 1, "k", columns);
        let place = rows(&PLACE);
        let resource = rows(&RESOURCE);
        let lock_rows = if backend == DbBackend::Postgres { "FOR UPDATE OF d" } else { "" };
        Self {
            backend,
            lock: counters(&rows(&TENANT), lock_rows),
            counters: counters(&rows(&TENANT), ""),
            create_directories: create_directories(backend, &rows(&TENANT)),
            targets: targets(backend),
            mentioned: format!(
                "SELECT r.tenant_id, CAST(r.id AS text), r.kind, r.display FROM {place} CROSS JOIN resources r \
                 WHERE r.tenant_id = k.tenant_id AND r.id = k.id"
            ),
            pairs: pairs(&rows(&PAIR)),
            whole_groups: whole_groups(&place),
            user_names: names(backend, "r.user_name = k.name"),
            group_names: names(backend, "r.kind = 2 AND r.display_name = k.name"),
            told_names: names(backend, "r.told_name = k.name"),
            groups_of: format!(
                "SELECT CAST(m.group_id AS text) FROM {place} CROSS JOIN memberships m \
                 WHERE m.tenant_id = k.tenant_id AND m.member_id = k.id"
            ),
            reports_of: reports_of(&place),
            insert_resources: insert("resources", &RESOURCE, &resource),
            update_resources: update(&resource),
            delete_resources: format!(
                "DELETE FROM resources WHERE (tenant_id, id) IN (SELECT k.tenant_id, k.id FROM {place})"
            ),
            delete_emails: format!(
                "DELETE FROM emails WHERE (tenant_id, value, resource_id) IN \
                 (SELECT k.tenant_id, k.value, k.resource_id FROM {})",
                rows(&EMAIL)
            ),
            insert_emails: insert("emails", &EMAIL, &rows(&EMAIL)),
            insert_memberships: insert_memberships(backend),
            delete_memberships: format!(
                "DELETE FROM memberships WHERE (tenant_id, group_id, member_id) IN \
                 (SELECT k.tenant_id, k.group_id, k.member_id FROM {})",
                rows(&PAIR)
            ),
            delete_members_of: format!(
                "DELETE FROM memberships WHERE (tenant_id, group_id) IN (SELECT k.tenant_id, k.id FROM {place})"
            ),
            delete_member: format!(
                "DELETE FROM memberships WHERE (tenant_id, member_id) IN (SELECT k.tenant_id, k.id FROM {place})"
            ),
            count_blocks: count_blocks(backend),
            save_counters: save_counters(backend),
            append_events: events::insertion(backend),
            keep_password_hashes: events::insertion_of_password_hashes(backend),
            notices: tenancy::notices(backend),
            delete_notices: tenancy::removal_of_notices(backend),
            breaker: Sql::new(backend),
            invitation: invitation::Sql::new(backend),
            note: journal::insertion(backend),
            erase: erase(backend),
        }
    }
}

fn reports_of(place: &str) -> String {
    format!(
        "SELECT CAST(r.id AS text) FROM {place} CROSS JOIN resources r \
         WHERE r.tenant_id = k.tenant_id AND r.manager_id = k.id"
    )
}

fn counters(tenants: &str, lock: &str) -> String {
    format!(
        "SELECT d.tenant_id, d.sequence, d.next_position, d.naming, d.counts_new, d.named_by FROM {tenants} \
         CROSS JOIN directories d WHERE d.tenant_id = k.tenant_id ORDER BY d.tenant_id {lock}"
    )
}

/// Only for tenants that there are, and that stay until the batch is made.
fn create_directories(backend: DbBackend, tenants: &str) -> String {
    let keep = if backend == DbBackend::Postgres { "FOR KEY SHARE OF t" } else { "" };
    format!(
        "INSERT INTO directories (tenant_id) SELECT t.id FROM {tenants} CROSS JOIN tenants t WHERE t.id = k.tenant_id \
         {keep} ON CONFLICT DO NOTHING"
    )
}

fn erase(backend: DbBackend) -> [String; 11] {
    let rows = source(backend, 1, "k", &TENANT);
    let tables = [
        "resources",
        "emails",
        "memberships",
        "blocks",
        "events",
        "password_hashes",
        "notices",
        "endings",
        "breakers",
        "invitations",
        "directories",
    ];
    tables.map(|table| format!("DELETE FROM {table} WHERE tenant_id IN (SELECT k.tenant_id FROM {rows})"))
}

fn pairs(rows: &str) -> String {
    format!(
        "SELECT m.tenant_id, CAST(m.group_id AS text), CAST(m.member_id AS text), m.display FROM {rows} \
         CROSS JOIN memberships m WHERE m.tenant_id = k.tenant_id AND m.group_id = k.group_id \
         AND m.member_id = k.member_id"
    )
}

fn whole_groups(place: &str) -> String {
    format!(
        "SELECT m.tenant_id, CAST(m.group_id AS text), CAST(m.member_id AS text), m.display, r.kind, r.display \
         FROM {place} CROSS JOIN memberships m CROSS JOIN resources r WHERE m.tenant_id = k.tenant_id \
         AND m.group_id = k.id AND r.tenant_id = m.tenant_id AND r.id = m.member_id"
    )
}

fn targets(backend: DbBackend) -> String {
    let keys = source(backend, 1, "k", &TARGET);
    let groups = groups_expression(backend);
    format!(
        "SELECT r.tenant_id, {RECORD_COLUMNS}, CASE WHEN k.with_groups THEN {groups} END, r.told_name FROM {keys} \
         CROSS JOIN resources r WHERE r.tenant_id = k.tenant_id AND r.id = k.id"
    )
}

fn names(backend: DbBackend, condition: &str) -> String {
    let keys = source(backend, 1, "k", &NAME);
    format!(
        "SELECT r.tenant_id, k.name, CAST(r.id AS text) FROM {keys} CROSS JOIN resources r \
         WHERE r.tenant_id = k.tenant_id AND {condition}"
    )
}

fn column_names(columns: &[Named], prefix: &str) -> String {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("{prefix}{name}")).collect();
    names.join(", ")
}

fn insert(table: &str, columns: &[Named], rows: &str) -> String {
    format!("INSERT INTO {table} ({}) SELECT {} FROM {rows}", column_names(columns, ""), column_names(columns, "k."))
}

fn update(rows: &str) -> String {
    let changing = RESOURCE.iter().skip(FIXED);
    let set: Vec<String> = changing.map(|(name, _)| format!("{name} = k.{name}")).collect();
    format!("UPDATE resources AS r SET {} FROM {rows} WHERE r.tenant_id = k.tenant_id AND r.id = k.id", set.join(", "))
}

fn insert_memberships(backend: DbBackend) -> String {
    let rows = source(backend, 1, "k", &MEMBERSHIP);
    format!(
        "{} WHERE true ON CONFLICT (tenant_id, group_id, member_id) DO UPDATE SET display = excluded.display",
        insert("memberships", &MEMBERSHIP, &rows)
    )
}

fn count_blocks(backend: DbBackend) -> String {
    let rows = source(backend, 1, "k", &BLOCK);
    format!(
        "{} WHERE true ON CONFLICT (tenant_id, kind, block) DO UPDATE SET live = blocks.live + excluded.live",
        insert("blocks", &BLOCK, &rows)
    )
}

/// Waits for whoever is writing to the directory. On PostgreSQL it tells whether events and positions were counted from
/// where they left off; on SQLite nobody else can be writing.
fn save_counters(backend: DbBackend) -> String {
    let rows = source(backend, 1, "k", &COUNTERS);
    let held = match backend {
        DbBackend::Postgres => {
            "RETURNING d.sequence = k.sequence AND d.next_position = k.next_position AND d.naming = k.naming AS held"
        }
        _ => "",
    };
    format!(
        "UPDATE directories AS d SET sequence = d.sequence + k.events, next_position = d.next_position + k.positions \
         FROM {rows} WHERE d.tenant_id = k.tenant_id {held}"
    )
}
