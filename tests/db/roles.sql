-- SPDX-License-Identifier: Apache-2.0
-- Who may do what: one line a role and object, nothing where nothing is allowed. SELECT(a,b) = only these columns; RLS = row by row.
WITH
role AS (SELECT oid, rolname FROM pg_roles WHERE rolname LIKE 'kith\_%'),
relation AS (
  SELECT c.oid, c.relkind, c.relrowsecurity, format('%s.%s', n.nspname, c.relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition),
verb (n, verb) AS (VALUES (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE'), (5, 'TRUNCATE'), (6, 'REFERENCES'), (7, 'TRIGGER')),
allowed AS (
  SELECT r.rolname, t.name, v.n, t.relrowsecurity,
    CASE WHEN has_table_privilege(r.oid, t.oid, v.verb) THEN v.verb
         WHEN v.n IN (1, 2, 3, 6) THEN (
           SELECT v.verb || '(' || string_agg(a.attname, ',' ORDER BY a.attnum) || ')' FROM pg_attribute a
           WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(r.oid, t.oid, a.attnum, v.verb))
    END AS what
  FROM role r CROSS JOIN relation t CROSS JOIN verb v
  WHERE r.rolname <> 'kith_owner')
SELECT format('role %s: %s', r.rolname, concat_ws(', ', CASE WHEN rolcanlogin THEN 'login' ELSE 'no login' END,
  CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
  CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
  (SELECT 'member of ' || string_agg(roleid::regrole::text, ' ' ORDER BY 1) FROM pg_auth_members m WHERE m.member = r.oid))) AS line
FROM pg_roles r WHERE rolname LIKE 'kith\_%'
UNION ALL
SELECT format('schema %s: %s %s', n.nspname, r.rolname, concat_ws(' ',
  CASE WHEN has_schema_privilege(r.oid, n.oid, 'USAGE') THEN 'USAGE' END, CASE WHEN has_schema_privilege(r.oid, n.oid, 'CREATE') THEN 'CREATE' END))
FROM role r CROSS JOIN pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_schema_privilege(r.oid, n.oid, 'USAGE, CREATE')
UNION ALL
SELECT format('table %s: %s %s%s', name, rolname, string_agg(what, ' ' ORDER BY n), CASE WHEN relrowsecurity THEN ' RLS' ELSE '' END)
FROM allowed WHERE what IS NOT NULL GROUP BY name, rolname, relrowsecurity
UNION ALL
SELECT format('function %s: %s EXECUTE', p.oid::regprocedure, r.rolname)
FROM role r CROSS JOIN pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
ORDER BY 1;
