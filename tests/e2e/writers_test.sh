#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 32 clients write overlapping sections, their rosters and attendance at once, each in an order of its own, deleting and posting again in between: no
# deadlock, no 5xx, and in the end what a single client would have left.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/kith.sh"
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || skip "PostgreSQL is not installed"

kith_temp
kith_clock 2026-09-18T20:00:00Z
kith_up
kith_district
(umask 077 && printf '%s\n' "$client_secret" >"$state/secret")
/usr/bin/python3 "$repo/tests/district/oneroster.py" --out "$state/roster.zip" --students 100 2>/dev/null
kith import --url "$edfi_url" --client-id "$client_id" --secret-file "$state/secret" "$state/roster.zip" >/dev/null || die "the roster was refused"
sections() { sql "SELECT body FROM ingest.item WHERE resource = 'sections' ORDER BY id LIMIT 12" >"$state/sections.jsonl"; }
sections
before=$(sql "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
KITH_TOKEN=$(kith_token) /usr/bin/python3 "$repo/tests/e2e/writers_client.py" "$edfi_url" "$state/sections.jsonl" >"$state/model" || die "see above"
expect "sections, seats and marks that are left" "$(<"$state/model")" "$(sql "SELECT
    (SELECT count(*) FROM ingest.item WHERE resource = 'sections' AND body ->> 'sectionIdentifier' LIKE 'W-%'),
    (SELECT count(*) FROM ingest.item i WHERE resource = 'studentSectionAssociations' AND body #>> '{sectionReference,sectionIdentifier}' LIKE 'W-%'),
    (SELECT count(*) FROM ingest.attendance WHERE section)")"
expect "deadlocks" "$before" "$(sql "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")"
! grep -qi deadlock "$state/log/postgresql.log" || die "PostgreSQL speaks of a deadlock"
expect "references" "$(sql 'SELECT sum(cardinality(refs)) FROM ingest.item')" "$(sql 'SELECT count(*) FROM ingest.item_ref')"
for name in risk notification ingest; do daemon_hold "$name"; done
! grep -hE 'AddressSanitizer|LeakSanitizer|runtime error:|"event":"restarted"' "$state"/log/*.log || die "a daemon was not well (the lines above)"
