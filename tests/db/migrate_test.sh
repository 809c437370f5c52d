#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/migrate: an empty database, again, two at once, and what it must refuse.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
files=$pg_folder/sql
mkdir "$files"
cp "$repo"/deploy/sql/*.sql "$files"
log=$pg_folder/out

migrate() { "$repo/scripts/migrate" "$pg_conninfo" --from "$files" "$@" >"$log" 2>&1; }
expect() { grep -qF -- "$1" "$log" || die "expected \"$1\", got: $(cat "$log")"; }
refused() {
    local before after
    before=$(state_of)
    ! migrate || die "not refused: $1"
    expect "$1"
    after=$(state_of)
    [ "$before" = "$after" ] || die "refused (\"$1\"), but the database changed"
}
state_of() {
    pg_sql -At -c "SELECT version, sha256 FROM kith.kith_migration ORDER BY 1" -c "SELECT oid, relname FROM pg_class ORDER BY 1" | sha256sum
}

# an empty database
! migrate --check || die "--check is content with an empty database"
expect 'To be applied: migration 1'
[ -z "$(pg_sql -At -c "SELECT to_regnamespace('kith')")" ] || die "--check changed the database"
migrate || die "migrating an empty database failed: $(cat "$log")"
count=$(find "$files" -name '*.sql' | wc -l)
[ "$(grep -c '^Applied' "$log")" = "$count" ] || die "not every file was applied: $(cat "$log")"
[ "$(pg_sql -At -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'ingest' AND tablename = 'log'")" = 1 ] || die "no table"

# again: nothing to do
before=$(state_of)
migrate || die "the second run failed"
expect 'up to date'
migrate --check || die "--check complains of a migrated database"
[ "$before" = "$(state_of)" ] || die "the second run changed something"

# an edited file
cp "$files/0001_common_schemas.sql" "$pg_folder/kept"
echo '-- edited' >>"$files/0001_common_schemas.sql"
refused 'has changed since it was applied'
! migrate --check || die "--check is content with an edited file"
cp "$pg_folder/kept" "$files/0001_common_schemas.sql"

# a missing file, a renamed one, one out of order, two of one number, a bad name, a transaction of its own
mv "$files/0002_ingest_tables.sql" "$pg_folder/kept"
refused 'which is not in'
cp "$pg_folder/kept" "$files/0002_ingest_table.sql"
refused 'Give it its name back'
mv "$files/0002_ingest_table.sql" "$files/0002_ingest_tables.sql"
echo 'SELECT 1;' >"$files/0002_ingest_more.sql"
refused 'two migrations have the number 2'
mv "$files/0002_ingest_more.sql" "$files/9000_ingest_late.sql"
migrate || die "a new file failed: $(cat "$log")"
expect 'Applied 9000_ingest_late'
echo 'SELECT 1;' >"$files/8999_ingest_early.sql"
refused 'numbered below 9000'
mv "$files/8999_ingest_early.sql" "$files/late.sql"
refused 'must be NNNN_owner_subject.sql'
rm "$files/late.sql"
printf 'BEGIN;\nSELECT 1;\nCOMMIT;\n' >"$files/9001_ingest_own.sql"
refused 'remove BEGIN, COMMIT and ROLLBACK'

# a file that fails half-way leaves nothing; the message names file and line; repaired, it goes through
printf 'CREATE TABLE public.half (a int);\nSELECT nonsense;\n' >"$files/9001_ingest_own.sql"
refused '9001_ingest_own.sql:2'
expect 'rolled back'
echo 'CREATE TABLE public.half (a int);' >"$files/9001_ingest_own.sql"
migrate || die "the repaired file failed: $(cat "$log")"

# two runners at once: each file is applied once, and both are content
for n in 2 3 4 5; do
    echo "SELECT pg_sleep(0.1); CREATE TABLE public.both_$n (a int);" >"$files/900${n}_ingest_both.sql"
done
"$repo/scripts/migrate" --from "$files" "$pg_conninfo" >"$pg_folder/one" 2>&1 &
one=$!
"$repo/scripts/migrate" --from "$files" "$pg_conninfo" >"$pg_folder/two" 2>&1 || die "the second of two runners failed: $(cat "$pg_folder/two")"
wait "$one" || die "the first of two runners failed: $(cat "$pg_folder/one")"
[ "$(cat "$pg_folder/one" "$pg_folder/two" | grep -c '^Applied 900[2-5]')" = 4 ] || die "two runners: $(cat "$pg_folder/one" "$pg_folder/two")"

# no server, no arguments that make sense
! "$repo/scripts/migrate" "host=$pg_folder/nowhere dbname=kith" >"$log" 2>&1 || die "no server, and no complaint"
status=0
"$repo/scripts/migrate" --nonsense >"$log" 2>&1 || status=$?
[ "$status" = 2 ] || die "an unknown option gives status $status"
say "migrated $count files from nothing; 8 kinds of trouble refused"
