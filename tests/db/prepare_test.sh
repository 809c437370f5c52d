#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every statement of every program is prepared against the migrated schema, with the program's role, and its types are compared; then it
# is planned, which also asks whether the role may do it. A difference and a missing privilege are planted to see that both are found.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_migrate >/dev/null
program=$build/bin/prepare_dbtest

check() { "$program" check "$(cluster_conninfo)"; }

# Prints what is not allowed; psql stops at the first error of a table.
explain() {
    local table role schema out
    while read -r table role schema _; do
        "$program" explain "$table" "$schema" >"$pg_folder/plan.sql"
        out=$(pg_as "$role" -f "$pg_folder/plan.sql" 2>&1) ||
            printf '%s as %s: statement %s\n' "$table" "$role" "$(tail -n 3 <<<"$out" | tr '\n' ' ')"
    done < <("$program" list)
}

check || die "the statements above do not fit the schema of deploy/sql"
findings=$(explain)
[ -z "$findings" ] || die "these cannot be run by their role:
$findings"

# a column that is called otherwise
pg_sql -c 'ALTER TABLE risk.stream_head RENAME epoch TO reign'
! findings=$(check) || die "a renamed column was not noticed"
grep -q 'kith_stream_statements as kith_risk: KITH_ESCHEMA: kith_stream_take' <<<"$findings" || die "unexpected: $findings"
pg_sql -c 'ALTER TABLE risk.stream_head RENAME reign TO epoch'

# a column of another type
pg_sql -c 'DROP VIEW risk.pub_consumer_offset' -c 'ALTER TABLE risk.consumer_offset ALTER pos TYPE int'
! findings=$(check) || die "a column of another type was not noticed"
grep -q 'kith_stream_offset: column 1 pos is int4 in the database, int8' <<<"$findings" || die "unexpected: $findings"
pg_sql -c 'ALTER TABLE risk.consumer_offset ALTER pos TYPE bigint'

# a privilege that is missing
pg_sql -c 'REVOKE INSERT ON risk.log FROM kith_risk'
findings=$(explain)
grep -q 'kith_stream_statements as kith_risk: .*kith_stream_append.*permission denied' <<<"$findings" ||
    die "a missing privilege was not noticed: $findings"

"$program" list | awk '{ n += $4 } END { print n " statements of " NR " tables fit" }'
