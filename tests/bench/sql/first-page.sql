SELECT id, version, created, modified, document FROM resources
WHERE tenant_id = 1 AND kind = 1 AND position > 0 ORDER BY position LIMIT 100;
