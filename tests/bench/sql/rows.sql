-- Fills the tables with :users people of tenant 1, each with the document :'document'.
INSERT INTO directories VALUES (1, 0), (2, 0);
INSERT INTO resources
SELECT 1, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, n, 1, 1700000000000, 1700000000000, true,
    'mara.voss.s' || lpad(n::text, 7, '0') || '@bench.example', '8f14e45f-s-' || lpad(n::text, 7, '0'),
    'mara voss ' || n, 'Mara Voss ' || n, NULL, 0, :'document'
FROM generate_series(1, :users) AS n;
INSERT INTO emails
SELECT 1, 'mara.voss.s' || lpad(position::text, 7, '0') || '@mail.bench.example', id FROM resources;
