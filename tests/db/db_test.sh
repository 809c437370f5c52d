#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# common/kith/db against a private PostgreSQL.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/pg.sh"
pg_temp
pg_start "$pg_folder"
pg_sql <<'SQL'
CREATE SCHEMA dbtest;
CREATE TABLE dbtest.item (id int PRIMARY KEY, label text, odd varchar(10));
CREATE TABLE dbtest.child (id int PRIMARY KEY, parent int REFERENCES dbtest.item DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION dbtest.fail_with(state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'as asked';
END $$;
SQL
"$build/bin/db_types_dbtest" "$pg_conninfo"
"$build/bin/db_dbtest" "$pg_conninfo"

# Twice the server dies in the middle of work and comes back: what was acknowledged is there.
"$build/bin/db_dbtest" "$pg_conninfo" crash >"$pg_folder/crash.out" 2>&1 &
program=$!
wait_until 10 grep -q ready "$pg_folder/crash.out" || die "the program does not start: $(cat "$pg_folder/crash.out")"
for _ in 1 2; do
    sleep 1
    pg_kill
    pg_start "$pg_folder"
done
wait "$program" || die "rows were lost: $(cat "$pg_folder/crash.out")"
