\set user random(1, :users)
SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND id = ('00000000-0000-7000-8000-' || lpad(:user::text, 12, '0'))::uuid;
