WITH new AS (SELECT nextval('positions') AS n),
created AS (
    INSERT INTO resources
    SELECT 2, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, n, 1, 1700000000000, 1700000000000, true,
        'mara.voss.c' || lpad(n::text, 7, '0') || '@bench.example', '8f14e45f-c-' || lpad(n::text, 7, '0'),
        'mara voss ' || n, 'Mara Voss ' || n, NULL, 0, :document
    FROM new
    RETURNING id, position, document
)
INSERT INTO events SELECT 2, position, gen_random_uuid(), 'user.created', id::text, 1700000000000, document FROM created;
