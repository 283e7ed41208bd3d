\set user random(1, :users)
SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND kind = 1 AND external_id = '8f14e45f-s-' || lpad(:user::text, 7, '0');
