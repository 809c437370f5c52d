#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rules by which pooled districts can be spread over a Citus cluster without a change, and who may see what, as a lint: lint.sql asks
# the catalogs of a migrated PostgreSQL, the greps below read the SQL of the programs and of the migrations. A violation of each rule is
# planted to see that it is caught.
#
#   catalog   tenant_column tenant_not_null primary_key tenant_first   district_id is in every table, not null, first in every key
#             fk_tenant fk_schema fk_set                               foreign keys start with it, stay in their schema, never SET NULL/DEFAULT
#             trigger policy_select policy_function                    no triggers; policies look at the row and at a setting only
#             identity_bigint partition_depth                          bigint identities only, one level of partitions
#             view_invoker view_name owner                             views are pub_*, run as their reader; kith_owner owns everything
#             partition_privilege public_privilege row_security        no way around the parent's policies; nothing for PUBLIC
#   text      clock_in_upsert tenant_update notify set_config row_lock session_lock refused copy one_object
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
lint=$repo/tests/db/lint.sql

# ---- catalog ----
findings=$(pg_sql -At -F ' ' -f "$lint")
[ -z "$findings" ] || die "the schema breaks these rules (rule, object):
$findings"

planted=0
# caught RULE SQL: with this SQL the lint names the rule; nothing stays.
caught() {
    local rules
    rules=$({ printf 'BEGIN;\n%s;\n' "$2"; cat "$lint"; printf 'ROLLBACK;\n'; } | pg_sql -At -F ' ' -f - | cut -d' ' -f1)
    grep -qx "$1" <<<"$rules" || die "a planted violation of $1 was not caught: $2"
    planted=$((planted + 1))
}
table() { printf 'CREATE TABLE risk.planted (%s); ALTER TABLE risk.planted OWNER TO kith_owner' "$1"; }
caught tenant_column "$(table 'a int PRIMARY KEY')"
caught tenant_not_null "$(table 'district_id int, a int PRIMARY KEY')"
caught primary_key "$(table 'district_id int NOT NULL, a int')"
caught tenant_first "$(table 'district_id int NOT NULL, a int, PRIMARY KEY (a, district_id)')"
caught tenant_first "$(table 'district_id int PRIMARY KEY, a int UNIQUE')"
caught tenant_first "$(table 'district_id int PRIMARY KEY, a int'); CREATE UNIQUE INDEX ON risk.planted (a) WHERE a > 0"
caught tenant_first "$(table 'district_id int PRIMARY KEY, a int4range, EXCLUDE USING gist (a WITH &&)')"
caught fk_tenant "CREATE UNIQUE INDEX planted_key ON risk.flag (flag_id); ALTER TABLE risk.flag ADD UNIQUE USING INDEX planted_key;
    $(table 'district_id int PRIMARY KEY, f uuid REFERENCES risk.flag (flag_id)')"
caught fk_tenant "$(table 'district_id int, other int, f uuid, PRIMARY KEY (district_id, f), FOREIGN KEY (other, f) REFERENCES risk.flag (district_id, flag_id)')"
caught fk_schema "$(table 'district_id int PRIMARY KEY REFERENCES ingest.district')"
caught fk_set "$(table 'district_id int PRIMARY KEY REFERENCES risk.district ON DELETE SET NULL')"
caught fk_set "$(table 'district_id int PRIMARY KEY REFERENCES risk.district ON UPDATE SET DEFAULT')"
caught trigger "CREATE FUNCTION risk.planted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER planted AFTER INSERT ON risk.log EXECUTE FUNCTION risk.planted()"
caught trigger "CREATE FUNCTION risk.planted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER planted ON sql_drop EXECUTE FUNCTION risk.planted()"
caught policy_select "CREATE POLICY planted ON risk.flag TO kith_console USING (district_id IN (SELECT district_id FROM risk.district))"
caught policy_function "CREATE POLICY planted ON risk.flag TO kith_console USING (district_id = pg_backend_pid())"
caught policy_function "CREATE POLICY planted ON risk.flag TO kith_risk WITH CHECK (now() > opened_at)"
caught identity_bigint "$(table 'district_id int, a int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (district_id, a)')"
caught identity_bigint "$(table 'district_id int, a serial, PRIMARY KEY (district_id, a)')"
caught partition_depth "CREATE TABLE risk.planted (district_id int, a int, PRIMARY KEY (district_id, a)) PARTITION BY RANGE (a);
    CREATE TABLE risk.planted_1 PARTITION OF risk.planted FOR VALUES FROM (1) TO (9) PARTITION BY RANGE (a)"
