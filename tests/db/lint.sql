-- SPDX-License-Identifier: Apache-2.0
-- What the schema promises so that districts can be spread over a Citus cluster unmodified, as far as the catalogs of a plain PostgreSQL
-- show it. One row a violation: rule, object. lint_test.sh explains the rules and plants a violation of each.
WITH
relation AS (
  SELECT c.oid, c.relkind, c.relispartition, c.relrowsecurity, c.relacl, c.relowner, c.reloptions, c.relname, n.nspname,
         format('%I.%I', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  -- kith: the migration runner's own table
  WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'kith') AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')),
tenant_column AS (
  SELECT attrelid, attnum, attnotnull FROM pg_attribute WHERE attname = 'district_id' AND attnum > 0 AND NOT attisdropped),
plain AS (SELECT * FROM relation WHERE relkind IN ('r', 'p')),
-- Tables that are no tenant's. Keep it short, and say why.
exempt (name) AS (SELECT NULL::text WHERE false),
foreign_key AS (
  SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.confdeltype, k.confupdtype, k.conkey, k.confkey, r.name, r.nspname
  FROM pg_constraint k JOIN plain r ON r.oid = k.conrelid WHERE k.contype = 'f' AND k.conparentid = 0),
policy AS (
  SELECT r.name || ' ' || p.polname AS name, concat(p.polqual::text, p.polwithcheck::text) AS tree,
         concat(pg_get_expr(p.polqual, p.polrelid), ' ', pg_get_expr(p.polwithcheck, p.polrelid)) AS text
  FROM pg_policy p JOIN relation r ON r.oid = p.polrelid)

SELECT 'tenant_column' AS rule, r.name AS object
FROM plain r LEFT JOIN tenant_column t ON t.attrelid = r.oid
WHERE t.attnum IS NULL AND r.name NOT IN (SELECT name FROM exempt)
UNION ALL
SELECT 'tenant_not_null', r.name FROM plain r JOIN tenant_column t ON t.attrelid = r.oid WHERE NOT t.attnotnull
UNION ALL
SELECT 'primary_key', r.name FROM plain r
WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisprimary)
UNION ALL
-- primary keys, unique constraints, unique indexes and exclusions all have an index
SELECT 'tenant_first', format('%s %s', r.name, i.indexrelid::regclass)
FROM pg_index i JOIN plain r ON r.oid = i.indrelid JOIN tenant_column t ON t.attrelid = r.oid
WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] <> t.attnum
UNION ALL
SELECT 'fk_tenant', format('%s %s', k.name, k.conname)
FROM foreign_key k JOIN tenant_column a ON a.attrelid = k.conrelid JOIN tenant_column b ON b.attrelid = k.confrelid
WHERE array_position(k.conkey, a.attnum) IS DISTINCT FROM 1 OR array_position(k.confkey, b.attnum) IS DISTINCT FROM 1
UNION ALL
SELECT 'fk_schema', format('%s %s', k.name, k.conname)
FROM foreign_key k JOIN relation b ON b.oid = k.confrelid WHERE b.nspname <> k.nspname
UNION ALL
SELECT 'fk_set', format('%s %s', k.name, k.conname)
FROM foreign_key k WHERE k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('n', 'd')
UNION ALL
SELECT 'trigger', format('%s %s', r.name, t.tgname)
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'trigger', evtname FROM pg_event_trigger
UNION ALL
SELECT 'policy_select', name FROM policy WHERE tree LIKE '%SUBLINK%'
UNION ALL
SELECT 'policy_function', format('%s %s', p.name, f.found[1])
FROM policy p CROSS JOIN LATERAL regexp_matches(p.text, '([A-Za-z0-9_."]+)\(', 'g') AS f(found)
WHERE lower(f.found[1]) NOT IN ('current_setting', 'nullif', 'coalesce')
UNION ALL
SELECT 'identity_bigint', format('%s.%s', r.name, a.attname)
FROM pg_attribute a JOIN plain r ON r.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE NOT a.attisdropped AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%') AND a.atttypid <> 'int8'::regtype
UNION ALL
SELECT 'partition_depth', name FROM relation WHERE relkind = 'p' AND relispartition
UNION ALL
SELECT 'view_invoker', name FROM relation
WHERE relkind IN ('v', 'm') AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)
UNION ALL
SELECT 'view_name', name FROM relation WHERE relkind IN ('v', 'm') AND relname NOT LIKE 'pub\_%'
UNION ALL
SELECT 'owner', name FROM relation WHERE pg_get_userbyid(relowner) <> 'kith_owner'
UNION ALL
SELECT 'owner', nspname FROM pg_namespace
WHERE nspname IN (SELECT nspname FROM relation) AND pg_get_userbyid(nspowner) <> 'kith_owner'
UNION ALL
SELECT 'partition_privilege', format('%s %s', r.name, a.grantee::regrole)
FROM relation r CROSS JOIN LATERAL aclexplode(r.relacl) a WHERE r.relispartition AND a.grantee <> r.relowner
UNION ALL
SELECT 'public_privilege', r.name
FROM relation r CROSS JOIN LATERAL aclexplode(r.relacl) a WHERE a.grantee = 0
UNION ALL
-- what tells of single students is shown to the console only under row-level security
SELECT 'row_security', r.name
FROM plain r JOIN pg_attribute s ON s.attrelid = r.oid AND s.attname = 'student_id'
WHERE NOT r.relrowsecurity AND NOT r.relispartition AND has_any_column_privilege('kith_console', r.oid, 'SELECT')
ORDER BY 1, 2;
