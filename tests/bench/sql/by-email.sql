\set user random(1, :users)
SELECT r.id, r.version, r.created, r.modified, r.document FROM emails e
JOIN resources r ON r.tenant_id = e.tenant_id AND r.id = e.resource_id
WHERE e.tenant_id = 1 AND e.value = 'mara.voss.s' || lpad(:user::text, 7, '0') || '@mail.bench.example';