caught view_invoker "CREATE VIEW risk.pub_planted AS SELECT 1 AS district_id"
caught view_name "CREATE VIEW risk.planted WITH (security_invoker = true) AS SELECT 1 AS district_id"
caught owner "CREATE TABLE risk.planted (district_id int PRIMARY KEY)"
caught owner "CREATE SCHEMA planted; CREATE TABLE planted.t (district_id int PRIMARY KEY); ALTER TABLE planted.t OWNER TO kith_owner"
caught partition_privilege "GRANT SELECT ON ingest.attendance_2027 TO kith_console"
caught public_privilege "GRANT SELECT ON risk.log TO PUBLIC"
caught row_security "ALTER TABLE risk.flag DISABLE ROW LEVEL SECURITY"

# ---- text: "NAME: SQL" one statement a line ----
statements() {
    "$build/bin/prepare_dbtest" text
    local file
    for file in "$repo"/deploy/sql/*.sql; do
        # without comments, statements end with a semicolon (those inside DO bodies too, which is what is wanted)
        sed 's/--.*//' "$file" | tr -s '\n\t ' ' ' | tr ';' '\n' | sed "s/^ *//; /^$/d; s/^/$(basename "$file"): /"
    done
}
# found RULE: the lines of standard input that break it.
found() { sed "s/^/$1 /"; }
lint_text() {
    local lines
    lines=$(cat)
    match() { grep -iP "$1" <<<"$lines" || true; }
    # the value of an insert comes as a parameter: Citus refuses functions that are not immutable there
    match 'DO UPDATE.*(\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|random|gen_random_uuid|nextval)\s*\(|\bcurrent_(timestamp|date|time)\b)' | found clock_in_upsert
    match '\bSET\s+((?!\b(WHERE|FROM)\b).)*\bdistrict_id\s*=' | found tenant_update
    match '\b(NOTIFY|LISTEN|UNLISTEN)\b|pg_notify' | found notify
    match '\bset_config\b' | found set_config
    match '\bFOR\s+(NO\s+KEY\s+)?(UPDATE|SHARE|KEY\s+SHARE)\b|\bSKIP\s+LOCKED\b' | grep -viP 'district_id\s*=\s*\$' | found row_lock || true
    match '\bpg_(try_)?advisory_(un)?lock(_shared|_all)?\b' | found session_lock
    match '\bWITH\s+RECURSIVE\b|\bGROUPING\s+SETS\b|\bMERGE\s+INTO\b' | found refused
    match '^\S+ COPY\b' | found copy
    match '^\S+ (GRANT|REVOKE)\b.*\bON\s+(TABLE\s+)?[a-z_.]+\s*,' | found one_object
}
findings=$(statements | lint_text)
[ -z "$findings" ] || die "these statements break a rule (rule, name, SQL):
$findings"
total=$(statements | wc -l)
[ "$total" -gt 150 ] || die "only $total statements were found to look at"

caught_text() {
    local rules
    rules=$(printf 'planted: %s\n' "$2" | lint_text | cut -d' ' -f1)
    [ "$rules" = "$1" ] || die "a planted violation of $1 was not caught (${rules:-nothing} was): $2"
    planted=$((planted + 1))
}
caught_text clock_in_upsert 'INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET at = now()'
caught_text clock_in_upsert 'INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET at = excluded.at, id = gen_random_uuid()'
caught_text tenant_update 'UPDATE t SET a = 1, district_id = $1 WHERE b = $2'
caught_text tenant_update 'INSERT INTO t VALUES ($1) ON CONFLICT (a) DO UPDATE SET district_id = excluded.district_id'
caught_text notify 'NOTIFY kith'
caught_text notify "SELECT pg_notify('kith', '')"
caught_text set_config "SELECT set_config('kith.districts', \$1, true)"
caught_text row_lock 'SELECT a FROM t ORDER BY a LIMIT 1 FOR UPDATE SKIP LOCKED'
caught_text session_lock 'SELECT pg_advisory_lock(1)'
caught_text refused 'WITH RECURSIVE r AS (SELECT 1) SELECT 1 FROM r'
caught_text copy 'COPY t FROM STDIN'
caught_text one_object 'GRANT SELECT ON risk.a, risk.b TO kith_console'
[ -z "$(printf 'fine: %s\n' 'UPDATE t SET a = $1 FROM u WHERE t.district_id = $2' 'SELECT a FROM t WHERE district_id = $1 FOR UPDATE' \
    'GRANT SELECT (a, b) ON risk.a TO kith_x, kith_y' | lint_text)" ] || die "the text rules catch what is right"

say "no violation in the catalog nor in $total statements; $planted planted ones were caught"
