\set user random(1, :users)
SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND user_name = 'mara.voss.s' || lpad(:user::text, 7, '0') || '@bench.example';
