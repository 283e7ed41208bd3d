\set user random(1, :users)
BEGIN;
SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND id = ('00000000-0000-7000-8000-' || lpad(:user::text, 12, '0'))::uuid FOR UPDATE;
UPDATE resources SET version = version + 1, modified = 1700000000001, document = :document
WHERE tenant_id = 1 AND id = ('00000000-0000-7000-8000-' || lpad(:user::text, 12, '0'))::uuid;
UPDATE directories SET sequence = sequence + 1 WHERE tenant_id = 1 RETURNING sequence \gset
INSERT INTO events VALUES (1, :sequence, gen_random_uuid(), 'user.updated', 'Users', 1700000000001, :document);
COMMIT;
