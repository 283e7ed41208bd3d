\set after :users * 9 / 10
SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND kind = 1 AND position > :after ORDER BY position LIMIT 100;
