-- The tables that pgbench works on: the columns and indexes with which the server keeps users, and its event log.
CREATE TABLE directories (
    tenant_id BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL
);
CREATE TABLE resources (
    tenant_id BIGINT NOT NULL,
    id UUID NOT NULL,
    kind BIGINT NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    active BOOLEAN NOT NULL,
    user_name TEXT,
    external_id TEXT,
    display_name TEXT,
    display TEXT,
    manager_id UUID,
    member_count BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE TABLE emails (
    tenant_id BIGINT NOT NULL,
    value TEXT NOT NULL,
    resource_id UUID NOT NULL,
    PRIMARY KEY (tenant_id, value, resource_id)
);
CREATE TABLE events (
    tenant_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    time BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);
CREATE UNIQUE INDEX resources_position ON resources (tenant_id, kind, position);
CREATE UNIQUE INDEX resources_user_name ON resources (tenant_id, user_name);
CREATE INDEX resources_external_id ON resources (tenant_id, kind, external_id);
CREATE INDEX resources_display_name ON resources (tenant_id, kind, display_name);
CREATE INDEX resources_manager ON resources (tenant_id, manager_id);
CREATE INDEX emails_resource ON emails (tenant_id, resource_id);

-- Numbers the users that create.sql inserts, for a second tenant.
CREATE SEQUENCE positions;
