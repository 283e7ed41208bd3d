//! The tables of the store.

pub(super) const ALL: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS users (
        id TEXT NOT NULL PRIMARY KEY,
        external_id TEXT,
        user_name TEXT NOT NULL,
        active BOOLEAN NOT NULL,
        email TEXT,
        given_name TEXT,
        family_name TEXT,
        display_name TEXT,
        title TEXT,
        department TEXT,
        manager_id TEXT,
        data TEXT NOT NULL,
        version BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS \"groups\" (
        id TEXT NOT NULL PRIMARY KEY,
        external_id TEXT,
        display_name TEXT NOT NULL,
        data TEXT NOT NULL,
        version BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS memberships (
        group_id TEXT NOT NULL,
        member_id TEXT NOT NULL,
        PRIMARY KEY (group_id, member_id))",
    "CREATE TABLE IF NOT EXISTS events (
        sequence BIGINT NOT NULL PRIMARY KEY,
        id TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT NOT NULL,
        time TEXT NOT NULL,
        data TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS tenantry_position (
        one BIGINT NOT NULL PRIMARY KEY,
        sequence BIGINT NOT NULL)",
];
